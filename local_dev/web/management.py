"""The management API: POST, GET and DELETE on …/@connections/{connectionId} (contract M01 to M17).

A plain ASGI application behind its routes, without the framework's resolving of parameters: each message
passes here once for every member.
"""

import functools
import json
import re
import uuid
from collections.abc import Mapping
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ..errors import AccessDenied, RequestRefused
from ..faults.calls import signer
from ..faults.draws import Question
from ..faults.faults import Faults
from ..faults.posts import Hung, disturb, hang
from ..gateway.assumptions import Assumptions
from ..gateway.connections import BufferFull, Gone, Throttled
from ..gateway.gateway import Gateway
from ..gateway.ids import extended_request_id, is_well_formed, trace_id
from ..iam.claims import SignedRequest
from ..iam.guard import ConnectionsGuard, signed_request
from .addresses import Addresses
from .limits import MESSAGE_LIMIT

METHODS = ("POST", "GET", "DELETE")


def add_management_routes(
    app: FastAPI,
    gateways: Mapping[str, Gateway],
    *,
    assumptions: Assumptions | None = None,
    guard: ConnectionsGuard | None = None,
    faults: Faults | None = None,
) -> None:
    """Add the routes to the application, for the gateways by their path; without a guard nothing is
    checked; `faults` happen to posts.
    """
    api = ManagementApi(gateways, assumptions=assumptions or Assumptions(), guard=guard, faults=faults)
    for path in ("/{base:path}@connections/{connection_id:path}", "/{base:path}@connections"):
        app.add_route(path, api)  # type: ignore[arg-type]  # any ASGI application will do


_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


class ManagementApi:
    """All of it, as an ASGI application. It goes by the path as it was sent, whatever its route made of it."""

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        *,
        assumptions: Assumptions,
        guard: ConnectionsGuard | None,
        faults: Faults | None = None,
    ) -> None:
        self._gateways, self._guard, self._faults = gateways, guard, faults
        self._addresses = Addresses({key: gateway.api for key, gateway in gateways.items()})
        self._cross_api_post = assumptions.cross_api_post

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RequestRefused as error:
            response = refusal(error)
        except Hung as hung:
            await hang(scope, receive, hung.seconds)
            return
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        gateway, connection_id = self._find(request)
        if request.method not in METHODS or not connection_id:
            # What AWS says wherever there is no route.
            raise RequestRefused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        body = await read_body(request, MESSAGE_LIMIT)  # contract M09
        if body is None:
            raise RequestRefused(413, "PayloadTooLargeException", "Message too long")
        if self._guard is not None:
            self._guard.check(as_signed(request, body), gateway.api)
        if not is_well_formed(connection_id):
            raise RequestRefused(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        try:
            return await self._carry_out(request, gateway, connection_id, body)
        except Gone:
            if self._cross_api_post == 403 and self._lives_elsewhere(connection_id):  # contract M17
                raise _forbidden() from None
            # The error is named by the header alone, the body is empty: botocore goes by the header (M05, M06).
            headers = {**_headers(), "x-amzn-errortype": "GoneException"}
            return Response(status_code=410, media_type="application/json", headers=headers)
        except BufferFull:
            raise RequestRefused(429, "LimitExceededException", "The client's buffer is full") from None
        except Throttled:
            raise RequestRefused(429, "LimitExceededException", "Rate exceeded") from None

    async def _carry_out(
        self, request: Request, gateway: Gateway, connection_id: str, body: bytes
    ) -> Response:
        if request.method == "POST":
            deliver = functools.partial(gateway.post, connection_id, _text(body))
            fault = self._faults and self._faults.ask(self._question(request, connection_id))
            await (disturb(fault, connection_id, deliver) if fault else deliver())
            return Response(status_code=200, media_type="application/json", headers=_headers())
        if request.method == "DELETE":
            await gateway.cut(connection_id)
            return Response(status_code=204, headers=_headers())
        # Printed with a blank on both sides of each colon, as AWS does (M03).
        description = gateway.describe(connection_id)
        shown = json.dumps(description, indent=2, separators=(",", " : "), ensure_ascii=False)
        return Response(shown, media_type="application/json", headers=_headers())

    def _question(self, request: Request, connection_id: str) -> Question:
        assert self._faults
        caller = self._faults.caller(signer(request.headers.get("authorization", "")))
        return Question(at="post", function=caller, connection=connection_id)

    def _find(self, request: Request) -> tuple[Gateway, str]:
        """The gateway that the request is for, and what stands in the place of the connection id."""
        path = unquote(request.scope["raw_path"].decode("latin-1"))
        place = self._addresses.find(request.headers.get("host", ""), path)
        if place is None or place.key is None:
            raise _forbidden()  # contract M11
        head, found, connection_id = place.rest.partition("/@connections")
        if found and not head and connection_id[:1] in ("", "/"):
            return self._gateways[place.key], connection_id[1:]
        if place.custom:
            # A custom domain's endpoint has no stage in it (M13). The row has no status: wherever else AWS
            # was seen to say this, it was 404 NotFoundException, with the full stop.
            route = f"{place.rest.removeprefix('/')} for http method {request.method}"
            raise RequestRefused(404, "NotFoundException", f"No method found matching route {route}.")
        raise _forbidden()

    def _lives_elsewhere(self, connection_id: str) -> bool:
        for gateway in self._gateways.values():
            try:
                gateway.connections.get(connection_id)
            except Gone:
                continue
            return True
        return False


async def read_body(request: Request, limit: int) -> bytes | None:
    """The body, or None as soon as it is known to be larger than `limit`: no more than that is kept."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def as_signed(request: Request, body: bytes) -> SignedRequest:
    """The request as its signer saw it: nothing of it decoded."""
    scope = request.scope
    return signed_request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body,
    )


def refusal(error: RequestRefused) -> Response:
    """The response that stands for a refusal. IAM's has its text under `Message`, all others under
    `message`, as API Gateway's do: SDKs read both.
    """
    key = "Message" if isinstance(error, AccessDenied) else "message"
    body = json.dumps({key: error.message}, ensure_ascii=False, separators=(",", ":"))
    headers = {**_headers(), "x-amzn-errortype": error.error_type}
    return Response(
        body.encode("utf-8", "replace"), error.status, media_type="application/json", headers=headers
    )


def _forbidden() -> RequestRefused:
    return RequestRefused(403, "ForbiddenException", "Forbidden")


def _text(body: bytes) -> str:
    """The text frame that a body becomes: what is not UTF-8 is replaced, an encoded surrogate by one character
    where Python makes it three (contract L07).
    """
    try:
        return body.decode()
    except UnicodeDecodeError:
        return _SURROGATE.sub(b"\xef\xbf\xbd", body).decode("utf-8", "replace")


def _headers() -> dict[str, str]:
    return {
        "x-amzn-requestid": str(uuid.uuid4()),
        "x-amz-apigw-id": extended_request_id(),
        "x-amzn-trace-id": trace_id(),
    }
