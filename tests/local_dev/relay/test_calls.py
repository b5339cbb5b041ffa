"""What a request calls, and errors that boto3 takes for the service's own."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local_dev.relay.calls import Call, call_of, error_answer, signer

TEXT = "It is <not> to be"
SEEN: list[Call] = []


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers each call with the error whose name is in the server."""

    code, status = "Some", None
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = call_of(self.command, self.path, headers, body)
        SEEN.append(call)
        self.wfile.write(error_answer(call, self.code, self.status, TEXT))

    do_GET = do_POST = do_PUT = answer  # noqa: N815 (the server's names)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def refusing(error: str, status: int | None) -> Iterator[str]:
    handler = type("Handler", (Refusing,), {"code": error, "status": status})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="ASIAKEY",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "seen"),
    [
        ("dynamodb", "get_item", {"TableName": "table", "Key": {"id": {"S": "a"}}}, ("dynamodb", "GetItem")),
        ("sqs", "list_queues", {}, ("sqs", "ListQueues")),
        ("sns", "list_topics", {}, ("sns", "ListTopics")),
        ("s3", "get_object", {"Bucket": "bucket", "Key": "a"}, ("s3", "GET")),
        ("ssm", "get_parameter", {"Name": "a"}, ("ssm", "GetParameter")),
        ("stepfunctions", "list_state_machines", {}, ("states", "ListStateMachines")),
    ],
)
@pytest.mark.parametrize(
    "error",
    [
        ("ThrottlingException", None, 400),
        ("InternalServerError", None, 500),
        ("ServiceUnavailable", None, 503),
        ("Odd", 418, 418),
    ],
)
def test_boto3_takes_it_for_the_service_s_own(
    service: str,
    operation: str,
    arguments: dict[str, Any],
    seen: tuple[str, str],
    error: tuple[str, int | None, int],
) -> None:
    code, status, expected = error
    with refusing(code, status) as url, pytest.raises(ClientError) as raised:
        getattr(client(service, url), operation)(**arguments)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["Error"]["Message"] == TEXT
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == expected
    assert (SEEN[-1].service, SEEN[-1].operation) == seen
    assert SEEN[-1].access_key == "ASIAKEY"


def test_an_error_that_dynamodb_knows_is_raised_as_it() -> None:
    with refusing("ProvisionedThroughputExceededException", None) as url:
        dynamodb = client("dynamodb", url)
        with pytest.raises(dynamodb.exceptions.ProvisionedThroughputExceededException):
            dynamodb.scan(TableName="table")


def test_the_callers_trace() -> None:
    headers = {
        "x-amzn-trace-id": "Root=1-0000abcd-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0"
    }
    assert call_of("POST", "/", headers, b"").trace == "1-0000abcd-0123456789abcdef01234567"
    assert call_of("POST", "/service/Metrics/operation/PutData", {}, b"").operation == "PutData"
    presigned = "/b/k?X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
    assert call_of("GET", presigned, {}, b"").service == "s3"


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text()), st.binary())
def test_no_request_breaks_it(method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    call_of(method, f"/{target}", headers, body)
    signer(target)
