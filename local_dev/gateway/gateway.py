"""What API Gateway does with a connection: authorize and connect, route messages, disconnect. No sockets
in here.

The data plane's shell (`app.py`) hands in handshakes and frames and carries out what comes back.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import FunctionError, FunctionRaised
from ..stack.model import INTEGRATION_TIMEOUT, Api, Authorizer, Integration
from . import authorizer, events, selection
from .connections import Connection, Connections, State
from .ids import IdSource

log = logging.getLogger(__name__)


class Functions(Protocol):
    """Whoever runs the Lambda functions."""

    async def invoke(self, name: str, event: Mapping[str, Any], *, wait: float) -> Any:
        """The function's result within `wait` seconds; TimeoutError after that, FunctionError where there
        is none.
        """


@dataclass(frozen=True)
class Refused:
    """The handshake ends with this HTTP status; neither body nor headers of the Lambda are shown (contract
    H02).
    """

    status: int
    request_id: str
    connection_id: str


@dataclass(frozen=True)
class Accepted:
    """The handshake ends with 101; `subprotocol` is what the $connect Lambda chose, never what the client
    asked.
    """

    session: events.Session
    subprotocol: str | None


class Gateway:
    """One WebSocket API and its connections. The clock gives epoch seconds."""

    def __init__(
        self,
        api: Api,
        functions: Functions,
        *,
        ids: IdSource | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.api = api
        self.connections = Connections()
        self._functions = functions
        self._ids = ids or IdSource(clock=clock)
        self._clock = clock
        self.closing = False

    async def connect(self, handshake: events.Handshake) -> Accepted | Refused:
        """Run the authorizer and the $connect route. Nothing can be posted to the connection until
        `opened`.
        """
        session = events.Session(self.api, self._ids.connection_id(), self.now_ms(), handshake)
        request_id = self._ids.sibling(session.connection_id)
        route = self.api.routes.get("$connect")
        status, subprotocol = 200, None
        if route and route.authorizer:
            status = await self._authorize(session, route.authorizer, request_id)
        if route and route.integration and status == 200:
            event = events.connect_event(session, request_id=request_id, now_ms=self.now_ms())
            status, subprotocol = await self._run_connect(route.integration, event)
        if status != 200:
            return Refused(status, request_id, session.connection_id)
        return Accepted(session, subprotocol)

    def opened(
        self,
        accepted: Accepted,
        *,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int, str], Awaitable[None]],
    ) -> Connection:
        """The 101 is on the wire: from now on the connection can be posted to."""
        connection = Connection(accepted.session, send, close, last_active_ms=self.now_ms())
        self.connections.open(connection)
        return connection

    async def message(self, connection: Connection, body: str) -> None:
        """Route one message; the client hears only of failures (contract R11 to R13, R15, R17)."""
        connection.last_active_ms = now = self.now_ms()
        request_id = self._ids.sibling(connection.id)
        key = selection.select_route(self.api.route_selection_expression, body, self.api.routes)
        route = self.api.routes[key] if key else None
        problem = None
        if route is None:
            problem = "Forbidden"
        elif route.integration:
            event = events.message_event(
                connection.session,
                route=route.key,
                body=body,
                request_id=request_id,
                message_id=self._ids.sibling(connection.id),
                now_ms=now,
            )
            problem = await self._run_message(route.integration, event)
        if problem and connection.state is State.OPEN:
            frame = events.error_frame(problem, connection_id=connection.id, request_id=request_id)
            await connection.send(frame)

    async def disconnected(self, connection: Connection, code: int, reason: str) -> None:
        """The socket is closed. Run $disconnect after that, whose result nobody sees (contract D01, D02)."""
        self.connections.close(connection)
        route = self.api.routes.get("$disconnect")
        if self.closing or route is None or route.integration is None:
            return
        event = events.disconnect_event(
            connection.session,
            code=code,
            reason=reason,
            request_id=self._ids.sibling(connection.id),
            now_ms=self.now_ms(),
        )
        try:
            await self._invoke(route.integration, event)
        except (FunctionError, TimeoutError) as error:
            log.warning("$disconnect of %s failed: %s", connection.id, error or "it timed out")

    async def post(self, connection_id: str, text: str) -> None:
        """Send a text frame to a connection; Gone or BufferFull where that cannot be."""
        connection = self.connections.get(connection_id)
        await connection.send(text)
        connection.last_active_ms = self.now_ms()

    async def cut(self, connection_id: str) -> None:
        """Close a connection as DELETE @connections does; Gone where there is none."""
        connection = self.connections.get(connection_id)
        connection.closed_by_gateway = (1000, "Connection Closed Normally")
        await connection.close(*connection.closed_by_gateway)

    async def shut_down(self) -> None:
        """Close every connection; no $disconnect follows, since the stack goes down as well."""
        self.closing = True
        for connection in self.connections.all():
            connection.closed_by_gateway = (1001, "Going away")
            await connection.close(*connection.closed_by_gateway)

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self._clock() * 1000)

    async def _authorize(self, session: events.Session, by: Authorizer, request_id: str) -> int:
        if authorizer.missing_identity_source(by.identity_sources, session.handshake, self.api):
            return 401
        event = events.authorizer_event(session, request_id=request_id, now_ms=self.now_ms())
        started = self._clock()
        try:
            answer = await self._functions.invoke(by.function, event, wait=INTEGRATION_TIMEOUT)
        except FunctionRaised as error:
            return 401 if str(error) == "Unauthorized" else 500
        except (FunctionError, TimeoutError) as error:
            log.warning("the authorizer failed: %s", error or "it timed out")
            return 500
        decision = authorizer.decide(
            answer,
            method_arn=event["methodArn"],
            latency_ms=int((self._clock() - started) * 1000),
        )
        if isinstance(decision, authorizer.Denied):
            return decision.status
        session.authorizer = decision.context
        return 200

    async def _run_connect(
        self, integration: Integration, event: Mapping[str, Any]
    ) -> tuple[int, str | None]:
        try:
            result = await self._invoke(integration, event)
        except (FunctionError, TimeoutError) as error:
            log.warning("$connect failed: %s", error or "it timed out")
            return 502, None
        status = _status(result)
        if status is None:
            log.warning("$connect answered without a statusCode, which API Gateway refuses with 502")
            return 502, None
        if not 200 <= status < 300:
            return status, None
        headers = result.get("headers") or {}
        chosen = [value for name, value in headers.items() if name.lower() == "sec-websocket-protocol"]
        return 200, str(chosen[-1]) if chosen else None

    async def _run_message(self, integration: Integration, event: Mapping[str, Any]) -> str | None:
        try:
            await self._invoke(integration, event)
        except TimeoutError:
            return "Endpoint request timed out"
        except FunctionError:
            return "Internal server error"
        return None

    async def _invoke(self, integration: Integration, event: Mapping[str, Any]) -> Any:
        assert integration.function
        return await self._functions.invoke(integration.function, event, wait=integration.timeout)


def _status(result: Any) -> int | None:
    status = result.get("statusCode") if isinstance(result, dict) else None
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    return status if isinstance(status, int) and 200 <= status < 600 else None
