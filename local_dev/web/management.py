"""The management API: POST, GET and DELETE on …/@connections/{connectionId} (contract M01 to M17).

Each message passes here once for every member. So a post is one plain call, `ManagementApi.post`, which the HTTP
protocol makes by itself once it has the body; everything else, and posts while faults are injected, comes through
the application.
"""

import functools
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ..errors import AccessDenied, RequestRefused
from ..faults.draws import Question
from ..faults.faults import Faults
from ..faults.posts import Hung, disturb, hang
from ..gateway.assumptions import Assumptions
from ..gateway.connections import BufferFull, Gone, Throttled
from ..gateway.gateway import Gateway
from ..gateway.ids import extended_request_id, is_well_formed, request_id, trace_id
from ..iam.claims import SignedRequest
from ..iam.guard import ConnectionsGuard, signed_request
from ..pages import REFUSED, is_of_a_page
from ..relay.calls import signer
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
) -> "ManagementApi":
    """Add the routes to the application, for the gateways by their path; without a guard nothing is
    checked; `faults` happen to posts.
    """
    api = ManagementApi(gateways, assumptions=assumptions or Assumptions(), guard=guard, faults=faults)
    for path in ("/{base:path}@connections/{connection_id:path}", "/{base:path}@connections"):
        app.add_route(path, api)  # type: ignore[arg-type]  # any ASGI application will do
    return api


_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


