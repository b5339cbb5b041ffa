"""What a function's result means as an HTTP response. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from .counters import Counted

Headers = tuple[tuple[str, str], ...]

WITHOUT_BODY = (204, 304)
"""Statuses of responses that have none."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\uffff]*")
_OURS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that a function has no say in."""

_PLAIN = "text/plain; charset=utf-8"
_MESSAGES = {413: "Request Entity Too Large"}


class HttpAnswer(NamedTuple):
    """A response: header names in small letters, one pair for each line. `counted` are the figures that its bytes
    belong to.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    counted: Counted | None = None

    def header(self, name: str) -> str | None:
        """The last value of a header, None where there is none."""
        return next((value for other, value in reversed(self.headers) if other == name), None)


class Malformed(Exception):
    """The result is no response."""


def refusal(status: int) -> HttpAnswer:
    """What the gateway itself answers."""
    message = _MESSAGES.get(status) or HTTPStatus(status).phrase
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return HttpAnswer(status, (("content-type", "application/json"),), body)


def read_answer(result: Any) -> HttpAnswer:
    """The response in a result of payload format 2.0. Without a statusCode all of it is the body of a 200; Malformed
    where a part of it has a wrong form.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
        return HttpAnswer(200, (("content-type", "application/json"),), text.encode("utf-8", "replace"))
    headers = read_headers(result.get("headers"))
    cookies = result.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(item, str) for item in cookies):
        raise Malformed("its cookies are no list of texts")
    headers += [("set-cookie", _value(item)) for item in cookies]
    return complete(result, headers)


def complete(result: Mapping[str, Any], headers: list[tuple[str, str]]) -> HttpAnswer:
    """The response of a result with a statusCode, and with these headers; Malformed."""
    if not any(name == "content-type" for name, _ in headers):
        headers = [*headers, ("content-type", _PLAIN)]
    return HttpAnswer(_status(result["statusCode"]), tuple(headers), _body(result))


def read_headers(given: Any) -> list[tuple[str, str]]:
    """The headers of a result; Malformed."""
    if given is None:
        return []
    if not isinstance(given, dict):
        raise Malformed("its headers are no object")
    found = []
    for name, value in given.items():
        if not _NAME.fullmatch(str(name)):
            raise Malformed("a header's name is none")
        if value is not None and name.lower() not in _OURS:
            found.append((name.lower(), _value(value)))
    return found


def _value(value: Any) -> str:
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str | int | float) or not _VALUE.fullmatch(str(value)):
        raise Malformed("a header's value is none")
    return str(value)


def _status(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch("[0-9]{3}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value < 600:
        raise Malformed("its statusCode is no status")
    return value


def _body(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed("its body is no text")
    if result.get("isBase64Encoded") is not True:
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("its body is no base64") from None
