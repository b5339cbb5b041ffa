"""Telling rooms who joined and who left, from a batch of the Memberships stream.

A batch costs each member of a room one presence event and a few lines, however many came and went in it: more
than `MOST_LINES` become one line for all who joined and one for all who left. Only a newcomer still gets its
own line. So n who join at once cost n posts, and three for each member and batch, not n for each member.

What is promised: people are announced in the order in which they came and went, and those of a batch that
fails or is told again are announced all the same. A record that cannot be announced goes to the on-failure
queue and holds up nobody. A person may be announced twice, if the function dies after it counted a batch and
before the batch was reported done. One goes unannounced if the stream's retries are used up (the batch is then
in the on-failure queue), or if retries cut a batch in two after it ended in the middle. After a departure that
was lost in this way the person counts as there, and is not announced again, until the item that counts them
expires: a day after they were last seen coming or going. So does a person who has had very many connections at
once (see `people`), for a day. Presence is read from the memberships each time and so
is right whatever was lost.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

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
from chat.notices import NoticeBoard
from chat.people import People
from chat.rooms import Rooms

logger = Logger()

MOST_LINES = 5
# As many calls as the client keeps connections for.
_AT_ONCE = 10


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
    board: NoticeBoard
    now: Clock = clock.now

    @classmethod
    def from_environment(cls) -> "Announcements":
        return cls(
            Rooms.from_environment(),
            People.from_environment(),
            Failures.from_environment(),
            NoticeBoard.from_environment(),
        )

    def announce(self, records: Iterable[DynamoDBRecord], *, time_left: TimeLeft) -> str | None:
        """Tells every room of the batch its news; answers where the stream has to start again, if it has to.

        What is told is what came before the first change that could not be counted. Some after it may have been
        counted as well; when the stream gives them again, counting them makes no difference.
        """
        batch, failure = self._read(records)
        news: dict[str, _News] = {}
        for place, change in enumerate(batch):
            try:
                if change.who.room_id not in news:
                    at = self.now()
                    news[change.who.room_id] = _News(at, self.rooms.roll(change.who.room_id, names=True))
            except Unavailable:
                logger.exception("the room could not be read", **_keys(change))
                batch, failure = batch[:place], self._cut(change)
                break
        counted = self._count(batch)
        for change in batch:
            if change not in counted:
                failure = self._cut(change)
                break
            if counted[change]:
                news[change.who.room_id].changes.append(change)
        for room_id, room in news.items():
            self._tell(room_id, room, time_left)
        return failure

    def _count(self, batch: Iterable[Change]) -> dict[Change, bool]:
        """Counts connections to their persons, or off: each person's in order, and many persons at once. Answers
        which changes could be counted, and whether they make news: a person's first and last connection do.
        """
        persons: dict[Identity, list[Change]] = {}
        for change in batch:
            persons.setdefault(change.who, []).append(change)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return {
                change: is_news
                for counted in pool.map(self._person, persons.values())
                for change, is_news in counted
            }

    def _person(self, changes_of_it: Sequence[Change]) -> list[tuple[Change, bool]]:
        counted = []
        for place, change in enumerate(changes_of_it):
            update = self.people.arrive if change.entered else self.people.depart
            try:
                now = update(change.who, change.connection_id)
            except Unavailable:
                logger.exception("not counted", **_keys(change))
                break
            then = changes.connections_then(now, changes_of_it[place + 1 :])
            counted.append((change, then == ({change.connection_id} if change.entered else set())))
        return counted

    def _cut(self, change: Change) -> str:
        logger.error("the batch is cut short", **_keys(change))
        return change.sequence_number

    def _tell(self, room_id: str, news: _News, time_left: TimeLeft) -> None:
        """Each member of the room gets the lines, and who is there. All of it as of the moment of the roll, so
        that a client can tell which of two presence events is the later one.
        """
        at, members = news.at, news.roll.members
        presence = events.encode(events.present(news.roll.names, at=at))
        told, own = [_line(change, at=at) for change in news.changes], {}
        large = len(members) > self.rooms.large
        if len(told) > MOST_LINES or large:
            own = {
                change.connection_id: [events.encode(line)]
                for change, line in zip(news.changes, told, strict=True)
                if change.entered
            }
            told = _summary(room_id, news.changes, at=at)
        lines = [events.encode(line) for line in told]
        if any(member.polls for member in members):
            self._put_up(room_id, told)
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

    def _put_up(self, room_id: str, lines: Sequence[Event]) -> None:
        try:
            self.board.add(room_id, lines)
        except Unavailable:
            # Those who poll hear of it by who is there, when they next ask.
            logger.exception("not put up", room=room_id)

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


def _keys(change: Change) -> dict[str, Any]:
    """What a log line says of a change."""
    return {
        "room": change.who.room_id,
        "connection_id": change.connection_id,
        "sequence_number": change.sequence_number,
    }


def _line(change: Change, *, at: int) -> Event:
    tell = events.joined if change.entered else events.left
    return tell(change.who.room_id, change.who.client_id, at=at)


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
