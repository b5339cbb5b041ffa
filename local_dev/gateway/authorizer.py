"""What a REQUEST authorizer asks for, and what its answer means (contract H09 to H12, A03, A04, E19). Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..stack.model import Api
from .assumptions import Assumptions
from .events import Handshake, query_values
from .policy import MalformedPolicy, allows

ANSWER_LIMIT = 8 * 1024
"""Bytes that an authorizer's answer may have, as JSON (contract A04, L12)."""


@dataclass(frozen=True)
class Allowed:
    """The connection may be opened; `context` goes into every later event. `usage_key` is the API key that
    the authorizer names for the client.
    """

    context: dict[str, Any]
    usage_key: str | None = None


@dataclass(frozen=True)
class Denied:
    """The handshake is refused with this HTTP status; `reason` is for the developer."""

    status: int
    reason: str = field(default="", compare=False)


def missing_identity_source(
    sources: tuple[str, ...], handshake: Handshake, api: Api, context: Mapping[str, Any]
) -> str | None:
    """The first source that is absent or empty, in which case the answer is 401 and nothing is invoked
    (H09). `context` is the requestContext of $connect.
    """
    headers = {name.lower(): value for name, value in handshake.headers}
    query = query_values(handshake.query)
    for source in sources:
        kind, _, name = source.removeprefix("$").removeprefix("route.request.").partition(".")
        value: Any
        if kind == "header":
            value = headers.get(name.lower())
        elif kind == "querystring":
            value = query.get(name, [""])[-1]
        elif kind == "stageVariables":
            value = api.stage_variables.get(name)
        elif kind == "context":
            value = _look_up(context, name)
        else:  # nothing that a client could ever send
            value = None
        if value is None or value == "":
            return source
    return None


def facts_of(handshake: Handshake, *, now_ms: int) -> dict[str, str]:
    """The values of the condition keys that a policy may ask for, by lower-case name."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    sent = {name.lower(): value for name, value in handshake.headers}
    facts = {
        "aws:sourceip": handshake.source_ip,
        "aws:securetransport": "true",  # as in the cloud, where there is nothing but wss (H23)
        "aws:currenttime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(now_ms // 1000),
    }
    for key, header in (("aws:useragent", "user-agent"), ("aws:referer", "referer")):
        if header in sent:
            facts[key] = sent[header]
    return facts


def decide(
    answer: Any,
    *,
    method_arn: str,
    latency_ms: int,
    facts: Mapping[str, str] | None = None,
    assumptions: Assumptions = Assumptions(),  # noqa: B008 (frozen)
) -> Allowed | Denied:
    """The meaning of what the authorizer's Lambda returned. A wrong shape is 500, a policy that does not
    allow is 403.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str):
        return Denied(500, "the answer has no principalId")
    if _size(answer) > ANSWER_LIMIT:
        return Denied(500, f"the answer has more than {ANSWER_LIMIT} bytes")
    try:
        allowed = allows(answer.get("policyDocument"), resource=method_arn, facts=facts or {})
    except MalformedPolicy as error:
        return Denied(500, str(error))
    context = answer.get("context") or {}
    if not isinstance(context, dict):
        return Denied(500, "its context is no object")
    nested = [key for key, value in context.items() if isinstance(value, dict | list)]
    if nested and assumptions.nested_context == "500":
        return Denied(500, f"its context has values that are no scalars: {', '.join(map(str, nested))}")
    usage_key = answer.get("usageIdentifierKey")
    if not isinstance(usage_key, str | None):
        return Denied(500, "its usageIdentifierKey is no text")
    if not allowed:
        return Denied(403, f"its policy does not allow {method_arn}")
    return Allowed(
        {
            **{key: _as_string(value) for key, value in context.items() if value is not None},
            "principalId": answer["principalId"],
            "integrationLatency": latency_ms,
        },
        usage_key,
    )


def _size(answer: Any) -> float:
    try:
        return len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):  # a number or a depth that no 8 KB hold
        return float("inf")


def _look_up(context: Mapping[str, Any], path: str) -> Any:
    value: Any = context
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _as_string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
