import base64
import json
from typing import Any, NoReturn

import pytest
from chat import answers
from chat.errors import Code, FrameRefused, NotAMember, ParleyError, RateLimited, Unavailable
from chat.refusals import Reason, Refused

from tests.functions.conftest import Counted, Logged


def refusing(error: Exception) -> dict[str, Any]:
    def handle() -> NoReturn:
        raise error

    return answers.answered(handle)


def test_an_answer_is_json_that_nobody_keeps() -> None:
    answer = answers.answer({"content": "سلام"}, 201)
    assert answer["statusCode"] == 201
    assert answer["headers"] == {"content-type": "application/json", "cache-control": "no-store"}
    assert json.loads(answer["body"]) == {"content": "سلام"}
    assert answers.answer(None) == {"statusCode": 204, "headers": {"cache-control": "no-store"}}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (FrameRefused(Code.CONTENT_MISSING, id="x"), 400, "content_missing"),
        (FrameRefused(Code.CONTENT_TOO_LONG, id="x"), 413, "content_too_long"),
        (FrameRefused(Code.FRAME_TOO_LARGE), 413, "frame_too_large"),
        (NotAMember(), 410, "not_a_member"),
        (Unavailable(), 503, "unavailable"),
        (Refused(Reason.ORIGIN), 403, "not_admitted"),
        (Refused(Reason.TICKET_EXPIRED), 403, "not_admitted"),
        (Refused(Reason.ROOM_FULL), 429, "too_many_connections"),
        (Refused(Reason.CLIENT_CONNECTIONS), 429, "too_many_connections"),
    ],
)
def test_a_refusal_is_the_error_event_with_a_status(
    error: Exception, status: int, code: str, counted: Counted
) -> None:
    answer = refusing(error)
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["type"], body["code"]) == (status, "error", code)
    assert body.get("id") == getattr(error, "id", None)
    reason = error.reason.value if isinstance(error, Refused) else code
    assert counted() == {f"Refused/{reason}": 1}


def test_a_strangers_answer_says_no_reason_and_the_log_does(logged: Logged) -> None:
    answer = refusing(Refused(Reason.TICKET_SPENT))
    assert "spent" not in json.dumps(answer)
    [line] = logged()
    assert (line["message"], line["code"]) == ("refused", "ticket_spent")


def test_when_to_come_again_is_in_the_header_too() -> None:
    answer = refusing(RateLimited(1200))
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (429, "2")
    assert json.loads(answer["body"])["retry_after_ms"] == 1200


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_status_of_a_clients_or_the_services_fault(code: Code) -> None:
    assert 400 <= refusing(ParleyError(code))["statusCode"] <= 503


def test_what_is_no_refusal_goes_on_and_is_counted(counted: Counted) -> None:
    with pytest.raises(ZeroDivisionError):
        refusing(ZeroDivisionError())
    assert counted() == {"Refused/unavailable": 1}


def test_bodies_are_text() -> None:
    assert answers.body_of({}) == answers.body_of({"body": None}) == ""
    assert answers.body_of({"body": "x"}) == "x"
    encoded = base64.b64encode("سلام".encode() + b"\xff").decode()
    assert answers.body_of({"body": encoded, "isBase64Encoded": True}) == "سلام\ufffd"
