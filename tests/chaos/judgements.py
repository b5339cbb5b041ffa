"""The judgements: what each client was told, against the log of its room, rule by rule."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tests.chaos.ending import Ending, Stored
from tests.chaos.history import Kind, Record
from tests.chaos.violations import Rule

Told = Mapping[Kind, Sequence[Record]]
"""One client's records of each kind, in order of time. Kinds without any are there too."""

Breach = Iterator[tuple[Rule, str]]
"""Rules that were broken, each with what to look for."""

BreachOf = Iterator[tuple[Rule, str, str]]
"""The same of some client of the room."""


def said(client: str, told: Told, log: Sequence[Stored]) -> Breach:
    """Acknowledged means stored, and refused means not stored."""
    seqs: defaultdict[str | None, list[int]] = defaultdict(list)
    for message in log:
        if message.client == client:
            seqs[message.id].append(message.seq)
    for ack in told[Kind.ACKED]:
        id, seq = ack.facts["id"], ack.facts["seq"]
        if id not in seqs:
            yield Rule.ACKED_NOT_STORED, f"{id} was acknowledged as {seq} at {ack.at:.2f} s"
        elif seq not in seqs[id]:
            yield (
                Rule.ACKED_ELSEWHERE,
                f"{id} was acknowledged as {seq} at {ack.at:.2f} s, and is at {seqs[id]}",
            )
    for refusal in told[Kind.FAILED]:
        id = refusal.facts["id"]
        if id in seqs:
            yield (
                Rule.FAILED_BUT_STORED,
                f"{id} was refused with {refusal.facts['code']}, and is at {seqs[id]}",
            )


def answered(client: str, told: Told, log: Sequence[Stored]) -> Breach:
    """Whoever stayed has an answer to everything it said."""
    ids = {record.facts["id"] for kind in (Kind.ACKED, Kind.FAILED) for record in told[kind]}
    for say in told[Kind.SAY]:
        if say.facts["id"] not in ids:
            yield Rule.NEVER_ACKED, f"{say.facts['id']}, said at {say.at:.2f} s, has no answer"


def shown(client: str, told: Told, log: Sequence[Stored]) -> Breach:
    """One order, nothing twice, nothing that is not in the log."""
    at = {message.seq: message for message in log}
    records = told[Kind.SHOWN]
    for before, after in pairwise(records):
        if after.facts["seq"] <= before.facts["seq"]:
            yield (
                Rule.SHOWN_OUT_OF_ORDER,
                f"{after.facts['seq']} after {before.facts['seq']}, at {after.at:.2f} s",
            )
    yield from (
        (Rule.SHOWN_TWICE, f"seq {seq}, {count} times")
        for seq, count in Counter(record.facts["seq"] for record in records).items()
        if count > 1
    )
    ids = defaultdict(set)
    for record in records:
        if record.facts["id"] is not None:
            ids[record.facts["sender"], record.facts["id"]].add(record.facts["seq"])
    yield from (
        (Rule.SHOWN_TWICE, f"{id} of {sender} as {sorted(seqs)}")
        for (sender, id), seqs in ids.items()
        if len(seqs) > 1
    )
    for record in records:
        seen = Stored(
            record.facts["seq"], record.facts["sender"], record.facts["id"], record.facts["content"]
        )
        if seen.seq not in at:
            yield Rule.SHOWN_NOT_STORED, f"{seen.id} of {seen.client} as {seen.seq}, at {record.at:.2f} s"
        elif at[seen.seq] != seen:
            other = at[seen.seq]
            yield (
                Rule.SHOWN_DIFFERENTLY,
                f"{seen.seq} was {seen.id} of {seen.client}, and the log has {other.id} of {other.client}",
            )


