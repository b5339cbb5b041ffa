from collections.abc import Callable
from typing import Any

import pytest
from chat.admissions import Admissions
from chat.doorkeeper import Doorkeeper
from chat.errors import Code, NameRefused, Unavailable
from chat.handshake import Handshake
from chat.identity import Identity
from chat.refusals import Reason, Refused
from chat.tickets import SharedSecret, Tickets

from tests.functions.chat.test_tickets import Secret
from tests.functions.conftest import Store
from tests.functions.signing import SECRET, signed

SITE = "https://chat.example.com"
ADA = Identity("general", "ada")


def handshake(query: dict[str, str] | None = None, **headers: str) -> Handshake:
    values = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return Handshake(query or {}, values, origins="chat.example.com,")


Make = Callable[..., Doorkeeper]


@pytest.fixture
def make(admissions: Admissions) -> Make:
    def make(*, edge_key: tuple[str, ...] = (), ticket: bool = False) -> Doorkeeper:
        return Doorkeeper(
            edge_key=Secret(*edge_key) if edge_key else None,  # type: ignore[arg-type]
            tickets=Tickets(SharedSecret(Secret(SECRET)), admissions) if ticket else None,  # type: ignore[arg-type]
        )

    return make


def outcome(doorkeeper: Doorkeeper, asked: Handshake) -> Identity | Reason | Code:
    try:
        return doorkeeper.admit(asked)
    except Refused as refusal:
        return refusal.reason
    except NameRefused as refusal:
        return refusal.code


def test_an_open_chat_takes_everyone_by_their_word(make: Make, store: Store) -> None:
    assert outcome(make(), handshake({"room_id": "general", "client_id": "ada"}, origin=SITE)) == ADA
    assert outcome(make(), handshake()) == Identity("general", "anonymous")
    assert outcome(make(), handshake({"client_id": "system"})) is Code.CLIENT_RESERVED
    assert store.calls == []


def test_a_foreign_page_is_refused_before_anything_is_asked(make: Make, store: Store) -> None:
    assert outcome(make(ticket=True), handshake(origin="https://evil.example")) is Reason.ORIGIN
    assert store.calls == []


def test_without_a_list_no_page_may_connect(make: Make) -> None:
    assert outcome(make(), Handshake({}, {"origin": [SITE]})) is Reason.ORIGIN


@pytest.mark.parametrize("shown", ["", "wrong", "new ", "é"])
def test_where_the_raw_address_is_closed_only_the_edge_comes_in(make: Make, shown: str) -> None:
    closed = make(edge_key=("new", "old"))
    assert outcome(closed, handshake(x_origin_key=shown)) is Reason.NOT_BY_EDGE
    assert outcome(closed, handshake()) is Reason.NOT_BY_EDGE
    assert outcome(closed, handshake(x_origin_key="new")) == outcome(closed, handshake(x_origin_key="old"))
    assert isinstance(outcome(closed, handshake(x_origin_key="new")), Identity)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"room_id": "general", "client_id": "ada"}, ADA),
        ({"room_id": "general"}, ADA),
        ({}, ADA),
        ({"room_id": "general", "client_id": "bea"}, Reason.TICKET_CLIENT),
        ({"room_id": "other", "client_id": "ada"}, Reason.TICKET_ROOM),
        ({"room_id": "general", "client_id": "system"}, Code.CLIENT_RESERVED),
    ],
)
def test_a_ticket_says_who_enters_and_where(make: Make, query: dict[str, str], found: Any) -> None:
    assert outcome(make(ticket=True), handshake({**query, "ticket": signed()})) == found


def test_a_ticket_comes_as_a_subprotocol_or_in_the_query(make: Make) -> None:
    doorkeeper, token = make(ticket=True), signed()
    offers = f"parley , parley.ticket.{token}"
    assert outcome(doorkeeper, handshake(sec_websocket_protocol=offers)) == ADA
    assert outcome(doorkeeper, handshake({"ticket": "x"}, sec_websocket_protocol=offers)) == ADA
    assert outcome(doorkeeper, handshake({"ticket": token}, sec_websocket_protocol="parley")) == ADA
    assert outcome(doorkeeper, handshake()) is Reason.TICKET_MISSING
    assert outcome(doorkeeper, handshake({"ticket": ""})) is Reason.TICKET_MISSING
    assert outcome(doorkeeper, handshake(sec_websocket_protocol="parley.ticket.")) is Reason.TICKET_MISSING


def test_a_single_use_ticket_is_used_once_and_not_up_by_a_refusal(make: Make) -> None:
    doorkeeper, token = make(ticket=True), signed(once=True, jti="7")
    assert outcome(doorkeeper, handshake({"ticket": token, "room_id": "other"})) is Reason.TICKET_ROOM
    assert outcome(doorkeeper, handshake({"ticket": token})) == ADA
    assert outcome(doorkeeper, handshake({"ticket": token})) is Reason.TICKET_SPENT


def test_where_the_table_fails_nobody_is_let_in(make: Make, store: Store) -> None:
    store.faults["PutItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        make(ticket=True).admit(handshake({"ticket": signed(once=True, jti="7")}))


def test_headers_are_read_by_any_spelling_and_all_their_values() -> None:
    event = {
        "headers": {"Origin": "b"},
        "multiValueHeaders": {"Origin": ["a", "b"], "ORIGIN": ["c"], "Sec-WebSocket-Protocol": ["x, y", "z"]},
        "queryStringParameters": {"room_id": "r", "ROOM_ID": "s"},
        "stageVariables": {"origins": "chat.example.com,"},
    }
    read = Handshake.of(event)
    assert read.headers["origin"] == ["a", "b", "c"]
    assert read.origins == "chat.example.com,"
    assert read.subprotocols == ["x", "y", "z"]
    assert read.query.get("room_id") == "r"
    assert Handshake.of({"headers": {"Origin": "a"}}).headers == {"origin": ["a"]}
    assert Handshake.of({"headers": None, "queryStringParameters": None}) == Handshake({}, {})
