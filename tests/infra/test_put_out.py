"""`make put-out` where it cannot do what it is asked; what it does is in tests/chat/test_admission.py."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from infra import put_out
from tests.conftest import ROOT

ASKED = ["--room", "general", "--client", "Eve"]


class Session:
    """A session whose clients answer what they are told to."""

    def __init__(self) -> None:
        real = boto3.Session("a", "b", region_name="eu-central-1")
        self.clients: dict[str, Any] = {name: real.client(name) for name in ("lambda", "cloudformation")}
        self.answers = {name: Stubber(client) for name, client in self.clients.items()}
        for stubber in self.answers.values():
            stubber.activate()

    def client(self, name: str, **_: Any) -> Any:
        return self.clients[name]


@pytest.mark.parametrize(
    "name",
    ["it's", "x'; touch made; '", "$(shell touch made)", "`touch made`", "-bob", 'a "b" \\ $HOME', "علی"],
)
def test_a_name_is_text_to_make_and_to_the_shell(name: str, tmp_path: Path) -> None:
    """What people call themselves must not run on the operator's machine."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / ".venv" / "run.stamp").touch()
    command = ["make", "-s", "put-out", f"ROOM={name}", f"CLIENT={name}"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[:4] == ["-m", "infra.put_out", f"--room={name}", f"--client={name}"]
    assert not (tmp_path / "made").exists()


@pytest.fixture
def session() -> Session:
    return Session()


def run(session: Session, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = put_out.main([*ASKED, "--stack", "chat", *arguments], session)  # type: ignore[arg-type]
    out, err = capsys.readouterr()
    assert out == "" or err == ""
    assert (out + err).count("\n") == 1
    return status, out + err


def stack(session: Session, **outputs: str) -> None:
    session.answers["cloudformation"].add_response(
        "describe_stacks",
        {
            "Stacks": [
                {
                    "StackName": "chat",
                    "StackStatus": "CREATE_COMPLETE",
                    "CreationTime": "2026-01-01T00:00:00Z",
                    "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
                }
            ]
        },
    )


def answer(session: Session, value: Any, **more: Any) -> None:
    payload = json.dumps(value).encode()
    session.answers["lambda"].add_response(
        "invoke",
        {"StatusCode": 200, "Payload": io.BytesIO(payload), **more},
        {
            "FunctionName": "chat-PutOut",
            "Payload": json.dumps({"room": "general", "client": "Eve", "minutes": 5}).encode(),
        },
    )


def test_the_function_of_the_stack_is_asked(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    stack(session, PutOutFunctionName="chat-PutOut")
    answer(session, {"room": "general", "client": "Eve", "until": "2026-01-01T00:05:00.000Z", "closed": 2})
    assert run(session, capsys, "--minutes", "5") == (
        0,
        "Eve is out of general until 2026-01-01T00:05:00.000Z; connections closed: 2\n",
    )


def test_what_makes_no_sense_is_said(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    answer(session, {"error": "minutes_invalid", "content": '"minutes" must be more.'})
    status, line = run(session, capsys, "--function", "chat-PutOut", "--minutes", "5")
    assert (status, line) == (1, 'put-out: "minutes" must be more. (minutes_invalid)\n')


def test_a_function_that_failed_is_said_to(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    answer(session, {"errorType": "Unavailable", "stackTrace": ["secret"]}, FunctionError="Unhandled")
    status, line = run(session, capsys, "--function", "chat-PutOut", "--minutes", "5")
    assert (status, line) == (1, "put-out: the function failed: Unavailable; see its log, and try again\n")


def test_a_stack_without_the_function_is_named(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    stack(session)
    status, line = run(session, capsys)
    assert status == 1
    assert "PutOutFunctionName" in line


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "not allowed to Invoke"),
        ("TooManyRequestsException", "no time"),
        ("ResourceNotFoundException", "AWS refused Invoke"),
    ],
)
def test_a_refusal_of_aws_is_one_line(
    session: Session, capsys: pytest.CaptureFixture[str], code: str, said: str
) -> None:
    session.answers["lambda"].add_client_error("invoke", code, "no")
    status, line = run(session, capsys, "--function", "chat-PutOut")
    assert status == 1
    assert said in line


def test_a_gateway_that_is_not_there_is_one_line(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    session.answers["lambda"].deactivate()
    session.clients["lambda"].meta.events.register("before-call", fail)
    status, line = run(session, capsys, "--function", "chat-PutOut")
    assert (status, "127.0.0.1:1" in line) == (1, True)
