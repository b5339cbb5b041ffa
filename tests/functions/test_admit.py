import json
from typing import Any

import pytest
from chat.identity import Identity

from tests.functions.conftest import Load, Logged
from tests.functions.stand_ins import API, Context, authorizer_event


def admit(load: Load, query: dict[str, str], *, arn: str = f"{API}/$connect") -> dict[str, Any]:
    answer: dict[str, Any] = load("admit").handler(authorizer_event(query, arn=arn), Context())
    return answer


def test_clean_names_are_let_in_and_travel_in_the_context(load: Load) -> None:
    answer = admit(load, {"room_id": " گفت\u200cوگو ", "client_id": "a/b %"})
    assert answer["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{API}/$connect"}],
    }
    assert Identity.decode(answer["context"]) == Identity("گفت\u200cوگو", "a/b %")
    assert answer["principalId"] == "a%2Fb%20%25"


@pytest.mark.parametrize("query", [{}, {"room_id": "", "client_id": " "}])
def test_blank_names_are_the_default_ones(load: Load, query: dict[str, str]) -> None:
    context = admit(load, query)["context"]
    assert Identity.decode(context) == Identity("general", "anonymous")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"room_id": "a" * 65}, "room_too_long"),
        ({"room_id": "a\0b"}, "room_invalid"),
        ({"client_id": "a" * 65}, "client_too_long"),
        ({"client_id": "a\u202eb"}, "client_invalid"),
        ({"client_id": "ЅУЅТЕМ"}, "client_reserved"),
    ],
)
def test_a_refused_name_is_denied_and_its_code_is_logged(
    load: Load, logged: Logged, query: dict[str, str], code: str
) -> None:
    answer = admit(load, query)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert answer["context"] == {}
    assert answer["principalId"]
    [line] = logged()
    assert (line["level"], line["code"]) == ("INFO", code)
    assert not any(name in json.dumps(line, ensure_ascii=False) for name in query.values())


def test_the_policy_is_for_the_partition_that_asked(load: Load) -> None:
    arn = "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdefghij/live/$connect"
    assert admit(load, {}, arn=arn)["policyDocument"]["Statement"][0]["Resource"] == arn


def test_the_answer_is_small(load: Load) -> None:
    answer = admit(load, {"room_id": "\U0001f44d" * 64, "client_id": "\U0001f44d" * 64})
    assert len(json.dumps(answer)) < 8 * 1024  # contract A04
