"""Runs a deployed CloudFront function (viewer-request) on a request, in an embedded JavaScript engine.

CloudFront functions are plain JavaScript with a `handler(event)`; what they return is the request to
pass on or a response to give. Their source is taken from the template, so what runs here is what runs
at the edge. Not supported: `import` and `require` of CloudFront's helper modules, and the key-value
store. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import quickjs

from ..errors import EdgeError

_RUN = """
var __answer;
function __run(event) {
  __answer = undefined;
  Promise.resolve()
    .then(function () { return handler(JSON.parse(event)); })
    .then(
      function (value) { __answer = JSON.stringify({ value: value }); },
      function (error) { __answer = JSON.stringify({ error: String(error) }); });
}
"""

MEMORY_LIMIT = 2 * 1024 * 1024 + 1024 * 1024
"""Bytes: the 2 MB of a CloudFront function (contract C09), and what this engine itself needs."""


NOT_SHOWN = frozenset({"connection", "upgrade"})
"""Headers that functions do not see (contract C08)."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class EdgeRequest:
    """The request as the function left it: a path, and a query string as it goes to the origin; headers by name in
    small letters, None where it gave none back.
    """

    path: str
    query: str
    headers: Mapping[str, str] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class EdgeResponse:
    """The function answered by itself."""

    status: int
    headers: dict[str, str]
    body: str


class EdgeFunction:
    """One function. Not for use from several threads: the engine is bound to the one that made it."""

    def __init__(self, source: str) -> None:
        self._context = quickjs.Context()
        self._context.set_memory_limit(MEMORY_LIMIT)
        self._context.set_time_limit(1)
        try:
            self._context.eval(source)
            self._context.eval(_RUN)
        except quickjs.JSException as error:
            raise EdgeError(f"the CloudFront function cannot be loaded: {_one_line(error)}") from None

    def __call__(
        self, *, path: str, query: str, headers: Mapping[str, str], viewer_ip: str, method: str = "GET"
    ) -> EdgeRequest | EdgeResponse:
        """Run the function. `path` and `query` are as they were sent, still encoded."""
        event = {
            "version": "1.0",
            "context": {"eventType": "viewer-request"},
            "viewer": {"ip": viewer_ip},
            "request": {
                "method": method,
                "uri": path,
                "querystring": _query_object(query),
                "headers": {
                    name.lower(): {"value": value}
                    for name, value in headers.items()
                    if name.lower() not in NOT_SHOWN
                },
                "cookies": {},
            },
        }
        try:
            self._context.get("__run")(json.dumps(event))
            while self._context.execute_pending_job():
                pass
        except quickjs.JSException as error:
            raise EdgeError(f"the CloudFront function failed: {_one_line(error)}") from None
        answer = json.loads(self._context.get("__answer") or '{"error": "it never answered"}')
        if "error" in answer:
            raise EdgeError(f"the CloudFront function failed: {answer['error']}")
        try:
            return _read(answer.get("value"))
        except (AttributeError, TypeError, ValueError):
            raise EdgeError("the CloudFront function returned an object of a wrong shape") from None


def _read(value: Any) -> EdgeRequest | EdgeResponse:
    if not isinstance(value, dict):
        raise EdgeError("the CloudFront function returned neither a request nor a response")
    if "statusCode" in value:
        status, body = int(value["statusCode"]), value.get("body", "")
        headers = {name: str(item.get("value", "")) for name, item in (value.get("headers") or {}).items()}
        sound = all(_NAME.fullmatch(name) and _VALUE.fullmatch(text) for name, text in headers.items())
        if not sound or not 200 <= status < 600:
            raise EdgeError("the CloudFront function returned a status or a header that is none")
        text = str(body.get("data", "")) if isinstance(body, dict) else str(body)
        return EdgeResponse(status, headers, _SURROGATES.sub("\ufffd", text))
    if not isinstance(value.get("uri"), str):
        raise EdgeError("the CloudFront function returned a request without a uri")
    return EdgeRequest(
        value["uri"], _query_text(value.get("querystring") or {}), _headers(value.get("headers"))
    )


def _headers(value: Any) -> dict[str, str] | None:
    """A request's headers; of several values of one name the last."""
    if value is None:
        return None
    found = {
        name.lower(): str((item.get("multiValue") or [item])[-1].get("value", ""))
        for name, item in value.items()
    }
    if not all(_NAME.fullmatch(name) and _VALUE.fullmatch(text) for name, text in found.items()):
        raise EdgeError("the CloudFront function returned a header that is none")
    return found


def _query_object(query: str) -> dict[str, Any]:
    """The event's form of a query string (contract C10): values as sent, the last of a repeated name under
    `value`.
    """
    result: dict[str, Any] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name in result:
            multi = result[name].setdefault("multiValue", [{"value": result[name]["value"]}])
            multi.append({"value": value})
        else:
            result[name] = {"value": value}
    return result


def _query_text(query: Any) -> str:
    if isinstance(query, str):
        return query
    parts = []
    for name, item in query.items():
        values = item.get("multiValue") or [item]
        parts += [f"{name}={value.get('value', '')}" for value in values]
    return "&".join(parts)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
