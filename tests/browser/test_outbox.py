"""The outbox: one message at a time, by the same id until it is stored or refused for good."""

from typing import Any

import pytest

from tests.browser.events import (
    DO,
    ONLINE,
    WAITING,
    Evaluate,
    Event,
    after,
    at,
    composed,
    error,
    message,
    newest,
)

pytestmark = pytest.mark.browser

READY = [ONLINE, DO, newest(), DO]
GATEWAY_FAULT = {"type": "error", "code": "gateway_fault", "content": "x", "timestamp": ""}


def sent(state: Event) -> list[str]:
    return [ask["id"] for ask in state["done"] if ask["type"] == "message"]


def mine(seq: int, id: str) -> Event:
    return message(seq, who="Ada", id=id)


def test_messages_go_out_one_at_a_time_and_only_once_the_log_is_there(js: Evaluate) -> None:
    both = [composed("a"), composed("b"), DO]
    assert sent(after(js, *both)) == []
    assert sent(after(js, ONLINE, *both)) == []
    assert sent(after(js, ONLINE, *both, newest(), DO)) == ["a"]
    assert sent(after(js, *READY, *both)) == ["a"]
    assert sent(after(js, *READY, *both, message(1, who="Bo", id="a"), DO)) == ["a"]
    acked = after(js, *READY, *both, mine(1, "a"), DO)
    assert (sent(acked), list(acked["outbox"])) == (["a", "b"], ["b"])


def test_after_a_cut_it_is_sent_again_unless_the_log_has_it(js: Evaluate) -> None:
    cut = [*READY, composed("a"), composed("b"), DO, WAITING, ONLINE, DO]
    page = {"type": "page", "messages": [], "from": 1, "through": 0, "last_seq": 0, "more": False} | {
        "timestamp": "",
        "id": "after:0",
    }
    assert sent(after(js, *cut)) == ["a"]
    assert sent(after(js, *cut, page, DO)) == ["a", "a"]
    stored = page | {"messages": [mine(1, "a")], "through": 1, "last_seq": 1}
    assert sent(after(js, *cut, stored, DO)) == ["a", "b"]


def test_a_rate_limit_only_makes_it_wait(js: Evaluate) -> None:
    limited = [*READY, composed("a"), DO, at(10, error("rate_limited", "a", retry_after_ms=400)), DO]
    state = after(js, *limited)
    assert (sent(state), state["wake"], state["rows"][-1]["progress"]) == (["a"], 410, "sending")
    assert sent(after(js, *limited, at(409, DO))) == ["a"]
    assert sent(after(js, *limited, at(410, DO))) == ["a", "a"]
    # However often.
    again: list[Event] = []
    for now in range(1_000, 20_000, 1_000):
        again += [at(now, DO), error("rate_limited", "a", retry_after_ms=400)]
    assert after(js, *limited, *again)["outbox"]["a"]["error"] is None


TROUBLE: list[tuple[str, Event | None, int]] = [
    ("unavailable", error("unavailable", "a"), 0),
    ("unavailable", error("unavailable"), 0),
    ("gateway_fault", GATEWAY_FAULT, 0),
    ("gateway_fault", None, 35_000),
]


@pytest.mark.parametrize(("code", "answer", "patience"), TROUBLE)
def test_trouble_is_borne_for_some_tries_by_the_same_id(
    js: Evaluate, code: str, answer: Event | None, patience: int
) -> None:
    events: list[Event] = [*READY, composed("a"), composed("b"), DO]
    now = 0
    for tries in range(1, 5):
        now += patience
        events += [at(now, answer or DO), DO]
        state = after(js, *events)
        assert (sent(state), state["outbox"]["a"]["error"]) == (["a"] * tries, None)
        wait = 500 * 2 ** (tries - 1)  # half of the bound, as luck has it here
        assert state["wake"] == now + wait
        now += wait
        events.append(at(now, DO))
    events += [at(now + patience, answer or DO), DO]
    failed = after(js, *events)
    assert failed["outbox"]["a"]["error"]["code"] == code
    assert sent(failed) == ["a"] * 5 + ["b"]
    assert failed["notices"] == []
    once_more = after(js, *events, mine(1, "b"), {"type": "retried", "id": "a"}, DO)
    assert sent(once_more)[-1] == "a"
    assert once_more["outbox"]["a"]["tries"] == 0
    assert list(after(js, *events, {"type": "discarded", "id": "a"})["outbox"]) == ["b"]
    assert list(after(js, *events, mine(1, "a"))["outbox"]) == ["b"]


def test_a_refusal_for_good_fails_it_at_once(js: Evaluate) -> None:
    state = after(js, *READY, composed("a"), composed("b"), DO, error("content_too_long", "a"), DO)
    assert state["outbox"]["a"]["error"] == {"code": "content_too_long", "content": "No."}
    assert (sent(state), state["notices"]) == (["a", "b"], [])


def test_a_lost_membership_is_regained(js: Evaluate) -> None:
    state = after(js, *READY, composed("a"), DO, error("not_a_member", "a"), DO)
    assert state["done"][-1] == {"type": "reconnect"}
    again = after(js, *READY, composed("a"), DO, error("not_a_member", "a"), WAITING, ONLINE, DO)
    assert again["done"][-1]["type"] != "reconnect"
    assert again["outbox"]["a"]["sentAt"] is None


def test_errors_that_are_about_nothing_else_are_told_once(js: Evaluate) -> None:
    def notices(*events: Any) -> list[str]:
        return [notice["code"] for notice in after(js, *READY, *events)["notices"]]

    assert notices(error("x"), error("x"), error("y")) == ["x", "y"]
    assert notices(error("x"), {"type": "dismissed", "code": "x"}) == []
    # A ping that failed, or a message that was thrown away meanwhile: nobody needs to know.
    assert notices(error("unavailable", "ping"), GATEWAY_FAULT) == []


def test_a_second_socket_takes_what_is_under_way_with_it(js: Evaluate) -> None:
    taken = [*READY, composed("a"), DO, {"type": "relieved", "transport": "polling"}, DO]
    state = after(js, *taken)
    assert state["link"]["status"] == "online"
    assert sent(state) == ["a", "a"]
