"""Decides on a handshake: throttles, authorization, API key, then the $connect route (contract sections 2 and
10).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from ..clock import Clock
from ..errors import FunctionError, FunctionRaised
from ..stack.model import INTEGRATION_TIMEOUT, Api, Authorization, Authorizer, Integration, Route
from . import authorizer, events
from .assumptions import Assumptions
from .events import Handshake, Problem, Session
from .integrations import Functions, IntegrationFailed, Integrations
from .throttles import AccountLimits, StageThrottles

log = logging.getLogger(__name__)


class Permissions(Protocol):
    """Whoever knows the credentials and IAM policies of this account."""

    def may_invoke(self, handshake: Handshake, *, resource: str) -> bool:
        """Whether the handshake is signed well and its signer may `execute-api:Invoke` the resource."""


@dataclass(frozen=True)
class Refused:
    """The handshake ends with this HTTP status; neither body nor headers of the Lambda are shown (contract
    H02). `message` is what the gateway itself says.
    """

    status: int
    message: str
    request_id: str
    connection_id: str


@dataclass(frozen=True)
class Accepted:
    """The handshake ends with 101; `subprotocol` is what the $connect Lambda chose, never what the client
    asked.
    """

    session: Session
    subprotocol: str | None


class _Refusal(Exception):
    """Ends the admission with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Admission:
    """The door of one stage."""

    def __init__(
        self,
        api: Api,
        functions: Functions,
        *,
        clock: Clock,
        assumptions: Assumptions,
        limits: AccountLimits,
        throttles: StageThrottles,
        permissions: Permissions | None,
    ) -> None:
        self._api, self._functions, self._integrations = api, functions, Integrations(functions)
        self._clock, self._assumptions = clock, assumptions
        self._limits, self._throttles, self._permissions = limits, throttles, permissions

    async def admit(self, session: Session, request_id: str) -> Accepted | Refused:
        """The decision on the session's handshake; fills in what the authorizer says of the client."""
        try:
            self._throttle()
            route = self._api.routes.get("$connect")
            subprotocol = None
            if route is not None:  # a route is optional: everybody is let in (H07)
                usage_key = await self._authorize(session, route, request_id)
                self._check_key(session, route, usage_key)
                if route.integration is not None:
                    event = events.connect_event(session, request_id=request_id, now_ms=self._now_ms())
                    subprotocol = await self._connect(route.integration, event)
        except _Refusal as refusal:
            return Refused(refusal.status, message_of(refusal.status), request_id, session.connection_id)
        return Accepted(session, subprotocol)

    def _throttle(self) -> None:
        # Before anything that costs an invocation; which of the two is first is a guess.
        if not (self._throttles.admit("$connect") and self._limits.connections.take()):
            raise _Refusal(429)  # H18

    async def _authorize(self, session: Session, route: Route, request_id: str) -> str | None:
        """Raise _Refusal, or give the API key that the authorizer named, if it did."""
        if route.authorization is Authorization.IAM:
            resource = events.method_arn(self._api, "$connect")
            if self._permissions and not self._permissions.may_invoke(session.handshake, resource=resource):
                raise _Refusal(self._assumptions.iam_refusal_status)  # H13
        elif route.authorizer is not None:
            return await self._ask_authorizer(session, route.authorizer, request_id)
        elif route.authorization is Authorization.CUSTOM:
            log.warning("$connect has an authorizer that does not run here: every client is refused")
            raise _Refusal(500)
        return None

    async def _ask_authorizer(self, session: Session, by: Authorizer, request_id: str) -> str | None:
        event = events.authorizer_event(session, request_id=request_id, now_ms=self._now_ms())
        missing = authorizer.missing_identity_source(
            by.identity_sources, session.handshake, self._api, event["requestContext"]
        )
        if missing:
            log.info("a client was refused: it sent no %s", missing)
            raise _Refusal(401)  # H09
        started = self._clock.real()
        answer = await self._run_authorizer(by.function, event)
        decision = authorizer.decide(
            answer,
            method_arn=event["methodArn"],
            latency_ms=int((self._clock.real() - started) * 1000),
            facts=authorizer.facts_of(session.handshake, now_ms=self._now_ms()),
            assumptions=self._assumptions,
        )
        if isinstance(decision, authorizer.Denied):
            if decision.status == 500:
                log.warning("the authorizer's answer cannot be used: %s", decision.reason)
            raise _Refusal(decision.status)
        session.authorizer = decision.context
        return decision.usage_key

    async def _run_authorizer(self, function: str, event: Mapping[str, Any]) -> Any:
        try:
            return await self._functions.invoke(function, event, wait=INTEGRATION_TIMEOUT)
        except FunctionRaised as error:
            if str(error) == "Unauthorized":
                raise _Refusal(401) from None  # H10
            log.warning("the authorizer failed: %s", error)
            raise _Refusal(self._assumptions.authorizer_error_status) from None  # H12
        except (FunctionError, TimeoutError) as error:
            log.warning("the authorizer failed: %s", error or "it timed out")
            raise _Refusal(500) from None
        except Exception as error:  # a fault of this program: it is for its log, not for the client
            log.exception("the authorizer could not be invoked")
            raise _Refusal(500) from error

    def _check_key(self, session: Session, route: Route, usage_key: str | None) -> None:
        if not route.api_key_required:
            return
        expression = self._api.api_key_selection_expression
        if "authorizer.usageIdentifierKey" in expression:
            key = usage_key
        else:
            wanted = expression.strip("${} ").rpartition("request.header.")[2].lower()
            sent = {name.lower(): value for name, value in session.handshake.headers}
            key = sent.get(wanted)
        if key is None or key not in self._api.api_keys:
            raise _Refusal(self._assumptions.api_key_refusal_status)  # H14

    async def _connect(self, integration: Integration, event: Mapping[str, Any]) -> str | None:
        """Raise _Refusal, or give the subprotocol that the $connect route chose."""
        try:
            answer = await self._integrations.run(integration, event)
        except TimeoutError:
            log.warning("$connect took longer than %g s", integration.timeout)
            raise _Refusal(self._assumptions.connect_timeout_status) from None  # H04
        except FunctionError as error:
            log.warning("$connect failed: %s", error)
            raise _Refusal(502) from None  # H03
        except IntegrationFailed as error:
            log.warning("$connect: %s", error)
            raise _Refusal(500) from None
        status = answer.status
        if status is None:
            status = self._assumptions.connect_without_status  # H05
            log.warning("$connect answered without a statusCode, which counts as %d", status)
        if not 200 <= status < 300:
            raise _Refusal(status)  # H02
        return answer.subprotocol  # H19, H20

    def _now_ms(self) -> int:
        return int(self._clock.time() * 1000)


def message_of(status: int) -> str:
    """What the gateway says to whom it refuses with this status (contract H06)."""
    if status in (500, 502):
        return Problem.INTERNAL.value
    if status == 504:
        return Problem.TIMED_OUT.value
    if status == 414:
        return "URI Too Long"  # the phrase that Python knows depends on its version
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
