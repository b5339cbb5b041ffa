"""Decides what one message leads to: its route, the run of that route, what the sender hears (contract section
4).
"""

import logging
from dataclasses import dataclass

from ..errors import FunctionError
from ..stack.model import Api, Route
from . import events
from .assumptions import Assumptions
from .events import Problem, Session
from .ids import IdSource
from .integrations import Answer, Functions, IntegrationFailed, Integrations
from .models import RequestModels
from .selection import select_route
from .throttles import AccountLimits, StageThrottles

log = logging.getLogger(__name__)

MESSAGE_LIMIT = 128 * 1024
"""Bytes of a message, in either direction (contract L01)."""


@dataclass(frozen=True)
class Message:
    """A message that came in at `now_ms`; `route` is None where it selects none."""

    body: str
    route: Route | None
    request_id: str
    message_id: str
    now_ms: int


class Messages:
    """The routes of one stage, for messages."""

    def __init__(
        self,
        api: Api,
        functions: Functions,
        *,
        ids: IdSource,
        assumptions: Assumptions,
        limits: AccountLimits,
        throttles: StageThrottles,
    ) -> None:
        self._api, self._ids, self._integrations = api, ids, Integrations(functions)
        self._assumptions, self._limits, self._throttles = assumptions, limits, throttles
        self._models = RequestModels(api)

    def take(self, session: Session, body: str, *, now_ms: int) -> Message:
        """The message with its ids, and with the route that it selects."""
        expression = self._api.route_selection_expression
        key = select_route(expression, body, self._api.routes, self._assumptions)
        return Message(
            body,
            self._api.routes[key] if key is not None else None,
            request_id=self._ids.sibling(session.connection_id),
            message_id=self._ids.sibling(session.connection_id),
            now_ms=now_ms,
        )

    def admit(self, message: Message) -> bool:
        """Whether the throttles let the message pass: those of its route or the stage, then the account's."""
        route = message.route
        return (route is None or self._throttles.admit(route.key)) and self._limits.requests.take()

    async def run(self, session: Session, message: Message) -> str | Problem | None:
        """Run the route. What the sender gets: the text of a two-way route, a problem, or nothing (R17)."""
        route, body = message.route, message.body
        if route is None:
            return Problem.FORBIDDEN
        if not self._models.accept(route, body):
            return Problem.BAD_BODY
        if route.integration is None:
            return None
        event = events.message_event(
            session,
            route=route.key,
            body=body,
            request_id=message.request_id,
            message_id=message.message_id,
            now_ms=message.now_ms,
        )
        try:
            answer = await self._integrations.run(route.integration, event)
        except TimeoutError:
            log.warning("route %s: no answer within %g s", route.key, route.integration.timeout)
            return Problem.TIMED_OUT
        except FunctionError:  # reported where the function runs
            return Problem.INTERNAL
        except IntegrationFailed as error:
            log.warning("route %s: %s", route.key, error)
            return Problem.INTERNAL
        return self._response(answer) if route.responds else None

    def _response(self, answer: Answer) -> str | Problem:
        """What a two-way route sends (R18). An answer that is no object, or whose body is no text or too
        large, is taken for an internal error: believed, as no recording was found (BEL).
        """
        body = _sendable(answer.body or "")  # a frame without text is sent all the same (R19)
        if not answer.well_formed or len(body.encode()) > MESSAGE_LIMIT:
            return Problem.INTERNAL
        failed = answer.status is not None and not 200 <= answer.status < 300
        if failed and self._assumptions.route_response_errors == "error-frame":
            return Problem.INTERNAL  # R16
        return body


def _sendable(text: str) -> str:
    """The text with U+FFFD for what JSON can hold and UTF-8 cannot: half a surrogate pair (as in L07)."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
