"""Tickets in the page: read from the address, renewed by a backend, offered as a subprotocol."""

import time
from typing import Any

import pytest

from tests.browser.events import Evaluate
from tests.functions.signing import signed

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("fragment", "room", "token"),
    [
        ("", "", ""),
        ("#general", "general", ""),
        ("#general&ticket=a.b.c", "general", "a.b.c"),
        ("#a%26ticket%3Dx&ticket=a.b.c", "a&ticket=x", "a.b.c"),
        ("#%D8%A7%D8%AA%D8%A7%D9%82&ticket=a", "اتاق", "a"),
        ("#%&ticket=a", "", "a"),
        ("#&ticket=", "", ""),
    ],
)
def test_an_address_has_a_room_and_perhaps_a_ticket(
    js: Evaluate, fragment: str, room: str, token: str
) -> None:
    assert js("ticket", "({ readFragment }, hash) => readFragment(hash)", fragment) == {
        "room": room,
        "token": token,
    }


def test_a_ticket_says_whose_it_is_and_what_is_none_says_nothing(js: Evaluate) -> None:
    claims = js("ticket", "({ claimsOf }, token) => claimsOf(token)", signed(sub="مریم"))
    assert claims["sub"] == "مریم"
    for token in ("", "x", "a.b.c", "a.bnVsbA.c", "a.!.c", "é.é"):
        assert js("ticket", "({ claimsOf }, token) => claimsOf(token)", token) == {}


def tickets(js: Evaluate, script: str, **options: Any) -> Any:
    """The outcome of `script(tickets, kept, asked)` with tickets whose backend answers what `answers` says."""
    return js(
        "ticket",
        f"""async ({{ createTickets }}, {{ token, url, answers }}) => {{
          const [kept, asked] = [[], []];
          const ask = async (url) => {{
            asked.push(url);
            const answer = answers.shift();
            if (answer === null) throw new TypeError("no network");
            return new Response(answer, {{ status: answer === "no" ? 403 : 200 }});
          }};
          const tickets = createTickets({{ token, url, keep: (token) => kept.push(token), ask }});
          const outcome = await ({script})(tickets, kept, asked);
          tickets.stop();
          return outcome;
        }}""",
        {"token": "", "url": "", "answers": [], **options},
    )


def test_a_ticket_is_offered_as_a_subprotocol(js: Evaluate) -> None:
    assert tickets(js, "(tickets) => tickets.offer()", token="a.b.c") == ["parley", "parley.ticket.a.b.c"]
    assert tickets(js, "(tickets) => tickets.offer()") == []


def test_a_backend_gives_a_fresh_one_for_the_place(js: Evaluate) -> None:
    outcome = tickets(
        js,
        """async (tickets, kept, asked) => {
          await tickets.start({ room: "a&b", name: "مریم" });
          return { offer: tickets.offer(), kept, asked };
        }""",
        token="old",
        url="/api/ticket",
        answers=[" new\n"],
    )
    assert outcome == {
        "offer": ["parley", "parley.ticket.new"],
        "kept": ["new"],
        "asked": ["/api/ticket?room=a%26b&client=%D9%85%D8%B1%DB%8C%D9%85"],
    }


@pytest.mark.parametrize("answer", [None, "no"])
def test_where_the_backend_fails_the_one_at_hand_serves(js: Evaluate, answer: str | None) -> None:
    script = """async (tickets, kept) => {
      await tickets.start({ room: "r", name: "n" });
      return [tickets.offer()[1], kept];
    }"""
    outcome = tickets(js, script, token="old", url="/api/ticket", answers=[answer])
    assert outcome == ["parley.ticket.old", []]


def test_without_a_backend_nobody_is_asked(js: Evaluate) -> None:
    script = (
        "async (tickets, kept, asked) => { await tickets.start({ room: 'r', name: 'n' }); return asked; }"
    )
    assert tickets(js, script, token="old") == []


def test_a_ticket_runs_out(js: Evaluate) -> None:
    now = int(time.time())
    for token, expired in [
        (signed(exp=now - 5, iat=now - 60), True),
        (signed(exp=now + 60), False),
        ("opaque", False),
        ("", False),
    ]:
        assert tickets(js, "(tickets) => tickets.hasExpired()", token=token) is expired
