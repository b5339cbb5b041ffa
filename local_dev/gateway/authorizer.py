"""What a REQUEST authorizer's answer means (contract H09 to H12, A03, A04, E19). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..stack.model import Api
from .events import Handshake, query_values

INVOKE_ACTION = "execute-api:Invoke"


@dataclass(frozen=True)
class Allowed:
    """The connection may be opened; `context` goes into every later event."""

    context: dict[str, Any]


@dataclass(frozen=True)
class Denied:
    """The handshake is refused with this HTTP status."""

    status: int


def missing_identity_source(sources: tuple[str, ...], handshake: Handshake, api: Api) -> bool:
    """Whether a source is absent or empty, in which case the answer is 401 and nothing is invoked."""
    headers = {name.lower(): value for name, value in handshake.headers}
    query = query_values(handshake.query)
    for source in sources:
        kind, _, name = source.removeprefix("route.request.").partition(".")
        value: str | None
        if kind == "header":
            value = headers.get(name.lower())
        elif kind == "querystring":
            value = query.get(name, [""])[-1]
        elif kind == "stageVariables":
            value = api.stage_variables.get(name)
        else:  # context.*: always there
            continue
        if not value:
            return True
    return False


def decide(answer: Any, *, method_arn: str, latency_ms: int) -> Allowed | Denied:
    """The meaning of what the authorizer's Lambda returned. A wrong shape is 500, a policy that does not
    allow is 403.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str):
        return Denied(500)
    policy = answer.get("policyDocument")
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(item, dict) for item in statements):
        return Denied(500)
    context = answer.get("context") or {}
    if not isinstance(context, dict) or any(isinstance(value, dict | list) for value in context.values()):
        return Denied(500)
    effects = {item.get("Effect") for item in statements if _applies(item, method_arn)}
    if "Deny" in effects or "Allow" not in effects:
        return Denied(403)
    return Allowed(
        {
            **{key: _as_string(value) for key, value in context.items() if value is not None},
            "principalId": answer["principalId"],
            "integrationLatency": latency_ms,
        }
    )


def _applies(statement: Mapping[str, Any], method_arn: str) -> bool:
    return _matches(statement.get("Action"), INVOKE_ACTION, ignore_case=True) and _matches(
        statement.get("Resource"), method_arn
    )


def _matches(patterns: Any, text: str, *, ignore_case: bool = False) -> bool:
    for pattern in [patterns] if isinstance(patterns, str) else patterns or []:
        # IAM's wildcards: * is any text, slashes included; ? is one character.
        expression = re.escape(str(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
        if re.fullmatch(expression, text, re.IGNORECASE if ignore_case else 0):
            return True
    return False


def _as_string(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
