"""Which call to an AWS service a request is, and an error of that service's form. Pure.

https://smithy.io/2.0/aws/protocols/index.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[^/,\s]+/[^/,\s]+/([^/,\s]+)/")
_ROOT = re.compile(r"Root=([0-9A-Za-z-]+)")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)$")
_SERVER_ERROR, _UNAVAILABLE = 500, 503


@dataclass(frozen=True)
class Call:
    """A call. `service` is what it was signed for, `trace` the root of the caller's trace id; "" where it says
    nothing of it. Without an operation's name `operation` is the method. `form` has the parameters of a call that
    sends them as a form.
    """

    service: str
    operation: str
    access_key: str
    trace: str
    json: bool
    """Whether its answer is JSON."""
    method: str = "POST"
    path: str = "/"
    form: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


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
    operation, form = headers.get("x-amz-target", "").rpartition(".")[2], {}
    if not operation and content_type.startswith("application/x-www-form-urlencoded"):
        form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        operation = form.get("Action", "")
    if not operation and (path := _RPC_PATH.search(parts.path)):
        operation = path[1]
    return Call(
        service=signed[2] if signed else "",
        operation=operation or method,
        access_key=signed[1] if signed else "",
        trace=root[1] if root else "",
        json="json" in content_type,
        method=method,
        path=parts.path,
        form=form,
        body=body,
    )


def error_answer(
    call: Call, code: str, status: int | None, message: str, *, namespace: str | None = None
) -> bytes:
    """A whole HTTP response with that error. Without `status` the one that fits its name. `namespace` is that of a JSON
    error's type, where it is not the service's own.
    """
    status = status or _status_of(code)
    headers = f"x-amzn-errortype: {code}\r\n"
    if call.json:
        own = "com.amazonaws.dynamodb.v20120810" if call.service == "dynamodb" else ""
        kind = f"{namespace or own}#{code}" if namespace or own else code
        spelling = "Message" if namespace else "message"
        content, text = "application/x-amz-json-1.0", json.dumps({"__type": kind, spelling: message})
        if call.service == "sqs":  # its clients know errors by the names that they had as XML
            headers += f"x-amzn-query-error: {code};Sender\r\n"
    else:
        fault = "Receiver" if status >= _SERVER_ERROR else "Sender"
        error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        content = "text/xml"
        text = (
            f"<Error>{error}</Error>"
            if call.service == "s3"
            else f"<ErrorResponse><Error><Type>{fault}</Type>{error}</Error></ErrorResponse>"
        )
    body = text.encode()
    return (
        f"HTTP/1.1 {status} Error\r\ncontent-type: {content}\r\n{headers}content-length: {len(body)}\r\n\r\n"
    ).encode() + body


def _status_of(code: str) -> int:
    if code.startswith("Internal"):
        return _SERVER_ERROR
    return _UNAVAILABLE if code.startswith("ServiceUnavailable") else 400
