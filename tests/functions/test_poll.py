import json
from typing import Any

import pytest
from chat.identity import Identity
from chat.memberships import Memberships
from chat.sessions import Session

from tests.functions.conftest import Load, Logged, Store
from tests.functions.stand_ins import Context, http_event

ADA = Identity("general", "ada")


def poll(load: Load, key: str | None, **query: object) -> tuple[int, Any]:
    asked = {"room_id": "general", **{name: str(value) for name, value in query.items()}}
    event = http_event("GET /api/events", asked, key=key)
    answer = load("poll").handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"])


def test_a_member_is_told_what_is_new(load: Load, store: Store, logged: Logged) -> None:
    session = Session.begin(ADA)
    Memberships.from_environment().enter(ADA, session.connection_id, joined_at=2**43, polls=True)
    status, answer = poll(load, session.key)
    assert (status, answer["noticed"]) == (200, 0)
    presence, page = answer["events"]
    assert (presence["users"], page["messages"]) == (["ada"], [])
    assert poll(load, session.key, after=0, noticed=0) == (200, {"events": [], "noticed": 0})


def test_others_are_told_why_not(load: Load) -> None:
    assert poll(load, None)[1]["code"] == "key_missing"
    status, refusal = poll(load, Session.begin(ADA).key)
    assert (status, refusal["code"]) == (410, "not_a_member")
    status, refusal = poll(load, Session.begin(ADA).key, after="x", id="mine")
    assert (status, refusal["code"], refusal["id"]) == (400, "sync_invalid", "mine")


@pytest.mark.parametrize("query", [{"after": "x"}, {"before": 0}, {"noticed": -1}, {"after": 0, "wait": 26}])
def test_what_is_wrong_with_a_question_is_named(load: Load, query: dict[str, Any]) -> None:
    status, refusal = poll(load, Session.begin(ADA).key, **query)
    *_, name = query
    assert (status, refusal["code"]) == (400, "sync_invalid")
    assert f'"{name}"' in refusal["content"]
