import json
from typing import Any

import pytest
from chat.identity import Identity
from chat.memberships import POLL_LEASE_SECONDS
from chat.sessions import Session

from tests.functions.conftest import MEMBERSHIPS, Counted, Load, Logged, Store
from tests.functions.stand_ins import SITE_HOST, Context, http_event

NAMES = {"room_id": "general", "client_id": "ada"}


def enter(
    load: Load, query: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    event = http_event("POST /api/members", query, headers=headers)
    answer = load("enter").handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"])


def test_who_enters_is_a_member_for_a_minute_and_gets_a_key(load: Load, store: Store, logged: Logged) -> None:
    status, entered = enter(load, NAMES, {"origin": f"https://{SITE_HOST}"})
    assert status == 201
    session = Session.of("general", entered["key"])
    assert session.who == Identity("general", "ada")
    [item] = store.items(MEMBERSHIPS)
    assert item["client_id"]["S"] == "ada"
    assert item["polls"] == {"BOOL": True}
    joined_at = int(item["joined_at"]["N"])
    assert 0 <= int(item["expires_at"]["N"]) - joined_at // 1000 - POLL_LEASE_SECONDS <= 1
    assert (entered["noticed"], entered["lease_seconds"]) == (0, POLL_LEASE_SECONDS)
    kept = json.dumps([store.items(MEMBERSHIPS), logged()])
    assert session.connection_id in kept
    assert entered["key"].partition(".")[0] not in kept, "the key is nobody's but the client's"


def test_what_was_announced_before_is_no_news(load: Load) -> None:
    board = load("enter").board
    board.add("general", [{"type": "system", "content": "long ago"}])
    _, entered = enter(load, NAMES)
    assert entered["noticed"] == board.read("general").number > 0
    assert board.read("general").since(entered["noticed"]) == []


@pytest.mark.parametrize("query", [None, {"room_id": " ", "client_id": ""}])
def test_blank_names_are_the_usual_ones(load: Load, query: dict[str, str] | None) -> None:
    _, entered = enter(load, query)
    assert (entered["room_id"], entered["client_id"]) == ("general", "anonymous")


def test_names_are_held_to_the_rules_of_the_handshake(load: Load, counted: Counted, store: Store) -> None:
    status, refusal = enter(load, {"client_id": "system"})
    assert (status, refusal["code"]) == (400, "client_reserved")
    assert store.items(MEMBERSHIPS) == []


def test_a_foreign_page_is_turned_away(load: Load, store: Store, logged: Logged) -> None:
    status, refusal = enter(load, NAMES, {"origin": "https://evil.example"})
    assert (status, refusal["code"]) == (403, "not_admitted")
    assert logged()[-1]["code"] == "origin_refused"
    assert store.items(MEMBERSHIPS) == []


def test_who_was_put_out_stays_out(load: Load, store: Store) -> None:
    module = load("enter")
    module.admissions.put_out(Identity("general", "ada"), until=2**45)
    assert enter(load, NAMES)[0] == 403
    assert enter(load, NAMES | {"room_id": "other"})[0] == 201


def test_seats_may_all_be_taken(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTIONS_PER_CLIENT", "2")
    assert [enter(load, NAMES)[0] for _ in range(3)] == [201, 201, 429]


def test_where_the_store_fails_nobody_is_in(load: Load, store: Store) -> None:
    store.faults["PutItem"].append("InternalServerError")
    status, refusal = enter(load, NAMES)
    assert (status, refusal["code"]) == (503, "unavailable")
