import json
import os
import subprocess
import sys
from typing import Any

import boto3
import pytest
from chat.errors import Unavailable
from chat.identity import Identity

from tests.conftest import ROOT
from tests.functions.conftest import Load, Logged, Store
from tests.functions.signing import SECRET, Issuer, signed
from tests.functions.stand_ins import API, SITE_HOST, Context, authorizer_event


def admit(
    load: Load, query: dict[str, str], *, arn: str = f"{API}/$connect", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    event = authorizer_event(query, arn=arn, headers=headers)
    answer: dict[str, Any] = load("admit").handler(event, Context())
    return answer


def effect(answer: dict[str, Any]) -> str:
    found: str = answer["policyDocument"]["Statement"][0]["Effect"]
    return found


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
    assert (line["level"], line["code"], line["connection_id"]) == ("INFO", code, "A=")
    assert not any(name in json.dumps(line, ensure_ascii=False) for name in query.values())


def test_the_policy_is_for_the_partition_that_asked(load: Load) -> None:
    arn = "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdefghij/live/$connect"
    assert admit(load, {}, arn=arn)["policyDocument"]["Statement"][0]["Resource"] == arn


def test_the_answer_is_small(load: Load) -> None:
    answer = admit(load, {"room_id": "\U0001f44d" * 64, "client_id": "\U0001f44d" * 64})
    assert len(json.dumps(answer)) < 8 * 1024  # contract A04


def test_a_foreign_page_is_denied(load: Load, logged: Logged) -> None:
    assert effect(admit(load, {}, headers={"Origin": "https://evil.example"})) == "Deny"
    assert effect(admit(load, {}, headers={"Origin": f"https://{SITE_HOST}"})) == "Allow"
    [line] = logged()
    assert line["code"] == "origin_refused"
    assert "evil" not in json.dumps(line)


def test_clients_that_name_no_origin_may_be_refused(
    load: Load, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NON_BROWSER_CLIENTS", "refuse")
    assert effect(admit(load, {})) == "Deny"
    assert effect(admit(load, {}, headers={"Origin": f"https://{SITE_HOST}"})) == "Allow"
    assert [line["code"] for line in logged()] == ["origin_refused"]


def test_names_in_the_query_are_taken_to_the_letter(load: Load) -> None:
    """The edge function takes room_id and client_id from the path, and drops what else is called so."""
    context = admit(load, {"client_id": "ada", "CLIENT_ID": "eve", "Room_id": "x"})["context"]
    assert Identity.decode(context) == Identity("general", "ada")


@pytest.fixture
def by_ticket(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    secret = boto3.client("secretsmanager").create_secret(Name="tickets", SecretString=SECRET)
    for name, value in {
        "ACCESS_MODE": "ticket",
        "TICKET_SECRET": secret["ARN"],
        "TICKET_ISSUER": "",
        "TICKET_AUDIENCE": "parley",
        "TICKET_NAME_CLAIM": "sub",
        "TICKET_MAX_SECONDS": "3600",
        "EDGE_KEY": secret["ARN"],
    }.items():
        monkeypatch.setenv(name, value)


def test_with_tickets_nobody_enters_without(by_ticket: None, load: Load, logged: Logged) -> None:
    edge = {"X-Origin-Key": SECRET}
    token = signed()
    assert effect(admit(load, {"ticket": token})) == "Deny"
    assert effect(admit(load, {}, headers=edge)) == "Deny"
    assert effect(admit(load, {"ticket": token[:-3]}, headers=edge)) == "Deny"
    answer = admit(load, {"ticket": token}, headers=edge)
    assert Identity.decode(answer["context"]) == Identity("general", "ada")
    assert [line["code"] for line in logged()] == ["not_by_edge", "ticket_missing", "ticket_invalid"]
    assert not any(part in json.dumps(logged()) for part in (SECRET, token[:20]))


def test_an_issuers_tokens_are_asked_of_the_issuer(
    by_ticket: None, load: Load, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    monkeypatch.setenv("TICKET_ISSUER", "http://localhost:9/nobody")
    with pytest.raises(Unavailable):
        admit(load, {"ticket": Issuer().signed()}, headers={"X-Origin-Key": SECRET})
    [line] = logged()
    assert line["level"] == "ERROR"


def test_where_it_cannot_be_told_the_error_is_the_functions(
    by_ticket: None, load: Load, store: Store
) -> None:
    store.faults["PutItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        admit(load, {"ticket": signed(once=True, jti="7")}, headers={"X-Origin-Key": SECRET})


def test_an_open_chat_loads_no_cryptography_and_no_client_of_aws() -> None:
    """They are most of a cold start."""
    code = "import sys, admit; print(*[name for name in ('boto3', 'jwt', 'cryptography') if name in sys.modules])"
    environment = {"PYTHONPATH": str(ROOT / "functions"), "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "\n"
