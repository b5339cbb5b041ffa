"""Which call to an AWS service a request is, and an error of that service's form. Pure.

https://smithy.io/2.0/aws/protocols/index.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

TEXT = "This fault was injected"
"""What each injected error says."""

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[^/,\s]+/[^/,\s]+/([^/,\s]+)/")
_ROOT = re.compile(r"Root=([0-9A-Za-z-]+)")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)$")
_SERVER_ERROR, _UNAVAILABLE = 500, 503


@dataclass(frozen=True)
class Call:
    """A call. `service` is what it was signed for, `trace` the root of the caller's trace id; "" where it says
    nothing of it. Without an operation's name `operation` is the method.
    """

    service: str
    operation: str
    access_key: str
    trace: str
    json: bool
    """Whether its answer is JSON."""


def signer(authorization: str) -> str:
    """The access key in an Authorization header; "" where there is none."""
    found = _CREDENTIAL.search(authorization)
    return found[1] if found else ""


def call_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call that a request is. Header names are in small letters."""
    parts = urlsplit(target)
    query = parse_qs(parts.query)
    presigned = f"Credential={query.get('X-Amz-Credential', [''])[0]}"
    signed = _CREDENTIAL.search(headers.get("authorization", presigned))
    root = _ROOT.search(headers.get("x-amzn-trace-id", ""))
    content_type = headers.get("content-type", "")
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if not operation and content_type.startswith("application/x-www-form-urlencoded"):
        operation = parse_qs(body.decode("latin-1")).get("Action", [""])[0]
    if not operation and (path := _RPC_PATH.search(parts.path)):
        operation = path[1]
    return Call(
        service=signed[2] if signed else "",
        operation=operation or method,
        access_key=signed[1] if signed else "",
        trace=root[1] if root else "",
        json="json" in content_type,
    )


def error_answer(call: Call, code: str, status: int | None) -> bytes:
    """A whole HTTP response with that error. Without `status` the one that fits its name."""
    status = status or _status_of(code)
    if call.json:
        prefix = "com.amazonaws.dynamodb.v20120810#" if call.service == "dynamodb" else ""
        kind, text = "application/x-amz-json-1.0", json.dumps({"__type": prefix + code, "message": TEXT})
    else:
        fault = "Receiver" if status >= _SERVER_ERROR else "Sender"
        error = f"<Code>{escape(code)}</Code><Message>{TEXT}</Message>"
        kind = "text/xml"
        text = (
            f"<Error>{error}</Error>"
            if call.service == "s3"
            else f"<ErrorResponse><Error><Type>{fault}</Type>{error}</Error></ErrorResponse>"
        )
    body = text.encode()
    return (
        f"HTTP/1.1 {status} Injected\r\ncontent-type: {kind}\r\nx-amzn-errortype: {code}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


def _status_of(code: str) -> int:
    if code.startswith("Internal"):
        return _SERVER_ERROR
    return _UNAVAILABLE if code.startswith("ServiceUnavailable") else 400
