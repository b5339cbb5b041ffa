"""The events that API Gateway gives to Lambda, and the frames it sends itself (contract E01 to E23, A02,
R11 to R13).

Pure: a connection and what happened in, a dict out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

from ..stack.model import Api

Headers = Iterable[tuple[str, str]]

_REWRITTEN = frozenset(
    {
        *("host", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"),
    }
)
"""Headers that have AWS's value, whatever the client sent (contract E18, E20)."""


@dataclass(frozen=True)
class Handshake:
    """What a client sent to open a connection. `query` is still encoded; header names are in the client's
    spelling. `path` is as sent, `host` the Host header as sent: a signature covers both.
    """

    headers: tuple[tuple[str, str], ...]
    query: str
    source_ip: str
    trace_id: str = ""
    path: str = ""
    host: str = ""


class Problem(Enum):
    """What the gateway itself says to a client whose message failed: the texts of error frames."""

    FORBIDDEN = "Forbidden"  # R11
    INTERNAL = "Internal server error"  # R12
    TIMED_OUT = "Endpoint request timed out"  # R13
    BAD_BODY = "Invalid request body"  # R14
    THROTTLED = "Too Many Requests"  # L14


@dataclass
class Session:
    """What stays the same in every event of a connection; `authorizer` is filled in once $connect was
    authorized. `stage_variables` are those that events show (E05).
    """

    api: Api
    connection_id: str
    connected_at: int
    handshake: Handshake
    authorizer: dict[str, Any] | None = field(default=None)
    stage_variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def domain_name(self) -> str:
        """The custom domain name if the client used one of the API's, else the API's own name (E18)."""
        host = self.handshake.host.partition(":")[0].lower()
        custom = (domain.name for domain in self.api.domains if domain.name.lower() == host)
        return next(custom, self.api.domain_name)


def connect_event(session: Session, *, request_id: str, now_ms: int) -> dict[str, Any]:
    """The $connect event (E01, E20 to E22): no body, and query strings only if the URL had a query."""
    headers = [
        (name, value)
        for name, value in _forwarded(session)
        if name.lower() not in ("connection", "upgrade")  # E21
    ]
    return {
        **_header_maps(headers),
        **_query_maps(session.handshake.query),
        "requestContext": _context(
            session, route="$connect", event_type="CONNECT", request_id=request_id, now_ms=now_ms
        ),
        **_stage_variables(session),
        "isBase64Encoded": False,
    }


def authorizer_event(session: Session, *, request_id: str, now_ms: int) -> dict[str, Any]:
    """The REQUEST authorizer's event (A02): empty objects where $connect leaves keys out, all headers, no
    body.
    """
    query = {
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        **_query_maps(session.handshake.query),
    }
    return {
        "type": "REQUEST",
        "methodArn": method_arn(session.api, "$connect"),
        **_header_maps([*_forwarded(session), ("content-length", "0")]),
        **query,
        "stageVariables": dict(session.api.stage_variables),
        "requestContext": _context(
            session, route="$connect", event_type="CONNECT", request_id=request_id, now_ms=now_ms
        ),
    }


def message_event(
    session: Session, *, route: str, body: str, request_id: str, message_id: str, now_ms: int
) -> dict[str, Any]:
    """A message's event (E02, E07): the frame's text, unparsed; no headers, no query."""
    context = _context(session, route=route, event_type="MESSAGE", request_id=request_id, now_ms=now_ms)
    return {
        "requestContext": {**context, "messageId": message_id},
        **_stage_variables(session),
        "body": body,
        "isBase64Encoded": False,
    }


def disconnect_event(
    session: Session, *, code: int, reason: str, request_id: str, now_ms: int
) -> dict[str, Any]:
    """The $disconnect event (E03, E04, E08): its headers are a stub, not the handshake's."""
    stub = [("Host", session.domain_name), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    context = _context(
        session, route="$disconnect", event_type="DISCONNECT", request_id=request_id, now_ms=now_ms
    )
    return {
        **_header_maps(stub),
        "requestContext": {**context, "disconnectStatusCode": code, "disconnectReason": reason},
        **_stage_variables(session),
        "isBase64Encoded": False,
    }


def error_frame(message: str, *, connection_id: str, request_id: str) -> str:
    """The frame the gateway sends when a message fails; the odd blanks are AWS's, byte for byte (R11)."""
    return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


def method_arn(api: Api, route_key: str) -> str:
    """The ARN that an authorizer's policy has to allow."""
    return f"arn:aws:execute-api:{api.region}:{api.account}:{api.id}/{api.stage}/{route_key}"


def user_agent(handshake: Handshake) -> str | None:
    """The client's User-Agent, None where it sent none."""
    sent = [value for name, value in handshake.headers if name.lower() == "user-agent"]
    return sent[-1] if sent else None


def query_values(query: str) -> dict[str, list[str]]:
    """Decoded query values by name, in order; a name without `=` has the value ""."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return values


def _context(
    session: Session, *, route: str, event_type: str, request_id: str, now_ms: int
) -> dict[str, Any]:
    api, handshake = session.api, session.handshake
    identity = {"sourceIp": handshake.source_ip}
    agent = user_agent(handshake)
    if agent is not None:
        identity = {"userAgent": agent, **identity}  # absent when the client sent none (E13)
    context: dict[str, Any] = {
        "routeKey": route,
        "eventType": event_type,
        "extendedRequestId": request_id,  # equal to requestId on WebSocket APIs (E14)
        "requestTime": datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "messageDirection": "IN",
        "stage": api.stage,
        "connectedAt": session.connected_at,
        "requestTimeEpoch": now_ms,
        "identity": identity,
        "requestId": request_id,
        "domainName": session.domain_name,
        "connectionId": session.connection_id,
        "apiId": api.id,
    }
    if session.authorizer is not None:
        context["authorizer"] = session.authorizer
    return context


def _forwarded(session: Session) -> list[tuple[str, str]]:
    """The client's headers with AWS's own; what proxies said before is kept ahead of the client's address."""
    handshake = session.handshake
    own = [(name, value) for name, value in handshake.headers if name.lower() not in _REWRITTEN]
    before = [value for name, value in handshake.headers if name.lower() == "x-forwarded-for"]
    return [
        ("Host", session.domain_name),
        *own,
        ("X-Amzn-Trace-Id", handshake.trace_id),
        ("X-Forwarded-For", ", ".join([*before, handshake.source_ip])),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def _header_maps(headers: Headers) -> dict[str, Any]:
    multi: dict[str, list[str]] = {}
    for name, value in headers:
        multi.setdefault(name, []).append(value)
    return {
        "headers": {name: values[-1] for name, values in multi.items()},
        "multiValueHeaders": multi,
    }


def _query_maps(query: str) -> dict[str, Any]:
    values = query_values(query)
    if not values:
        return {}
    return {
        "queryStringParameters": {name: items[-1] for name, items in values.items()},
        "multiValueQueryStringParameters": values,
    }


def _stage_variables(session: Session) -> Mapping[str, Any]:
    return {"stageVariables": dict(session.stage_variables)} if session.stage_variables else {}
