"""The event that a function gets of a request, in payload format 2.0. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..gateway.events import query_values
from ..stack.http_model import DEFAULT, HttpApi
from .bodies import body_of
from .requests import HttpRequest
from .routing import Selected

_NOT_PASSED_ON = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are between two ends of a connection."""

_REWRITTEN = frozenset(
    {"host", "content-length", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
)
"""Headers that have AWS's value, whatever the client sent."""


def event(
    api: HttpApi,
    selected: Selected,
    request: HttpRequest,
    *,
    request_id: str,
    now_ms: int,
    authorizer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The event. What the request lacks is left out: cookies, query, path and stage variables, the body."""
    path = full_path(api, request)
    headers = joined(passed_on(request))
    sent = (part.strip() for value in request.values("cookie") for part in value.split(";"))
    cookies = [cookie for cookie in sent if cookie]
    headers.pop("cookie", None)
    query = {name: ",".join(values) for name, values in query_values(request.query).items()}
    result: dict[str, Any] = {
        "version": "2.0",
        "routeKey": selected.key,
        "rawPath": path,
        "rawQueryString": request.query,
        **({"cookies": cookies} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": query} if query else {}),
        "requestContext": {
            "accountId": api.account,
            "apiId": api.id,
            **({"authorizer": dict(authorizer)} if authorizer else {}),
            "domainName": request.domain_name,
            "domainPrefix": request.domain_name.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": request.header("user-agent") or "",
            },
            "requestId": request_id,
            "routeKey": selected.key,
            "stage": api.stage,
            "time": clf_time(now_ms),
            "timeEpoch": now_ms,
        },
        **({"pathParameters": dict(selected.parameters)} if selected.parameters else {}),
        **({"stageVariables": dict(api.stage_variables)} if api.stage_variables else {}),
    }
    if request.body:
        result["body"], result["isBase64Encoded"] = body_of(request.body, request.header("content-type"))
    else:
        result["isBase64Encoded"] = False
    return result


def full_path(api: HttpApi, request: HttpRequest) -> str:
    """The path as events have it: decoded, with the stage's name before it where that has one."""
    return request.decoded_path if api.stage == DEFAULT else f"/{api.stage}{request.decoded_path}"


def clf_time(now_ms: int) -> str:
    """The time as access logs write it."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def passed_on(request: HttpRequest) -> list[tuple[str, str]]:
    """The headers as they reach a function: the client's, and AWS's own."""
    own = [(name, value) for name, value in request.headers if name not in _NOT_PASSED_ON | _REWRITTEN]
    return [
        *own,
        ("content-length", str(len(request.body))),
        ("host", request.domain_name),
        ("x-amzn-trace-id", request.trace_id),
        ("x-forwarded-for", ", ".join([*request.values("x-forwarded-for"), request.source_ip])),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ]


def joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    """The headers by name, the values of one name joined by commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found
