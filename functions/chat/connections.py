"""Posting to members: all at once, in rounds, so that no connection that is slow or gone holds up another."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chat import clock, events, metrics, posts
from chat.clock import Clock
from chat.memberships import Member
from chat.metrics import Count
from chat.posts import Posts, Result, Verdict

TimeLeft = Callable[[], float]
"""Answers the seconds that the invocation may still take."""

# A connection opens only after $connect has returned (contract P01). So 410 from a member as young as this,
# that has not been heard from, means "not yet", and not "gone".
YOUNG_MS = 10_000
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
# For whom nobody waits: the gateway may take no more than so many posts a second, of all rooms.
PATIENT = PAUSES + (0.8,) * 15
# What one more round may take, by the engine's time-outs, and the little that is kept to end in good order.
ROUND_SECONDS = 3.5
LAST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one member is to get, in this order."""

    member: Member
    frames: Sequence[bytes]


@dataclass(slots=True)
class Outcome:
    """How many members got everything, who is gone, whose posts timed out, and who could not be reached and
    why (those among them).
    """

    delivered: int = 0
    gone: list[str] = field(default_factory=list)
    timed_out: list[Member] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


_NOTHING_YET = Result(Verdict.DELIVERED)


@dataclass(slots=True)
class _Pending:
    """A parcel on its way: how many of its frames are delivered, and how the latest attempt went."""

    member: Member
    frames: Sequence[bytes]
    done: int = 0
    result: Result = _NOTHING_YET

    @property
    def connection_id(self) -> str:
        return self.member.connection_id


class Connections:
    """Posts through an engine; clock, sleep and chance are passed in."""

    def __init__(
        self,
        engine: Posts,
        *,
        pauses: Sequence[float] = PAUSES,
        now: Clock = clock.now,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine
        self._pauses = pauses
        self._now = now
        self._sleep = sleep
        self._chance = chance

    @classmethod
    def from_environment(cls, *, pauses: Sequence[float] = PAUSES) -> "Connections":
        return cls(posts.from_environment(), pauses=pauses)

    def deliver(self, parcels: Sequence[Parcel], *, time_left: TimeLeft = lambda: float("inf")) -> Outcome:
        """Posts to every member what is meant for it, each member's in the order given; in one frame where it
        takes several events in one.

        What is worth it is tried again after a pause, a bounded number of times and only while time is
        left. A post that timed out is not: it may have arrived, and the function would be kept from the next
        message. A member whose posts have timed out rests for a while, and is passed over; one that polls has no
        connection at all. Never raises for a connection: each is delivered, gone or failed.
        """
        outcome = Outcome()
        parcels = [parcel for parcel in parcels if not parcel.member.polls]
        reachable = self._reachable(parcels, outcome)
        began = self._now()
        pending = self._round(_packed(reachable), outcome, time_left)
        for pause in self._pauses:
            if not pending:
                break
            # Newcomers need the whole pause; for the rest chance spreads the load (full jitter).
            newcomers = any(each.result.verdict is Verdict.GONE for each in pending)
            wait = pause if newcomers else pause * self._chance()
            if time_left() < wait + ROUND_SECONDS:
                break
            self._sleep(wait)
            metrics.count(Count.RETRIES, len(pending))
            pending = self._round(pending, outcome, time_left)
        outcome.failed |= {each.connection_id: each.result.reason for each in pending}
        if len(reachable) > 1:  # an answer to one client says nothing of how rooms are told
            metrics.fan_out(self._now() - began)
        metrics.count(Count.GONE, len(outcome.gone))
        metrics.count(Count.UNREACHED, len(outcome.failed))
        return outcome

    def _reachable(self, parcels: Sequence[Parcel], outcome: Outcome) -> list[Parcel]:
        """Those of the parcels whose member does not rest."""
        now = self._now()
        resting = {
            parcel.member.connection_id: "timed out before"
            for parcel in parcels
            if parcel.member.rests_until > now
        }
        outcome.failed |= resting
        return [parcel for parcel in parcels if parcel.member.connection_id not in resting]

    def _round(self, pending: Sequence[_Pending], outcome: Outcome, time_left: TimeLeft) -> list[_Pending]:
        """Takes each parcel as far as it goes without waiting; answers those that are worth another round."""
        for index in range(max((len(each.frames) for each in pending), default=0)):
            turn = [each for each in pending if each.done == index < len(each.frames)]
            posts = [(each.connection_id, each.frames[index]) for each in turn]
            results = self._engine.post(posts, within=max(0.0, time_left() - LAST_SECONDS))
            for each, result in zip(turn, results, strict=True):
                each.result = result
                each.done += result.verdict is Verdict.DELIVERED
            metrics.count(Count.DELIVERIES, sum(each.result.verdict is Verdict.DELIVERED for each in turn))
        return [each for each in pending if self._is_worth_another(each, outcome)]

    def _may_not_be_open_yet(self, member: Member) -> bool:
        return not member.heard and self._now() - member.joined_at < YOUNG_MS

    def _is_worth_another(self, each: _Pending, outcome: Outcome) -> bool:
        """Files the parcels that are through with, whichever way it went."""
        match each.result.verdict:
            case Verdict.DELIVERED:
                outcome.delivered += 1
            case Verdict.GONE if not self._may_not_be_open_yet(each.member):
                outcome.gone.append(each.connection_id)
            case Verdict.REFUSED:
                outcome.failed[each.connection_id] = each.result.reason
            case Verdict.TIMED_OUT:
                outcome.timed_out.append(each.member)
                outcome.failed[each.connection_id] = each.result.reason
            case _:
                return True
        return False


def _packed(parcels: Sequence[Parcel]) -> list[_Pending]:
    merged: dict[tuple[bytes, ...], list[bytes]] = {}  # mostly all members get the same
    pending = []
    for parcel in parcels:
        frames = parcel.frames
        if parcel.member.batches and len(frames) > 1:
            key = tuple(frames)
            frames = merged.get(key) or merged.setdefault(key, events.merged(key))
        pending.append(_Pending(parcel.member, frames))
    return pending
