from typing import Any

import pytest
from chat.identity import Identity
from chat.memberships import Memberships

from tests.functions.conftest import ADMISSIONS, Load, Logged, Store
from tests.functions.stand_ins import Context, Gateway


@pytest.fixture
def expel(load: Load, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = load("expel")
    monkeypatch.setattr(
        module,
        "removal",
        type(module.removal)(
            module.removal.admissions, module.removal.memberships, module.removal.closer, pauses=()
        ),
    )
    return lambda event: module.handler(event, Context())


def test_an_operator_puts_a_client_out(expel: Any, gateway: Gateway, store: Store, logged: Logged) -> None:
    Memberships.from_environment().enter(Identity("general", "eve"), "E=", joined_at=1)
    answer = expel({"room": " general ", "client": "eve", "minutes": 5})
    assert answer.pop("until").endswith("Z")
    assert answer == {"room": "general", "client": "eve", "closed": 1}
    assert gateway.closed == ["E="]
    [item] = store.items(ADMISSIONS)
    assert item["subject"]["S"] == "out general\neve"
    [line] = logged()
    assert (line["message"], line["room"], line["closed"]) == ("put out", "general", 1)


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({}, "names_missing"),
        ({"room": "general"}, "names_missing"),
        ({"room": " ", "client": "eve"}, "names_missing"),
        ({"room": "general", "client": 7}, "names_missing"),
        ({"room": "general", "client": "eve", "minutes": 0}, "minutes_invalid"),
        ({"room": "general", "client": "eve", "minutes": 1441}, "minutes_invalid"),
        ({"room": "general", "client": "eve", "minutes": True}, "minutes_invalid"),
        ({"room": "general", "client": "eve", "minutes": "5"}, "minutes_invalid"),
        ({"room": "general", "client": "x" * 65}, "client_too_long"),
    ],
)
def test_what_makes_no_sense_is_said(expel: Any, store: Store, event: dict[str, Any], error: str) -> None:
    answer = expel(event)
    assert answer["error"] == error
    assert answer["content"]
    assert store.items(ADMISSIONS) == []
