"""What is told about a connection: by GetConnection, and on the live page. Pure."""

from datetime import UTC, datetime
from typing import Any

from .connections import Connection
from .events import user_agent


def describe(connection: Connection) -> dict[str, Any]:
    """What GetConnection tells, in AWS's order, times as ISO 8601 with milliseconds (contract M03)."""
    handshake = connection.session.handshake
    identity = {"sourceIp": handshake.source_ip}
    agent = user_agent(handshake)
    return {
        "identity": identity if agent is None else {**identity, "userAgent": agent},
        "connectedAt": _iso(connection.session.connected_at),
        "lastActiveAt": _iso(connection.last_active_ms),
    }


def summary(connection: Connection) -> dict[str, Any]:
    """id, source_ip, user_agent (or None), query as sent, and connected_at and last_active in epoch
    milliseconds.
    """
    handshake = connection.session.handshake
    return {
        "id": connection.id,
        "source_ip": handshake.source_ip,
        "user_agent": user_agent(handshake),
        "query": handshake.query,
        "connected_at": connection.session.connected_at,
        "last_active": connection.last_active_ms,
    }


def _iso(epoch_ms: int) -> str:
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
