"""Runs $disconnect, whose result and errors nobody sees (contract D01, D04, R21)."""

import logging
from collections.abc import Callable

from ..errors import FunctionError
from ..stack.model import Api
from . import events
from .events import Session
from .ids import IdSource
from .integrations import Functions, IntegrationFailed, Integrations

log = logging.getLogger(__name__)


class Departures:
    """The $disconnect route of one stage; no throttle applies to it."""

    def __init__(self, api: Api, functions: Functions, *, ids: IdSource, now_ms: Callable[[], int]) -> None:
        self._api, self._integrations = api, Integrations(functions)
        self._ids, self._now_ms = ids, now_ms

    async def run(self, session: Session, code: int, reason: str) -> None:
        """Have the route run, if there is one. The authorizer is not asked again (D05)."""
        route = self._api.routes.get("$disconnect")
        if route is None or route.integration is None:
            return
        event = events.disconnect_event(
            session,
            code=code,
            reason=reason,
            request_id=self._ids.sibling(session.connection_id),
            now_ms=self._now_ms(),
        )
        try:
            await self._integrations.run(route.integration, event)
        except (FunctionError, IntegrationFailed, TimeoutError) as error:
            log.warning("$disconnect of %s failed: %s", session.connection_id, error or "it timed out")
