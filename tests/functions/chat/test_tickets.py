import time
from typing import Any

import jwt
import pytest
from chat.errors import Code, NameRefused
from chat.refusals import Reason, Refused
from chat.tickets import MAX_TOKEN_LENGTH, SharedSecret, Ticket, Tickets
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.signing import SECRET, by_hand, claims, signed


class Secret:
    """A secret's values."""

    def __init__(self, *values: str) -> None:
        self.values = values

    def valid(self) -> tuple[str, ...]:
        return self.values


class Spent:
    """An Admissions that knows of tickets only."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def spend(self, ticket_id: str, *, expires_at: int) -> bool:
        unused = ticket_id not in self.ids
        self.ids.add(ticket_id)
        return unused


def of(*secrets: str, **options: Any) -> Tickets:
    return Tickets(SharedSecret(Secret(*secrets)), Spent(), **options)  # type: ignore[arg-type]


TICKETS = of(SECRET)


def refusal(token: str, tickets: Tickets = TICKETS) -> Reason | None:
    try:
        tickets.read(token)
    except Refused as refused:
        return refused.reason
    return None


def test_a_ticket_says_who_and_where() -> None:
    now = int(time.time())
    ticket = TICKETS.read(signed(sub=" Ada\u200c ", rooms=["general", " گفت\u200cوگو "], exp=now + 60))
    assert ticket == Ticket("Ada", frozenset({"general", "گفت\u200cوگو"}), now + 60)
    assert ticket.opens("general")
    assert not ticket.opens("other")
    assert TICKETS.read(signed(rooms="*")).opens("other")
    assert not TICKETS.read(signed(rooms=["*"])).opens("other")  # a room may be called so


def test_a_single_use_ticket_has_an_id() -> None:
    assert TICKETS.read(signed(once=True, jti="7")).id == "7"
    assert TICKETS.read(signed(once=False, jti="7")).id is None
    assert TICKETS.read(signed(jti="7")).id is None


def test_only_a_single_use_ticket_is_used_up() -> None:
    tickets = of(SECRET)
    once, often = tickets.read(signed(once=True, jti="7")), tickets.read(signed(jti="8"))
    for ticket in (once, often, often):
        tickets.spend(ticket)
    with pytest.raises(Refused) as refused:
        tickets.spend(once)
    assert refused.value.reason is Reason.TICKET_SPENT


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"iat": None},
        {"exp": None},
        {"sub": None},
        {"sub": " "},
        {"sub": 7},
        {"rooms": None},
        {"rooms": []},
        {"rooms": "general"},
        {"rooms": [""]},
        {"rooms": [7]},
        {"rooms": {"general": True}},
        {"once": True},
        {"once": True, "jti": ""},
        {"once": True, "jti": "x" * 129},
        {"once": "yes", "jti": "7"},
        {"iat": int(time.time()) + 90_000, "exp": int(time.time()) + 90_060},
        {"nbf": int(time.time()) + 90_000},
        {"exp": int(time.time()) + 100_000},
        {"exp": "soon"},
        {"exp": 1e400},
    ],
)
def test_other_claims_are_no_ticket(changes: dict[str, Any]) -> None:
    assert refusal(signed(**changes)) is Reason.TICKET_INVALID


def test_a_ticket_expires() -> None:
    now = int(time.time())
    assert refusal(signed(iat=now - 120, exp=now - 60)) is Reason.TICKET_EXPIRED
    assert refusal(signed(iat=now - 120, exp=now - 1)) is None  # clocks differ


def test_how_long_it_may_last_is_the_deployments_say() -> None:
    now = int(time.time())
    token = signed(iat=now, exp=now + 600)
    assert refusal(token, of(SECRET, max_seconds=600)) is None
    assert refusal(token, of(SECRET, max_seconds=599)) is Reason.TICKET_INVALID
    assert refusal(signed(iat=now + 5, exp=now + 5)) is Reason.TICKET_INVALID


@pytest.mark.parametrize(
    "token",
    [
        signed("another secret, just as long as the right one, but not it"),
        by_hand({"alg": "none", "typ": "JWT"}, claims()),
        by_hand({"alg": "None"}, claims()),
        by_hand({"alg": "NONE", "typ": "JWT"}, claims(), b"x"),
        by_hand({"alg": "", "typ": "JWT"}, claims()),
        by_hand({"alg": ["HS256"]}, claims()),
        by_hand({}, claims()),
        by_hand([], claims()),
        by_hand({"alg": "HS256"}, []),
        by_hand({"alg": "HS256"}, "x", b"y" * 32),
        signed(algorithm="HS384"),
        signed(algorithm="HS512"),
        signed().rpartition(".")[0] + ".",
        signed()[:-2],
        signed() + ".x",
        "a.b.c",
        "..",
        "",
        "x" * (MAX_TOKEN_LENGTH + 1),
        signed(rooms=["x" * 60] * 60),
        "é.é.é",
    ],
)
def test_what_was_not_signed_so_is_no_ticket(token: str) -> None:
    assert refusal(token) is Reason.TICKET_INVALID


def test_an_altered_ticket_is_no_ticket() -> None:
    header, payload, signature = signed().split(".")
    other = signed(sub="eve").split(".")[1]
    assert refusal(f"{header}.{other}.{signature}") is Reason.TICKET_INVALID
    assert refusal(f"{header}.{payload}.{signature}") is None


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_does_anything_else(token: str) -> None:
    assert refusal(token) is Reason.TICKET_INVALID


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@given(
    st.dictionaries(
        st.sampled_from(["sub", "rooms", "once", "jti", "iat", "exp", "nbf", "aud"]),
        SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=2),
    )
)
def test_a_signed_token_of_any_claims_is_a_ticket_or_refused(changes: dict[str, Any]) -> None:
    token = jwt.api_jws.encode(_json(claims() | changes), SECRET, algorithm="HS256")
    try:
        ticket = TICKETS.read(token)
    except (Refused, NameRefused):
        return
    assert ticket.client_id
    assert ticket.rooms is None or all(ticket.rooms)


def _json(payload: Any) -> bytes:
    import json

    return json.dumps(payload).encode()


def test_a_name_in_a_ticket_is_held_to_the_rules_of_names() -> None:
    with pytest.raises(NameRefused) as refused:
        TICKETS.read(signed(sub="ЅУЅТЕМ"))
    assert refused.value.code is Code.CLIENT_RESERVED
    with pytest.raises(NameRefused):
        TICKETS.read(signed(rooms=["a\0b"]))


def test_another_claim_may_have_the_name() -> None:
    tickets = of(SECRET, name_claim="nickname")
    assert tickets.read(signed(sub="8d7f", nickname="Ada")).client_id == "Ada"
    assert refusal(signed(), tickets) is Reason.TICKET_INVALID


def test_while_a_secret_is_rotated_both_values_are_good() -> None:
    new = "fedcba9876543210" * 4
    rotated = of(new, SECRET)
    assert [refusal(token, rotated) for token in (signed(new), signed(SECRET))] == [None, None]
    assert refusal(signed("f" * 64), rotated) is Reason.TICKET_INVALID
    assert refusal(signed(), of()) is Reason.TICKET_INVALID


def test_a_refusal_says_nothing_of_the_token() -> None:
    with pytest.raises(Refused) as refused:
        TICKETS.read(signed("x" * 64))
    assert (str(refused.value), refused.value.__cause__) == ("ticket_invalid", None)
