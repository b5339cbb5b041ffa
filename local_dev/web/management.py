"""The management API: POST, GET and DELETE on /{stage}/@connections/{connectionId} (contract M01 to M11)."""

import json
import uuid
from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response

from ..gateway.connections import BufferFull, Gone
from ..gateway.gateway import Gateway
from ..gateway.ids import is_well_formed

PAYLOAD_LIMIT = 128 * 1024


METHODS = ["POST", "GET", "DELETE"]


def add_management_routes(app: FastAPI, gateways: dict[str, Gateway]) -> None:
    """Add the routes to the application, for the gateways by stage.

    Plain routes, without FastAPI's resolving of parameters: each message passes here once for every member.
    """

    async def manage(request: Request) -> Response:
        connection_id = request.path_params["connection_id"]
        gateway = gateways.get(request.path_params["stage"])
        if gateway is None:
            return _error(403, "ForbiddenException", "Forbidden")
        if not is_well_formed(connection_id):
            return _error(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        try:
            if request.method == "POST":
                return await _post(gateway, connection_id, await request.body())
            if request.method == "DELETE":
                await gateway.cut(connection_id)
                return Response(status_code=204, headers=_headers())
            return _describe(gateway, connection_id)
        except Gone:
            # The error is named by the header alone, the body is empty: botocore goes by the header (M05, M06).
            return Response(status_code=410, headers={**_headers(), "x-amzn-errortype": "GoneException"})
        except BufferFull:
            return _error(429, "LimitExceededException", "The client's buffer is full")

    async def without_stage(_: Request) -> Response:
        return _error(403, "ForbiddenException", "Forbidden")

    app.add_route("/{stage}/@connections/{connection_id}", manage, methods=METHODS)
    app.add_route("/@connections/{connection_id}", without_stage, methods=METHODS)


async def _post(gateway: Gateway, connection_id: str, data: bytes) -> Response:
    if len(data) > PAYLOAD_LIMIT:
        return _error(413, "PayloadTooLargeException", "Message too long")
    # Always a text frame; what is not UTF-8 is replaced (L07).
    await gateway.post(connection_id, data.decode("utf-8", "replace"))
    return Response(status_code=200, media_type="application/json", headers=_headers())


def _describe(gateway: Gateway, connection_id: str) -> Response:
    connection = gateway.connections.get(connection_id)
    handshake = connection.session.handshake
    identity = {"sourceIp": handshake.source_ip}
    agent = [value for name, value in handshake.headers if name.lower() == "user-agent"]
    if agent:
        identity["userAgent"] = agent[-1]
    description = {
        "identity": identity,
        "connectedAt": _iso(connection.session.connected_at),
        "lastActiveAt": _iso(connection.last_active_ms),
    }
    # Printed with a blank on both sides of each colon, as AWS does (M03).
    body = json.dumps(description, indent=2, separators=(",", " : "), ensure_ascii=False)
    return Response(body, media_type="application/json", headers=_headers())


def _error(status: int, error_type: str, message: str) -> Response:
    body = json.dumps({"message": message}, ensure_ascii=False, separators=(",", ":"))
    headers = {**_headers(), "x-amzn-errortype": error_type}
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def _headers() -> dict[str, str]:
    request_id = str(uuid.uuid4())
    digits = request_id.replace("-", "")
    return {
        "x-amzn-requestid": request_id,
        "x-amz-apigw-id": digits[:16],
        "x-amzn-trace-id": f"Root=1-{digits[:8]}-{digits[8:]}",
    }


def _iso(epoch_ms: int) -> str:
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
