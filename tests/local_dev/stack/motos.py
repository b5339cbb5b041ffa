"""moto in the test's own process, as it is and as the gateway runs it, asked as its server is."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local_dev.stack.moto_front import with_a_short_way
from local_dev.stack.moto_patches import patches

AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=ASIALOCALLOCALLOCAL0/20260101/us-east-1/dynamodb/aws4_request, "
Request = tuple[str, Any]
VARYING = re.compile(
    r'("(?:Backup\w+|CreationDateTime|(?:Latest)?Stream(?:Arn|Label)|RevisionId|Table\w*Time)": )("[^"]*"|[0-9.]+)'
)


def environ(operation: str, parameters: Any, **more: str) -> dict[str, Any]:
    """The request as an SDK sends it and a WSGI server reads it; `more` are other variables of it."""
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters).encode()
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_AUTHORIZATION": f"{AUTHORIZATION}SignedHeaders=host, Signature=0",
        "HTTP_USER_AGENT": "Boto3/1.44.5 md/Botocore#1.44.5",
        "HTTP_X_AMZ_TARGET": operation if "." in operation else f"DynamoDB_20120810.{operation}",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **more,
    }


class Moto:
    """moto's server without its sockets; with `short`, as the gateway runs it."""

    def __init__(self, *, short: bool) -> None:
        application = DomainDispatcherApplication(create_backend_app)
        self._application: Any = with_a_short_way(application) if short else application

    def ask(self, operation: str, parameters: Any, **more: str) -> Any:
        """The status, the headers that are the same each time, and the body; or what was raised."""
        told: list[Any] = []
        try:
            chunks = self._application(
                environ(operation, parameters, **more), lambda *each: told.append(each)
            )
            body = b"".join(chunks).decode()
        except Exception as error:
            return type(error).__name__, str(error)
        ((status, headers),) = (each[:2] for each in told)
        body, varied = VARYING.subn(r"\1-", body)
        left_out = {"x-amzn-requestid"} | ({"x-amz-crc32", "content-length"} if varied else set())
        return status, [(name, value) for name, value in headers if name.lower() not in left_out], body


@contextmanager
def running(*, short: bool) -> Iterator[Moto]:
    """A new moto, as it is or as the gateway runs it."""
    dynamodb_backends.reset()
    dynamodbstreams_backends.reset()
    with pytest.MonkeyPatch.context() as patch:
        if short:
            for owner, name, replacement in patches():
                patch.setattr(owner, name, replacement, raising=False)
        yield Moto(short=short)


def answers(requests: list[Request], *, short: bool) -> list[Any]:
    """What a new moto answers to them."""
    with running(short=short) as moto:
        return [moto.ask(*request) for request in requests]


def check(requests: list[Request]) -> list[Any]:
    """The same answers both ways."""
    long, short = answers(requests, short=False), answers(requests, short=True)
    for request, one, other in zip(requests, long, short, strict=True):
        assert other == one, request
    return short
