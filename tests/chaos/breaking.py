"""One way for each rule to break it somewhere in a correct history, for the test of the checker."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.chaos.ending import Ending, Stored
from tests.chaos.history import Kind, Record
from tests.chaos.violations import Rule


class NotHere(Exception):
    """This history has nothing of the kind that would have to be broken."""


@dataclass
class Draft:
    """A history of one room that is being falsified."""

    random: Random
    records: list[Record]
    log: list[Stored]
    ending: Ending

    def place(self, kind: Kind, *, fit: Callable[[Record], bool] = lambda _: True) -> int:
        """Of some record of a kind."""
        places = [at for at, record in enumerate(self.records) if record.kind is kind and fit(record)]
        if not places:
            raise NotHere
        return self.random.choice(places)

    def change(self, place: int, **facts: Any) -> None:
        self.records[place] = replace(self.records[place], facts={**self.records[place].facts, **facts})

    def message(self, *, fit: Callable[[Stored], bool] = lambda _: True) -> Stored:
        """Some message of the log."""
        messages = [message for message in self.log if fit(message)]
        if not messages:
            raise NotHere
        return self.random.choice(messages)


def broken_run(
    rule: Rule, random: Random, records: list[Record], ending: Ending
) -> tuple[list[Record], Ending] | None:
    """The run with the rule broken, or None where it cannot be."""
    (room, log), *_ = ending.log.items()
    draft = Draft(random, [*records], [*log], ending)
    try:
        _BREAK[rule](draft)
    except NotHere:
        return None
    return draft.records, replace(draft.ending, log={room: draft.log})


def _lose_acked(draft: Draft) -> None:
    seq = draft.records[draft.place(Kind.ACKED)].facts["seq"]
    draft.log = [message for message in draft.log if message.seq != seq]


def _ack_elsewhere(draft: Draft) -> None:
    place = draft.place(Kind.ACKED)
    draft.change(place, seq=draft.records[place].facts["seq"] + draft.random.choice((-1, 1)))


def _lose_ack(draft: Draft) -> None:
    del draft.records[draft.place(Kind.ACKED)]


def _fail_stored(draft: Draft) -> None:
    place = draft.place(Kind.ACKED)
    facts = {"id": draft.records[place].facts["id"], "code": "id_invalid"}
    draft.records[place] = replace(draft.records[place], kind=Kind.FAILED, facts=facts)


def _store_twice(draft: Draft) -> None:
    draft.log.append(replace(draft.message(), seq=10**6))


def _invent(draft: Draft) -> None:
    message = draft.message()
    draft.log.remove(message)
    ways = (replace(message, content="else"), replace(message, id="x"), replace(message, client="Eve"))
    draft.log.append(draft.random.choice(ways))


def _store_out_of_order(draft: Draft) -> None:
    first = draft.message()
    second = draft.message(fit=lambda message: message.client == first.client and message != first)
    draft.log = [message for message in draft.log if message not in (first, second)]
    draft.log += [replace(first, seq=second.seq), replace(second, seq=first.seq)]


def _show_out_of_order(draft: Draft) -> None:
    first = draft.place(Kind.SHOWN)
    client = draft.records[first].client
    second = draft.place(
        Kind.SHOWN, fit=lambda record: record.client == client and record != draft.records[first]
    )
    draft.records[first], draft.records[second] = draft.records[second], draft.records[first]


def _show_twice(draft: Draft) -> None:
    draft.records.append(draft.records[draft.place(Kind.SHOWN)])


def _show_nothing_stored(draft: Draft) -> None:
    draft.change(draft.place(Kind.SHOWN), seq=10**6)


def _show_differently(draft: Draft) -> None:
    wrong: dict[str, Any] = draft.random.choice(({"content": "else"}, {"id": "x"}, {"sender": "Eve"}))
    draft.change(draft.place(Kind.SHOWN), **wrong)


def _is_last(draft: Draft) -> Callable[[Record], bool]:
    last = {record.client: record for record in draft.records if record.kind is Kind.SHOWN}
    return lambda record: last[record.client] is record


def _skip(draft: Draft) -> None:
    is_last = _is_last(draft)
    del draft.records[draft.place(Kind.SHOWN, fit=lambda record: not is_last(record))]


def _skip_the_last(draft: Draft) -> None:
    del draft.records[draft.place(Kind.SHOWN, fit=_is_last(draft))]


def _tell_a_gap(draft: Draft) -> None:
    place = draft.place(Kind.SHOWN)
    seq = draft.records[place].facts["seq"]
    draft.records[place] = replace(draft.records[place], kind=Kind.GAP, facts={"first": seq, "last": seq})


def _cut_a_page(draft: Draft) -> None:
    def within(record: Record) -> list[int]:
        facts = record.facts
        return [seq for seq in facts["seqs"] if facts["first"] <= seq <= facts["through"]]

    place = draft.place(Kind.PAGE, fit=lambda record: bool(within(record)))
    lost = draft.random.choice(within(draft.records[place]))
    draft.change(place, seqs=[seq for seq in draft.records[place].facts["seqs"] if seq != lost])


def _begin_anew(draft: Draft) -> None:
    shown = draft.records[draft.place(Kind.SHOWN)]
    draft.records.append(replace(shown, kind=Kind.ANEW, facts={"last_seq": 0}))


def _stay_away(draft: Draft) -> None:
    ((room, clients),) = draft.ending.present.items()
    gone = draft.random.choice(clients)
    present = {room: [client for client in clients if client != gone]}
    draft.ending = replace(draft.ending, present=present)


def _forget_someone(draft: Draft) -> None:
    place = draft.place(Kind.PRESENCE)
    users = draft.records[place].facts["users"]
    draft.change(place, users=draft.random.choice((users[1:], [*users, "x"])))


def _leave_a_membership(draft: Draft) -> None:
    draft.ending = replace(draft.ending, memberships=[(next(iter(draft.ending.log)), "c=")])


_BREAK: dict[Rule, Callable[[Draft], None]] = {
    Rule.ACKED_NOT_STORED: _lose_acked,
    Rule.ACKED_ELSEWHERE: _ack_elsewhere,
    Rule.NEVER_ACKED: _lose_ack,
    Rule.FAILED_BUT_STORED: _fail_stored,
    Rule.STORED_TWICE: _store_twice,
    Rule.STORED_NOT_SAID: _invent,
    Rule.STORED_OUT_OF_ORDER: _store_out_of_order,
    Rule.SHOWN_OUT_OF_ORDER: _show_out_of_order,
    Rule.SHOWN_TWICE: _show_twice,
    Rule.SHOWN_NOT_STORED: _show_nothing_stored,
    Rule.SHOWN_DIFFERENTLY: _show_differently,
    Rule.HOLE_NOT_TOLD: _skip,
    Rule.GAP_NOT_TRUE: _tell_a_gap,
    Rule.NOT_SHOWN: _skip_the_last,
    Rule.PAGE_NOT_TRUE: _cut_a_page,
    Rule.LOG_ANEW: _begin_anew,
    Rule.NOT_BACK: _stay_away,
    Rule.PRESENCE_WRONG: _forget_someone,
    Rule.MEMBERSHIP_LEFT: _leave_a_membership,
}