class Answer(NamedTuple):
    """A response as ASGI has it: `headers` with names in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


class ManagementApi:
    """All of it, as an ASGI application, and as a plain call for posts. It goes by the path as it was sent,
    whatever its route made of it.
    """

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        *,
        assumptions: Assumptions,
        guard: ConnectionsGuard | None,
        faults: Faults | None = None,
    ) -> None:
        self._gateways, self._guard, self._faults = gateways, guard, faults
        addresses = Addresses({key: gateway.api for key, gateway in gateways.items()})
        self._place = lru_cache(maxsize=256)(addresses.find)  # the same few for every post
        self._cross_api_post = assumptions.cross_api_post

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(Request(scope, receive))
        except Hung as hung:
            await hang(scope, receive, hung.seconds)
            return
        except ClientDisconnect:
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    @property
    def is_plain(self) -> bool:
        """Whether `post` is all there is to a post: no faults are injected."""
        return self._faults is None

    def post(self, request: SignedRequest) -> Answer:
        """Post a body of at most MESSAGE_LIMIT bytes to a connection, or say why not."""
        try:
            gateway, connection_id = self._admit(request)
            gateway.post(connection_id, _text(request.body))
        except (RequestRefused, Gone, BufferFull, Throttled) as error:
            return self._refusal(error, request)
        return Answer(200, [_EMPTY, _JSON, *_ids()])

    async def _answer(self, request: Request) -> Answer:
        signed = as_signed(request, b"")
        try:
            self._find(signed)  # what is for no connection is refused before its body is read
            body = await read_body(request, MESSAGE_LIMIT)  # contract M09
            if body is None:
                return refusal(RequestRefused(413, "PayloadTooLargeException", "Message too long"))
            signed = as_signed(request, body)
            if signed.method == "POST" and self.is_plain:
                return self.post(signed)
            return await self._carry_out(signed, *self._admit(signed))
        except (RequestRefused, Gone, BufferFull, Throttled) as error:
            return self._refusal(error, signed)

    def _admit(self, request: SignedRequest) -> tuple[Gateway, str]:
        """The gateway and the id of a request that is signed well and allowed; RequestRefused says why not."""
        refuse_pages(request.headers)
        gateway, connection_id = self._find(request)
        if self._guard is not None:
            self._guard.check(request, gateway.api)
        if not is_well_formed(connection_id):
            raise RequestRefused(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        return gateway, connection_id

    async def _carry_out(self, request: SignedRequest, gateway: Gateway, connection_id: str) -> Answer:
        if request.method == "POST":
            deliver = functools.partial(gateway.post, connection_id, _text(request.body))
            fault = self._faults and self._faults.ask(self._question(request, connection_id))
            if fault:
                await disturb(fault, connection_id, deliver)
            else:
                deliver()
            return Answer(200, [_EMPTY, _JSON, *_ids()])
        if request.method == "DELETE":
            await gateway.cut(connection_id)
            return Answer(204, _ids())
        # Printed with a blank on both sides of each colon, as AWS does (M03).
        description = gateway.describe(connection_id)
        shown = json.dumps(description, indent=2, separators=(",", " : "), ensure_ascii=False)
        return _with_body(200, shown.encode("utf-8", "replace"))

    def _question(self, request: SignedRequest, connection_id: str) -> Question:
        assert self._faults
        caller = self._faults.caller(signer(request.headers.get("authorization", "")))
        return Question(at="post", function=caller, connection=connection_id)

    def _find(self, request: SignedRequest) -> tuple[Gateway, str]:
        """The gateway that the request is for, and what stands in the place of the connection id."""
        base, found, connection_id = unquote(request.path).partition("/@connections")
        place = self._place(request.headers.get("host", ""), base)
        if place is None or place.key is None:
            raise _forbidden()  # contract M11
        if found and not place.rest and connection_id[:1] in ("", "/"):
            if request.method not in METHODS or not connection_id[1:]:
                # What AWS says wherever there is no route.
                raise RequestRefused(
                    403, "MissingAuthenticationTokenException", "Missing Authentication Token"
                )
            return self._gateways[place.key], connection_id[1:]
        if place.custom:
            # A custom domain's endpoint has no stage in it (M13). The row has no status: wherever else AWS
            # was seen to say this, it was 404 NotFoundException, with the full stop.
            path = f"{place.rest}{found}{connection_id}".removeprefix("/")
            route = f"{path} for http method {request.method}"
            raise RequestRefused(404, "NotFoundException", f"No method found matching route {route}.")
        raise _forbidden()

    def _refusal(
        self, error: RequestRefused | Gone | BufferFull | Throttled, request: SignedRequest
    ) -> Answer:
        match error:
            case Gone() if self._cross_api_post == 403 and self._lives_elsewhere(request):  # contract M17
                return refusal(_forbidden())
            case Gone():
                # Named by the header alone, the body is empty: botocore goes by the header (M05, M06).
                return Answer(410, [_EMPTY, _JSON, (b"x-amzn-errortype", b"GoneException"), *_ids()])
            case BufferFull():
                return refusal(RequestRefused(429, "LimitExceededException", "The client's buffer is full"))
            case Throttled():
                return refusal(RequestRefused(429, "LimitExceededException", "Rate exceeded"))
        return refusal(error)

    def _lives_elsewhere(self, request: SignedRequest) -> bool:
        _, connection_id = self._find(request)
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


def refuse_pages(headers: Mapping[str, str]) -> None:
    """RequestRefused for what a page in a browser has sent, however well it is signed. Header names are in small
    letters.
    """
    if is_of_a_page(headers.get("origin"), headers.get("sec-fetch-site")):
        raise RequestRefused(403, "ForbiddenException", REFUSED)


def refusal(error: RequestRefused) -> Answer:
    """The answer that stands for a refusal. IAM's has its text under `Message`, all others under `message`,
    as API Gateway's do: SDKs read both.
    """
    key = "Message" if isinstance(error, AccessDenied) else "message"
    body = json.dumps({key: error.message}, ensure_ascii=False, separators=(",", ":"))
    return _with_body(
        error.status, body.encode("utf-8", "replace"), (b"x-amzn-errortype", error.error_type.encode())
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


_JSON = (b"content-type", b"application/json")
_EMPTY = (b"content-length", b"0")


def _with_body(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(status, [(b"content-length", str(len(body)).encode()), _JSON, *headers, *_ids()], body)


def _ids() -> list[tuple[bytes, bytes]]:
    return [
        (b"x-amzn-requestid", request_id().encode()),
        (b"x-amz-apigw-id", extended_request_id().encode()),
        (b"x-amzn-trace-id", trace_id().encode()),
    ]
