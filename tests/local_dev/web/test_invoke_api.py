import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import ClientError
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_dev.errors import (
    FunctionError,
    FunctionExited,
    FunctionRaised,
    FunctionThrottled,
    FunctionTimedOut,
)
from local_dev.iam.credentials import Credentials, CredentialStore, Principal
from local_dev.iam.guard import InvokeGuard
from local_dev.stack.model import Statement
from local_dev.web.invoke_api import add_invoke_routes
from tests.local_dev.web.serving import Served, served

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:greet"
FAULTS: dict[str, Exception] = {
    "never": TimeoutError(),
    "deep": RecursionError(),
    "large": FunctionError("too large", error_type="RequestEntityTooLargeException"),
    "raises": FunctionRaised("it is broken", error_type="ValueError"),
    "slow": FunctionTimedOut("Task timed out after 3.00 seconds", error_type="Sandbox.Timedout"),
    "exits": FunctionExited("Runtime exited", error_type="Runtime.ExitError"),
    "busy": FunctionThrottled("too many invocations at once", error_type="Throttled"),
}


@dataclass
class Echo:
    """Functions that answer with their event, or fail in the way they are called."""

    later: list[tuple[str, Any]] = field(default_factory=list)

    async def invoke(self, name: str, event: Any, *, wait: float) -> Any:
        if name in FAULTS:
            raise FAULTS[name]
        return {"name": name, "event": event}

    def invoke_later(self, name: str, event: Any) -> None:
        if name in ("busy", "large"):
            raise FAULTS[name]
        self.later.append((name, event))


class Deployed:
    """The Invoke API with and without a guard."""

    def __init__(self, *, guarded: bool = False) -> None:
        self.functions, self.store = Echo(), CredentialStore(ACCOUNT)
        self.app = FastAPI()
        add_invoke_routes(
            self.app,
            self.functions,
            names={name: name for name in ("greet", *FAULTS)} | {"GreetFunction": "greet"},
            account=ACCOUNT,
            region=REGION,
            guard=InvokeGuard(self.store.find, region=REGION) if guarded else None,
        )
        self.served: Served

    def boto3(self, credentials: Credentials | None = None) -> Any:
        used = credentials or self.store.operator
        return boto3.client(
            "lambda",
            endpoint_url=self.served.url,
            region_name=REGION,
            aws_access_key_id=used.access_key_id,
            aws_secret_access_key=used.secret_access_key,
            aws_session_token=used.session_token,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    made = Deployed()
    with served(made.app) as made.served:
        yield made


@pytest.mark.parametrize(
    "name",
    [
        "greet",
        "GreetFunction",
        "greet:live",
        f"{ACCOUNT}:function:greet",
        ARN,
        f"{ARN}:$LATEST",
        f"{ARN}:7",
        "function:greet",
    ],
)
def test_a_function_by_each_of_its_names(deployed: Deployed, name: str) -> None:
    answer = deployed.boto3().invoke(FunctionName=name, Payload=json.dumps({"a": "س"}))
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert json.load(answer["Payload"]) == {"name": "greet", "event": {"a": "س"}}


def test_with_a_qualifier_and_without_a_payload(deployed: Deployed) -> None:
    answer = deployed.boto3().invoke(FunctionName="greet", Qualifier="live")
    assert json.load(answer["Payload"]) == {"name": "greet", "event": {}}


@pytest.mark.parametrize("event", [None, 1, "text", [1, {"a": None}], {"deep": {"er": []}}])
def test_an_event_is_any_json(deployed: Deployed, event: Any) -> None:
    answer = deployed.boto3().invoke(FunctionName="greet", Payload=json.dumps(event))
    assert json.load(answer["Payload"])["event"] == event


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("raises", {"errorMessage": "it is broken", "errorType": "ValueError"}),
        ("slow", {"errorMessage": "Task timed out after 3.00 seconds", "errorType": "Sandbox.Timedout"}),
        ("exits", {"errorMessage": "Runtime exited", "errorType": "Runtime.ExitError"}),
        ("never", {"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"}),
    ],
)
def test_a_function_that_fails_is_200_and_said_so(
    deployed: Deployed, name: str, error: dict[str, str]
) -> None:
    answer = deployed.boto3().invoke(FunctionName=name)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"]) == error


