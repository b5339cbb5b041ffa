"""Telling rooms who joined and who left, from a batch of the Memberships stream.

A batch costs each member of a room one presence event and a few lines, however many came and went in it: more
than `MOST_LINES` become one line for all who joined and one for all who left. Only a newcomer still gets its
own line. So n who join at once cost n posts, and three for each member and batch, not n for each member.

What is promised: people are announced in the order in which they came and went, and those of a batch that
fails or is told again are announced all the same. A record that cannot be announced goes to the on-failure
queue and holds up nobody. A person may be announced twice, if the function dies after it counted a batch and
before the batch was reported done. One goes unannounced if the stream's retries are used up (the batch is then
in the on-failure queue), or if retries cut a batch in two after it died in the middle. After a departure that
was lost in this way the person counts as there, and is not announced again, until the item that counts them
expires: a day after they were last seen coming or going. Presence is read from the memberships each time and so
is right whatever was lost.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from chat import changes, clock, events, places
from chat.changes import Change
from chat.clock import Clock
from chat.connections import Parcel, TimeLeft
from chat.errors import Unavailable
from chat.events import Event
from chat.failures import Failures
from chat.identity import Identity
from chat.memberships import Roll
from chat.people import People
from chat.rooms import Rooms

logger = Logger()

MOST_LINES = 5


@dataclass(slots=True)
class _News:
    """What one room is to be told: who was there at a moment, and the first and last connections that led to
    it.
    """

    at: int
    roll: Roll
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Announcements:
    """The announcer of one deployment."""

    rooms: Rooms
    people: People
    failures: Failures
    now: Clock = clock.now

    @classmethod
    def from_environment(cls) -> "Announcements":
        return cls(Rooms.from_environment(), People.from_environment(), Failures.from_environment())

    def announce(self, records: Iterable[DynamoDBRecord], *, time_left: TimeLeft) -> str | None:
        """Tells every room of the batch its news; answers where the stream has to start again, if it has to.

        Changes are counted in the order of the stream, over all rooms, up to the first that cannot be. What
        was counted is told, and nothing from that one on has been touched: the stream, which goes back to
        the lowest failure, then repeats nothing.
        """
        batch, failure = self._read(records)
        news: dict[str, _News] = {}
        upcoming: dict[Identity, deque[Change]] = {}
        for change in batch:
            upcoming.setdefault(change.who, deque()).append(change)
        for change in batch:
            upcoming[change.who].popleft()
            try:
                self._count(change, upcoming[change.who], news)
            except Unavailable:
                logger.exception("the batch is cut short", sequence_number=change.sequence_number)
                failure = change.sequence_number
                break
        for room_id, room in news.items():
            self._tell(room_id, room, time_left)
        return failure

    def _tell(self, room_id: str, news: _News, time_left: TimeLeft) -> None:
        """Each member of the room gets the lines, and who is there. All of it as of the moment of the roll, so
        that a client can tell which of two presence events is the later one.
        """
        at, members = news.at, news.roll.members
        presence = events.encode(events.present(news.roll.names, at=at))
        lines, own = [_line(change, at=at) for change in news.changes], {}
        large = len(members) > self.rooms.large
        if len(lines) > MOST_LINES or large:
            told = zip(news.changes, lines, strict=True)
            own = {change.connection_id: [line] for change, line in told if change.entered}
            lines = [events.encode(line) for line in _summary(room_id, news.changes, at=at)]
        if large:
            self.rooms.hand_over(
                room_id, places.WHOLE, [*lines, presence], members=len(members), told=frozenset(own)
            )
            members = [member for member in members if member.connection_id in own]
        self.rooms.deliver(
            room_id,
            [Parcel(member, [*own.get(member.connection_id, lines), presence]) for member in members],
            time_left=time_left,
        )

    def _count(self, change: Change, later: Iterable[Change], news: dict[str, _News]) -> None:
        """Counts a connection to its person, or off; a person's first and last one make news."""
        who = change.who
        if who.room_id not in news:
            # Read before anything is counted: if this fails, nothing is half done.
            at = self.now()
            news[who.room_id] = _News(at, self.rooms.roll(who.room_id, names=True))
        update = self.people.arrive if change.entered else self.people.depart
        then = changes.connections_then(update(who, change.connection_id), later)
        if then == ({change.connection_id} if change.entered else set()):
            news[who.room_id].changes.append(change)

    def _read(self, records: Iterable[DynamoDBRecord]) -> tuple[list[Change], str | None]:
        """The changes. A record that is none by its shape never will be: it is put aside, and holds up
        nobody. Where even that fails, the changes before it, and its sequence number.

        A record without a number raises KeyError: then the whole batch fails, and the stream cuts it up to
        find it.
        """
        batch: list[Change] = []
        for record in records:
            sequence_number: str = record["dynamodb"]["SequenceNumber"]
            try:
                change = changes.read(record)
            except changes.MALFORMED as error:
                logger.exception("not a change of a membership", sequence_number=sequence_number)
                try:
                    self.failures.put(sequence_number, reason=str(error))
                except Unavailable:
                    logger.exception("not put aside", sequence_number=sequence_number)
                    return batch, sequence_number
                continue
            if change:
                batch.append(change)
        return batch, None


def _line(change: Change, *, at: int) -> bytes:
    tell = events.joined if change.entered else events.left
    return events.encode(tell(change.who.room_id, change.who.client_id, at=at))


def _summary(room_id: str, told: Sequence[Change], *, at: int) -> list[Event]:
    """A line for those who left and one for those who joined; who did both is where they were before."""
    first: dict[str, bool] = {}
    last: dict[str, bool] = {}
    for change in told:
        first.setdefault(change.who.client_id, change.entered)
        last[change.who.client_id] = change.entered
    moved = {
        verb: [name for name, entered in last.items() if entered is first[name] is came]
        for verb, came in (("left", False), ("joined", True))
    }
    return [events.storm(verb, room_id, names, at=at) for verb, names in moved.items() if names]
