"""What stands in the RoomLog table: a room's counter, its entries, and which number an id was given.

All of a room is one partition, sorted by a number: 0 is the counter; from 1 on each number is an entry, a
message or a void; below 0 there is one item for each id that a client gave a message, at a place made from
the id.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat import events
from chat.events import Event
from chat.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

COUNTER = 0
_KEPT = ("room_id", "client_id", "content", "timestamp", "id")


@dataclass(frozen=True, slots=True)
class Number:
    """A seq that was given out, and when at the latest all below it had been: epoch milliseconds."""

    seq: int
    taken_before: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What came of a number: a message, or nothing for good where it is a void."""

    number: Number
    message: Event | None

    @property
    def seq(self) -> int:
        return self.number.seq


def key(room_id: str, place: int) -> "Item":
    return {"room_id": {"S": room_id}, "seq": {"N": str(place)}}


def claim_key(who: Identity, id: str) -> "Item":
    """Where it is kept which number the client's id was given. 120 bits of a hash do not meet by chance."""
    digest = hashlib.sha256(f"{who.client_id}\0{id}".encode()).digest()
    return key(who.room_id, -1 - int.from_bytes(digest[:15]))


def message_item(message: Event, number: Number, *, expires_at: int) -> "Item":
    texts: Item = {name: {"S": message[name]} for name in _KEPT if name in message}
    return texts | void_item(message["room_id"], number, expires_at=expires_at)


def void_item(room_id: str, number: Number, *, expires_at: int) -> "Item":
    return {
        **key(room_id, number.seq),
        "taken_before": {"N": str(number.taken_before)},
        "expires_at": {"N": str(expires_at)},
    }


def entry(item: "Item") -> Entry:
    number = Number(int(item["seq"]["N"]), int(item["taken_before"]["N"]))
    if "content" not in item:
        return Entry(number, None)
    return Entry(
        number,
        events.message(
            room_id=item["room_id"]["S"],
            client_id=item["client_id"]["S"],
            content=item["content"]["S"],
            timestamp=item["timestamp"]["S"],
            seq=number.seq,
            id=item["id"]["S"] if "id" in item else None,
        ),
    )