def test_p03_event_is_accepted_and_run_later(deployed: Deployed) -> None:
    answer = deployed.boto3().invoke(FunctionName="greet", InvocationType="Event", Payload=b'{"id": "a="}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert deployed.functions.later == [("greet", {"id": "a="})]
    deployed.functions.later.clear()


def test_a_dry_run_runs_nothing(deployed: Deployed) -> None:
    assert deployed.boto3().invoke(FunctionName="raises", InvocationType="DryRun")["StatusCode"] == 204


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
@pytest.mark.parametrize("name", ["nobody", "arn:aws:lambda:us-east-1:999999999999:function:greet"])
def test_an_unknown_function(deployed: Deployed, name: str, kind: str) -> None:
    client = deployed.boto3()
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.invoke(FunctionName=name, InvocationType=kind)
    arn = name if name.startswith("arn:") else ARN.replace("greet", name)
    assert caught.value.response["Error"]["Message"] == f"Function not found: {arn}"
    assert caught.value.response["Type"] == "User"


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_too_many_at_once(deployed: Deployed, kind: str) -> None:
    client = deployed.boto3()
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        client.invoke(FunctionName="busy", InvocationType=kind)
    assert caught.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"


@pytest.mark.parametrize("payload", [b"{", b"NaN", b"\x87", b'{"a": Infinity}', b"[" * 100_000, b" "])
def test_a_payload_that_is_no_json(deployed: Deployed, payload: bytes) -> None:
    client = deployed.boto3()
    with pytest.raises(client.exceptions.InvalidRequestContentException) as caught:
        client.invoke(FunctionName="greet", Payload=payload)
    assert caught.value.response["Error"]["Message"].startswith("Could not parse request body into json: ")


def test_an_event_that_cannot_be_written_again(deployed: Deployed) -> None:
    client = deployed.boto3()
    with pytest.raises(client.exceptions.InvalidRequestContentException, match="nested too deeply"):
        client.invoke(FunctionName="deep")


def test_payloads_that_are_too_large(deployed: Deployed) -> None:
    client = deployed.boto3()
    fits = b'"' + b"x" * (1024 * 1024 - 2) + b'"'
    assert client.invoke(FunctionName="greet", InvocationType="Event", Payload=fits)["StatusCode"] == 202
    deployed.functions.later.clear()
    with pytest.raises(ClientError, match="1048577 byte payload is too large for the Event") as caught:
        client.invoke(FunctionName="greet", InvocationType="Event", Payload=fits + b" ")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert client.invoke(FunctionName="greet", Payload=fits + b" ")["StatusCode"] == 200
    with pytest.raises(ClientError, match="Request must be smaller than 6291456 bytes") as caught:
        client.invoke(FunctionName="greet", Payload=b'"' + b"x" * 6291456 + b'"')
    assert caught.value.response["Error"]["Code"] == "RequestEntityTooLargeException"


def test_an_event_that_is_not_taken_on(deployed: Deployed) -> None:
    with pytest.raises(ClientError, match="RequestEntityTooLargeException"):
        deployed.boto3().invoke(FunctionName="large", InvocationType="Event")


def test_an_unknown_invocation_type(deployed: Deployed) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        deployed.boto3().invoke(FunctionName="greet", InvocationType="Later")


def test_other_methods_are_no_routes(deployed: Deployed) -> None:
    status, body = deployed.request("PUT", "/2015-03-31/functions/greet/invocations", b"", {})
    assert (status, json.loads(body)["Message"]) == (403, "Missing Authentication Token")


def test_with_a_guard_the_role_has_to_allow_it() -> None:
    made = Deployed(guarded=True)
    role = Principal(
        "arn:aws:sts::1:assumed-role/a/b", (Statement("Allow", ("lambda:InvokeFunction",), (ARN,)),)
    )
    with served(made.app) as made.served:
        client = made.boto3(made.store.issue(role))
        for name in ("greet", ARN):
            assert client.invoke(FunctionName=name)["StatusCode"] == 200
        with pytest.raises(
            ClientError, match="is not authorized to perform: lambda:InvokeFunction on resource"
        ):
            client.invoke(FunctionName="raises")
        assert made.boto3().invoke(FunctionName="raises")["StatusCode"] == 200
        status, _ = made.request("POST", "/2015-03-31/functions/greet/invocations", b"", {})
        assert status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_a_page_may_invoke_nothing(deployed: Deployed, method: str, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", deployed.served.port, timeout=60)
    sent = {**headers, "X-Amz-Invocation-Type": "Event"}
    connection.request(method, "/2015-03-31/functions/greet/invocations", b"{}", sent)
    answer = connection.getresponse()
    connection.close()
    assert answer.status == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert deployed.functions.later == []


def test_a_page_may_invoke_nothing_by_a_presigned_address_either() -> None:
    made = Deployed(guarded=True)
    with served(made.app) as made.served:
        url = f"{made.served.url}/2015-03-31/functions/GreetFunction/invocations"
        request = AWSRequest("POST", url)
        SigV4QueryAuth(BotocoreCredentials("local", "local"), "lambda", REGION).add_auth(request)
        path = str(request.url).removeprefix(made.served.url)
        assert made.request("POST", path, b"", {})[0] == 200
        assert made.request("POST", path, b"", {"Origin": "https://evil.example"})[0] == 403


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(min_size=1, max_size=20),
    kind=st.sampled_from(["Event", "RequestResponse", "DryRun", "", "x"]),
    body=st.binary(max_size=64),
)
def test_whatever_comes_is_answered_without_a_fault(
    deployed: Deployed, name: str, kind: str, body: bytes
) -> None:
    path = f"/2015-03-31/functions/{quote(name.encode('utf-8', 'replace'), safe='')}/invocations"
    status, _ = deployed.request("POST", path, body, {"X-Amz-Invocation-Type": kind})
    assert status in (200, 202, 204, 400, 404)
    deployed.functions.later.clear()