def missing(client: str, told: Told, log: Sequence[Stored]) -> Breach:
    """Nothing is passed over in silence, and no gap is told where there is none."""
    for anew in told[Kind.ANEW]:
        yield Rule.LOG_ANEW, f"at {anew.at:.2f} s, with a last seq of {anew.facts['last_seq']}"
    if not told[Kind.BEGUN]:
        return
    begun = min(record.facts["seq"] for record in told[Kind.BEGUN])
    seqs = {record.facts["seq"] for record in told[Kind.SHOWN]}
    furthest = _furthest(told)
    gaps = [(gap.facts["first"], gap.facts["last"], gap.at) for gap in told[Kind.GAP]]
    for message in log:
        if message.seq < begun or message.seq in seqs:
            continue
        what = f"{message.seq}, {message.id} of {message.client}"
        gap = next((gap for gap in gaps if gap[0] <= message.seq <= gap[1]), None)
        if gap:
            yield Rule.GAP_NOT_TRUE, f"{what}: {gap[0]} to {gap[1]} were said to be gone at {gap[2]:.2f} s"
        elif message.seq < furthest:
            yield Rule.HOLE_NOT_TOLD, f"{what}: it went on to {furthest}"


def tail(client: str, told: Told, log: Sequence[Stored]) -> Breach:
    """Who was there at the end was shown the log up to its end."""
    begun = min([record.facts["seq"] for record in told[Kind.BEGUN]], default=1)
    furthest = max(_furthest(told), begun - 1)
    for message in log:
        if message.seq > furthest:
            yield (
                Rule.NOT_SHOWN,
                f"{message.seq}, {message.id} of {message.client}: it was shown up to {furthest}",
            )


def _furthest(told: Told) -> int:
    """The last seq that was shown, or told to be gone."""
    seqs = [record.facts["seq"] for record in told[Kind.SHOWN]]
    furthest: int = max([0, *seqs, *(gap.facts["last"] for gap in told[Kind.GAP])])
    return furthest


def pages(client: str, told: Told, log: Sequence[Stored]) -> Breach:
    """What is within a page's bounds and not on it was never used."""
    seqs = [message.seq for message in log]
    for page in told[Kind.PAGE]:
        first, through, on_it = page.facts["first"], page.facts["through"], {*page.facts["seqs"]}
        left_out = [seq for seq in seqs if first <= seq <= through and seq not in on_it]
        if left_out:
            yield Rule.PAGE_NOT_TRUE, f"from {first} through {through} without {left_out}, at {page.at:.2f} s"


def stored(told: Mapping[str, Told], log: Sequence[Stored]) -> BreachOf:
    """What was said is stored once, as it was said, in the order of its sender."""
    said = {
        (client, say.facts["id"]): (place, say.facts["content"])
        for client, kinds in told.items()
        for place, say in enumerate(kinds[Kind.SAY])
    }
    seen: dict[tuple[str, str | None], int] = {}
    furthest: dict[str, tuple[int, Stored]] = {}
    for message in log:
        key = (message.client, message.id)
        if key in seen:
            yield Rule.STORED_TWICE, message.client, f"{message.id} is at {seen[key]} and at {message.seq}"
            continue
        seen[key] = message.seq
        place, content = said.get((message.client, message.id or ""), (-1, None))
        if content != message.content:
            yield Rule.STORED_NOT_SAID, message.client, f"{message.id} at {message.seq}"
            continue
        last, other = furthest.get(message.client, (-1, message))
        if place < last:
            what = f"{message.id} is at {message.seq}, after {other.id} at {other.seq}"
            yield Rule.STORED_OUT_OF_ORDER, message.client, what
        furthest[message.client] = max((last, other), (place, message), key=lambda at: at[0])


def there(room: str, told: Mapping[str, Told], ending: Ending) -> BreachOf:
    """Everybody is back, and from `settled` on everybody was told of exactly these."""
    present = sorted(ending.present.get(room, ()))
    for client in sorted({*ending.expected.get(room, ())} - {*present}):
        yield Rule.NOT_BACK, client, "it was not connected when the run ended"
    for client in present:
        seen = [record for record in told[client][Kind.PRESENCE] if record.at < ending.leaving]
        by_then = [record for record in seen if record.at <= ending.settled]
        if not by_then and ending.settled < float("inf"):
            yield Rule.PRESENCE_WRONG, client, f"by {ending.settled:.2f} s it had not been told who is there"
        for record in [*by_then[-1:], *seen[len(by_then) :]]:
            users = record.facts["users"]
            if users != present:
                extra, missing = sorted({*users} - {*present}), sorted({*present} - {*users})
                what = f"at {record.at:.2f} s it was told of {extra} who had left and not of {missing}"
                yield Rule.PRESENCE_WRONG, client, what
