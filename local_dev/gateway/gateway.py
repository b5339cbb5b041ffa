"""One stage of a WebSocket API with its connections: what comes in, what goes out, who is cut when. No sockets
in here.

The data plane's shell hands in handshakes and frames and carries out what comes back; the rules are in
`admission.py` (handshakes) and `messages.py`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..clock import Clock
from ..journal import Journal
from ..stack.model import Api
from . import events
from .admission import Accepted, Admission, Permissions, Refused
from .assumptions import Assumptions
from .connections import BufferFull, Connection, Connections, Gone, State, Throttled
from .departures import Departures
from .descriptions import describe, summary
from .events import Handshake, Problem, Session
from .ids import IdSource
from .integrations import Functions
from .lifetimes import GOING_AWAY, Lifetimes, deadline
from .messages import Message, Messages
from .throttles import AccountLimits, StageThrottles

__all__ = ["LOST", "Accepted", "Functions", "Gateway", "Permissions", "Refused"]

log = logging.getLogger(__name__)

CLOSED_NORMALLY = (1000, "Connection Closed Normally")
"""What client and $disconnect hear of a DELETE (contract L18)."""

LOST = 1006
"""The code with which the shell reports a connection that ended without a close frame."""


class Gateway:
    """One stage of a WebSocket API, and its connections. `limits` are shared with the other gateways;
    without `permissions` IAM-authorised routes let everybody in. ModelError where a request model is none.
    """

    def __init__(
        self,
        api: Api,
        functions: Functions,
        *,
        ids: IdSource | None = None,
        clock: Clock | None = None,
        assumptions: Assumptions | None = None,
        limits: AccountLimits | None = None,
        permissions: Permissions | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.api = api
        self.connections = Connections()
        self.closing = False
        self._clock = clock = clock or Clock()
        self._ids = ids or IdSource(clock=clock.time)
        self._assumptions = assumptions = assumptions or Assumptions()
        self._limits = limits = limits or AccountLimits(clock=clock.real)
        self._journal = journal
        throttles = StageThrottles(api, clock=clock.real)
        self._admission = Admission(
            api,
            functions,
            clock=clock,
            assumptions=assumptions,
            limits=limits,
            throttles=throttles,
            permissions=permissions,
        )
        self._messages = Messages(
            api, functions, ids=self._ids, assumptions=assumptions, limits=limits, throttles=throttles
        )
        self._departures = Departures(api, functions, ids=self._ids, now_ms=self.now_ms)
        self._lifetimes = Lifetimes()
        self._tasks: set[asyncio.Task[None]] = set()

    async def connect(self, handshake: Handshake) -> Accepted | Refused:
        """Decide on a handshake, with all that takes: nothing can be posted to the connection until
        `opened` (contract H08, P01).
        """
        shown = self.api.stage_variables if self._assumptions.stage_variables == "present" else {}
        session = Session(
            self.api, self._ids.connection_id(), self.now_ms(), handshake, stage_variables=shown
        )
        decision = await self._admission.admit(session, self._ids.sibling(session.connection_id))
        if isinstance(decision, Refused):
            self._record(
                "refused", session, api=self.api.logical_id, stage=self.api.stage, status=decision.status
            )
            if self._assumptions.disconnect_after_refusal == "yes" and decision.status != 429:
                self._spawn(self._departures.run(session, self._closing_code(LOST), ""))  # H22
        return decision

    def opened(
        self,
        accepted: Accepted,
        *,
        send: Callable[[str], None],
        close: Callable[[int, str], Awaitable[None]],
    ) -> Connection:
        """The 101 is on the wire: from now on the connection can be posted to."""
        now = self._clock.monotonic()
        connection = Connection(accepted.session, send, close, self.now_ms(), opened_at=now, active_at=now)
        self.connections.open(connection)
        self._lifetimes.watch(connection.id, deadline(connection))
        source = accepted.session.handshake.source_ip
        self._record(
            "connected", accepted.session, api=self.api.logical_id, stage=self.api.stage, source=source
        )
        return connection

    async def message(self, connection: Connection, body: str) -> None:
        """Run one message to its end, and tell the client what it is to hear of it (contract section 4)."""
        now_ms = self._active(connection, received=True)
        self._record("received", connection.session, text=body)
        message = self._messages.take(connection.session, body, now_ms=now_ms)
        if not self._messages.admit(message):
            if self._assumptions.throttled_frame == "error":  # L14
                self._answer(connection, message, Problem.THROTTLED)
            return
        async with connection.running(in_turn=self._assumptions.order == "kept"):
            self._answer(connection, message, await self._messages.run(connection.session, message))

    def control_frame(self, connection: Connection) -> None:
        """A ping or pong came in, which does not count as activity unless that is assumed (contract L17)."""
        if self._assumptions.pings_keep_alive == "yes":
            connection.active_at = self._clock.monotonic()

    async def refused_frame(self, connection: Connection, code: int = 1003, reason: str = "") -> None:
        """Close a connection that sent what is not taken, as a binary frame (contract L06)."""
        await self._close(connection, code, reason)

    async def disconnected(self, connection: Connection, code: int, reason: str) -> None:
        """The socket is closed, by 1006 if there was no close frame. Run $disconnect after that, whose
        result nobody sees (contract D01, D02, D04).
        """
        self.connections.close(connection)
        code, reason = connection.closed_by_gateway or (self._closing_code(code), reason)
        await asyncio.sleep(0)  # messages that came before the end begin before it
        self._record("disconnected", connection.session, code=code, reason=reason)
        if self._assumptions.disconnect_waits == "yes":
            await connection.settled()  # D06
        if not self.closing:
            await self._departures.run(connection.session, code, reason)

    def post(self, connection_id: str, text: str) -> None:
        """Send a text frame to a connection; Gone, BufferFull or Throttled where that cannot be."""
        self._send(self._managed(connection_id), text)

    def describe(self, connection_id: str) -> dict[str, Any]:
        """What GetConnection tells, in AWS's order (contract M03); Gone or Throttled."""
        return describe(self._managed(connection_id))

    async def cut(self, connection_id: str) -> None:
        """Close a connection as DELETE @connections does; Gone where there is none, or Throttled."""
        await self._close(self._managed(connection_id), *CLOSED_NORMALLY)

    def snapshot(self) -> list[dict[str, Any]]:
        """The open connections, as `descriptions.summary` shapes them, for the live page."""
        return [summary(connection) for connection in self.connections.all()]

    async def run_cuts(self) -> None:
        """Close idle and old connections, for as long as this task runs (contract L08 to L10)."""
        while True:
            now = self._clock.monotonic()
            for connection_id in self._lifetimes.due(now, self._deadline):
                self._spawn(self._close(self.connections.get(connection_id), *GOING_AWAY))
            await self._clock.sleep(self._lifetimes.next_look(now))

    async def shut_down(self) -> None:
        """Close every connection; no $disconnect follows, since the stack goes down as well."""
        self.closing = True
        await asyncio.gather(
            *(self._close(connection, *GOING_AWAY) for connection in self.connections.all()),
            return_exceptions=True,
        )

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self._clock.time() * 1000)

    def _managed(self, connection_id: str) -> Connection:
        """The connection that a call of the management API is about; the call counts as a request (L13)."""
        if not self._limits.requests.take():
            raise Throttled
        return self.connections.get(connection_id)

    def _answer(self, connection: Connection, message: Message, outcome: str | Problem | None) -> None:
        if isinstance(outcome, Problem):
            outcome = events.error_frame(
                outcome.value, connection_id=connection.id, request_id=message.request_id
            )
        if outcome is not None and connection.state is State.OPEN:
            try:
                self._send(connection, outcome)
            except (BufferFull, Gone) as error:
                log.debug("%s: nothing could be sent: %r", connection.id, error)

    def _send(self, connection: Connection, text: str) -> None:
        connection.send(text)
        self._active(connection, received=False)
        self._record("sent", connection.session, text=text)

    async def _close(self, connection: Connection, code: int, reason: str) -> None:
        if connection.state is State.OPEN:  # else somebody was faster
            self.connections.begin_close(connection)
            connection.closed_by_gateway = (code, reason)
            await connection.close(code, reason)

    def _closing_code(self, code: int) -> int:
        return self._assumptions.lost_connection_code if code == LOST else code

    def _active(self, connection: Connection, *, received: bool) -> int:
        """Note a message in either direction: both put off the idle cut (L08), and move lastActiveAt (M21)."""
        connection.active_at = self._clock.monotonic()
        now_ms = self.now_ms()
        if received or self._assumptions.last_active == "any":
            connection.last_active_ms = now_ms
        return now_ms

    def _deadline(self, connection_id: str) -> float | None:
        try:
            return deadline(self.connections.get(connection_id))
        except Gone:
            return None

    def _record(self, kind: str, session: Session, **facts: Any) -> None:
        if self._journal is not None:
            self._journal.record(kind, connection=session.connection_id, **facts)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.debug("a connection could not be closed properly: %r", error)
