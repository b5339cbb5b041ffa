"""A change of the Memberships table as its stream tells it: a connection entered a room, or left it."""

from collections.abc import Iterable
from dataclasses import dataclass

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import (
    DynamoDBRecord,
    DynamoDBRecordEventName,
    StreamRecord,
)

from chat import names, places
from chat.identity import Identity

# What reading a record of another shape comes to.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Change:
    """One connection's coming or going. It may go by a close, an eviction or a lease that ran out."""

    sequence_number: str
    who: Identity
    connection_id: str
    entered: bool


def read(record: DynamoDBRecord) -> Change | None:
    """The change in a stream record, or None where it is about something else.

    The event source's filter lets only changes through; None is for the day when it does not. Raises one of
    `MALFORMED` for a record that no membership of ours can have caused.
    """
    stream = StreamRecord(record["dynamodb"])
    place = _text(stream.keys, "place")
    if record.event_name is DynamoDBRecordEventName.MODIFY or places.is_person(place):
        return None
    entered = record.event_name is DynamoDBRecordEventName.INSERT
    image = stream.new_image if entered else stream.old_image
    return Change(
        sequence_number=stream["SequenceNumber"],
        who=Identity(room_id=_text(stream.keys, "room_id"), client_id=_text(image, "client_id")),
        connection_id=places.connection_at(place),
        entered=entered,
    )


def connections_then(now: frozenset[str], later: Iterable[Change]) -> frozenset[str]:
    """The connections that a person had right after a change, told from those at present.

    `later` are the person's changes after that one in the same batch. When a batch is told for the first
    time these have not been counted yet, and nothing is different. When it is told again they have been;
    without taking them back, a first or last connection would go unnoticed.
    """
    later = list(later)
    entered = {change.connection_id for change in later if change.entered}
    left = {change.connection_id for change in later if not change.entered}
    return (now | left) - entered


def _text(image: dict[str, object], name: str) -> str:
    value = image[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is {type(value).__name__}")
    if len(value) > names.MAX_LENGTH:  # connection ids are shorter
        raise ValueError(f"{name} has {len(value)} characters")
    return value
