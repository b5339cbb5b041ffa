"""Judges a history: was everything kept that is promised? Pure, so that a run can be judged again from its file:
`python -m tests.chaos.checker FILE`.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.chaos import judgements
from tests.chaos.ending import Ending
from tests.chaos.history import Kind, Record, read
from tests.chaos.judgements import Told
from tests.chaos.violations import Rule, Violation


def check(history: Iterable[Record], ending: Ending) -> list[Violation]:
    """Everything that is wrong, room by room."""
    told: defaultdict[str, defaultdict[str, defaultdict[Kind, list[Record]]]]
    told = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for record in history:
        if record.client:
            told[record.room][record.client][record.kind].append(record)
    for room, clients in ending.expected.items():
        for client in clients:
            told[room][client][Kind.CONNECTED]  # there, if nothing else
    rooms = sorted({*told, *ending.log})
    found = [violation for room in rooms for violation in _of_room(room, told[room], ending)]
    for room, connection in ending.memberships:
        found.append(Violation(Rule.MEMBERSHIP_LEFT, room, "", f"connection {connection} is still a member"))
    return found


def _of_room(room: str, told: Mapping[str, Told], ending: Ending) -> Iterator[Violation]:
    log = sorted(ending.log.get(room, ()), key=lambda message: message.seq)
    for client, records in sorted(told.items()):
        judges = [judgements.said, judgements.shown, judgements.missing, judgements.pages]
        if client in ending.expected.get(room, ()):
            judges.append(judgements.answered)
        if client in ending.present.get(room, ()):
            judges.append(judgements.tail)
        for judge in judges:
            for rule, what in judge(client, records, log):
                yield Violation(rule, room, client, what)
    for rule, client, what in judgements.stored(told, log):
        yield Violation(rule, room, client, what)
    for rule, client, what in judgements.there(room, told, ending):
        yield Violation(rule, room, client, what)


def judge(path: Path) -> list[Violation]:
    """The violations in a history that a run has written, which ends with an `Ending`."""
    *history, last = read(path)
    return check(history, Ending.of(last.facts))


if __name__ == "__main__":
    found = [violation for name in sys.argv[1:] for violation in judge(Path(name))]
    print("\n".join(map(str, found)) or "no violation")
    sys.exit(bool(found))
