"""Lets a request to a guarded route pass, or refuses it: Lambda authorizers of HTTP APIs and IAM; the way to JWT.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ..clock import Clock
from ..errors import FunctionError
from ..gateway.events import query_values
from ..gateway.integrations import Functions
from ..gateway.policy import MalformedPolicy, allows
from ..iam.claims import SignedRequest
from ..iam.credentials import Principal
from ..iam.guard import signed_request
from ..relay.calls import signer
from ..stack.http_model import AuthorizerType, HttpApi, HttpAuthorizer, HttpRoute
from . import events, events_v1
from .admission import Admitted, Refusal
from .requests import HttpRequest
from .routing import Selected
from .web_tokens import WebTokens

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds that an authorizer may take.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

KEPT = 1000
"""Answers that are kept of all authorizers."""


class Callers(Protocol):
    """Whoever knows the credentials and IAM policies of this account."""

    def caller(self, request: SignedRequest, *, resource: str) -> Principal | None:
        """Who has signed the request and may `execute-api:Invoke` the resource; None where nobody has."""


class Authorization:
    """The authorizers of one stage."""

    def __init__(
        self, api: HttpApi, functions: Functions, *, clock: Clock, callers: Callers | None = None
    ) -> None:
        """Without `callers` everybody is let in where IAM is asked for."""
        self._api, self._functions, self._clock, self._callers = api, functions, clock, callers
        self._web_tokens = WebTokens(clock=clock.real)
        self._answers: dict[tuple[Any, ...], tuple[float, Any]] = {}

    async def check(
        self, route: HttpRoute, selected: Selected, request: HttpRequest, *, request_id: str
    ) -> Admitted | None:
        """What is known of the caller, None where the route asks for nothing; Refusal."""
        authorizer = route.authorizer
        if authorizer is None:
            return None
        if authorizer.type is AuthorizerType.IAM:
            return self._signed(request)
        if authorizer.type is AuthorizerType.UNKNOWN:
            raise Refusal(401, "its authorizer is not run here")
        now_ms = int(self._clock.time() * 1000)
        context = events.event(self._api, selected, request, request_id=request_id, now_ms=now_ms)
        identity = [self._identity(source, request, context) for source in authorizer.identity_sources]
        if not all(identity):
            raise Refusal(401)
        if authorizer.type is AuthorizerType.JWT:
            return await self._web_tokens.check(authorizer, "".join(identity[:1]), route.scopes)
        route_arn = self._arn(request)
        key = (authorizer, *identity)
        answer = self._kept(key) if authorizer.ttl and identity else None
        if answer is None:
            asked = self._event(
                authorizer, selected, request, context, request_id=request_id, identity=identity
            )
            answer = await self._ask(authorizer, {**asked, _ARN[asked["version"]]: route_arn})
            if authorizer.ttl and identity:
                self._keep(key, answer, authorizer.ttl)
        return _admitted(authorizer, answer, resource=route_arn, facts=_facts(request, now_ms))

    def _signed(self, request: HttpRequest) -> Admitted | None:
        """Who signed the request."""
        if self._callers is None:
            return None
        signed = signed_request(
            request.method, request.sent_path or "/", request.query, request.headers, request.body
        )
        caller = self._callers.caller(signed, resource=self._arn(request))
        if caller is None:
            raise Refusal(403)
        key = signer(request.header("authorization") or "")
        known = {"accessKey": key, "accountId": self._api.account, "userArn": caller.arn}
        return Admitted({"iam": known}, {})

    def _event(
        self,
        authorizer: HttpAuthorizer,
        selected: Selected,
        request: HttpRequest,
        context: Mapping[str, Any],
        *,
        request_id: str,
        identity: list[str],
    ) -> dict[str, Any]:
        """What the authorizer is asked."""
        if authorizer.payload == "1.0":
            now_ms = context["requestContext"]["timeEpoch"]
            given = events_v1.event(self._api, selected, request, request_id=request_id, now_ms=now_ms)
            for left_out in (
                "body",
                "isBase64Encoded",
                "multiValueHeaders",
                "multiValueQueryStringParameters",
            ):
                given.pop(left_out)
            joined = ",".join(identity)
            return {**given, "type": "REQUEST", "identitySource": joined, "authorizationToken": joined}
        given = {name: value for name, value in context.items() if name not in ("body", "isBase64Encoded")}
        return {**given, "type": "REQUEST", "identitySource": identity or None}

    async def _ask(self, authorizer: HttpAuthorizer, asked: dict[str, Any]) -> Any:
        assert authorizer.function is not None
        try:
            return await self._functions.invoke(authorizer.function, asked, wait=TIMEOUT)
        except FunctionError as error:
            raise Refusal(500, f"its authorizer failed: {error.error_type}") from None
        except TimeoutError:
            raise Refusal(500, f"its authorizer took more than {TIMEOUT:g} s") from None

    def _kept(self, key: tuple[Any, ...]) -> Any:
        until, answer = self._answers.get(key, (0.0, None))
        return answer if self._clock.real() < until else None

    def _keep(self, key: tuple[Any, ...], answer: Any, seconds: float) -> None:
        while len(self._answers) >= KEPT:
            self._answers.pop(next(iter(self._answers)))
        self._answers[key] = (self._clock.real() + seconds, answer)

    def _arn(self, request: HttpRequest) -> str:
        api = self._api
        place = f"{api.id}/{api.stage}/{request.method}{request.decoded_path}"
        return f"arn:aws:execute-api:{api.region}:{api.account}:{place}"

    def _identity(self, source: str, request: HttpRequest, event: Mapping[str, Any]) -> str:
        """What a request has at a source, "" where it has nothing."""
        kind, _, name = source.removeprefix("$").removeprefix("request.").partition(".")
        match kind:
            case "header":
                return request.header(name.lower()) or ""
            case "querystring":
                return ",".join(query_values(request.query).get(name, []))
            case "stageVariables":
                return self._api.stage_variables.get(name, "")
            case "context":
                value: Any = event["requestContext"]
                for part in name.split("."):
                    value = value.get(part) if isinstance(value, Mapping) else None
                return "" if value is None else str(value)
        return ""


_ARN = {"1.0": "methodArn", "2.0": "routeArn"}


def _admitted(
    authorizer: HttpAuthorizer, answer: Any, *, resource: str, facts: Mapping[str, str]
) -> Admitted:
    """The meaning of what the authorizer's function returned; Refusal."""
    context = answer.get("context") or {} if isinstance(answer, dict) else None
    if not isinstance(context, dict):
        raise Refusal(500, "its authorizer's answer is of a wrong form")
    if authorizer.simple and authorizer.payload == "2.0":
        if not isinstance(answer.get("isAuthorized"), bool):
            raise Refusal(500, "its authorizer's answer has no isAuthorized")
        allowed = answer["isAuthorized"]
    else:
        try:
            allowed = allows(answer.get("policyDocument"), resource=resource, facts=facts)
        except MalformedPolicy as error:
            raise Refusal(500, f"its authorizer's answer: {error}") from None
    if not allowed:
        raise Refusal(403)
    principal = answer.get("principalId")
    named = {"principalId": principal} if isinstance(principal, str) else {}
    return Admitted({"lambda": context or None}, {**context, **named})


def _facts(request: HttpRequest, now_ms: int) -> dict[str, str]:
    """The values of the condition keys that a policy may ask for, by lower-case name."""
    sent = {"aws:useragent": request.header("user-agent"), "aws:referer": request.header("referer")}
    return {
        "aws:sourceip": request.source_ip,
        "aws:securetransport": "true",  # as in the cloud
        "aws:epochtime": str(now_ms // 1000),
        **{name: value for name, value in sent.items() if value is not None},
    }
