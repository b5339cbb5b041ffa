"""One stage of an HTTP API: takes a request, has its route's function invoked, and answers."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from ..clock import Clock
from ..errors import FunctionError, FunctionThrottled
from ..gateway.ids import extended_request_id
from ..gateway.integrations import Functions
from ..gateway.throttles import AccountLimits, StageThrottles
from ..journal import Journal
from ..stack.http_model import HttpApi, HttpRoute
from . import answers, cors, events, events_v1
from .admission import Refusal
from .answers import HttpAnswer, Malformed, refusal
from .authorization import Authorization, Callers
from .counters import Counters
from .requests import HttpRequest
from .routing import Routing, Selected

log = logging.getLogger(__name__)

HEAD_LIMIT = 10_240
"""Bytes of a request's line and its headers' values.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

REQUEST_ID = "apigw-requestid"
"""The header that has a request's id."""


_EVENTS = {"1.0": events_v1.event, "2.0": events.event}
_ANSWERS = {"1.0": events_v1.read_answer, "2.0": answers.read_answer}
"""By payload format."""


class HttpGateway:
    """Answers the requests to one stage."""

    def __init__(
        self,
        api: HttpApi,
        functions: Functions,
        *,
        clock: Clock | None = None,
        limits: AccountLimits | None = None,
        journal: Journal | None = None,
        callers: Callers | None = None,
        new_id: Callable[[], str] = extended_request_id,
    ) -> None:
        self.api, self._functions, self._journal, self._new_id = api, functions, journal, new_id
        self._clock = clock or Clock()
        self._limits = limits or AccountLimits(clock=self._clock.real)
        self._throttles = StageThrottles(api, clock=self._clock.real)
        self._routing = Routing(api.routes)
        self._authorization = Authorization(api, functions, clock=self._clock, callers=callers)
        self.counters = Counters(api.routes)
        self.closing = False

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """The response to a request; whatever a function does, there is one."""
        started, request_id = self._clock.real(), self._new_id()
        selected = self._routing.select(request.method, request.decoded_path)
        counted = self.counters.of(selected.key if selected else None)
        self._asked(request_id, request, selected)
        counted.open += 1
        try:
            answer = await self._answer(request, selected, request_id)
        except asyncio.CancelledError:
            if not self.closing:
                raise
            answer = refusal(503)
        except Exception:
            # A fault of this program: it is for its log, and must not leave the client without an answer.
            log.exception("%s: a request could not be answered", self.api.logical_id)
            answer = refusal(500)
        finally:
            counted.open -= 1
        counted.requests += 1
        if self.api.cors is not None and not cors.is_preflight(request):
            answer = cors.with_cors(self.api.cors, request, answer)
        if self._journal is not None:
            duration = round((self._clock.real() - started) * 1000, 1)
            self._journal.record("answered", request=request_id, status=answer.status, duration_ms=duration)
        return answer._replace(headers=(*answer.headers, (REQUEST_ID, request_id)), counted=counted)

    def _asked(self, request_id: str, request: HttpRequest, selected: Selected | None) -> None:
        """Write a request down: not its query, which may have a credential in it."""
        if self._journal is not None:
            self._journal.record(
                "requested",
                request=request_id,
                api=self.api.logical_id,
                stage=self.api.stage,
                method=request.method,
                path=request.path,
                route=selected.key if selected else None,
                source=request.source_ip,
            )

    async def shut_down(self) -> None:
        """From now on an invocation that is given up is no fault."""
        self.closing = True

    async def _answer(self, request: HttpRequest, selected: Selected | None, request_id: str) -> HttpAnswer:
        if request.size() > HEAD_LIMIT:
            return refusal(431)
        route = self.api.routes[selected.key] if selected else None
        guarded = route is not None and route.authorizer is not None
        if self.api.cors is not None and cors.is_preflight(request) and not guarded:
            return cors.preflight(self.api.cors, request)
        if route is None or selected is None:
            return refusal(404)
        if not (self._limits.requests.take() and self._throttles.admit(route.key)):
            return refusal(429)
        try:
            admitted = await self._authorization.check(route, selected, request, request_id=request_id)
        except Refusal as error:
            if str(error):
                log.warning("%s %s: %s", self.api.logical_id, route.key, error)
            return refusal(error.status)
        if route.integration is None:
            return refusal(500)
        payload = route.integration.payload
        given = _EVENTS[payload](
            self.api,
            selected,
            request,
            request_id=request_id,
            now_ms=int(self._clock.time() * 1000),
            authorizer=admitted.shown(payload) if admitted else None,
        )
        return await self._invoke(route, given)

    async def _invoke(self, route: HttpRoute, given: dict[str, Any]) -> HttpAnswer:
        integration = route.integration
        assert integration is not None
        try:
            result = await self._functions.invoke(integration.function, given, wait=integration.timeout)
            return _ANSWERS[integration.payload](result)
        except Malformed as error:
            log.warning("%s: the function's answer is no response: %s", route.key, error)
            return refusal(500)
        except (TimeoutError, FunctionThrottled):
            return refusal(503)
        except FunctionError as error:  # the function's own log says why
            return refusal(413 if error.error_type == "RequestEntityTooLargeException" else 500)
