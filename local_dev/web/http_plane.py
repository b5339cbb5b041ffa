"""Requests to the HTTP APIs of the stack: which of them a request is for, what it passes on the way, its answer.

An API is reached by its Host, by the path of its stage here, and through the distribution's behaviours. Where there
is neither a distribution nor a site, the first API with a $default stage also has every path that nothing else has.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from ..errors import EdgeError
from ..gateway.ids import trace_id
from ..http_api.answers import WITHOUT_BODY, HttpAnswer, refusal
from ..http_api.gateway import HttpGateway
from ..http_api.requests import HttpRequest
from ..stack.distribution import Behaviour, Distribution, Headers, with_headers
from ..stack.http_model import DEFAULT
from .addresses import Addresses, Place
from .edge import EdgeResponse
from .front import Front, Viewer
from .limits import HTTP_BODY_LIMIT
from .management import read_body
from .sizes import answer_size, request_size

log = logging.getLogger(__name__)


class Target(NamedTuple):
    """Where a request goes: to a place at once, or by way of the distribution's behaviour."""

    place: Place | None = None
    behaviour: Behaviour | None = None


class HttpPlane:
    """The ASGI application for the requests that `take` gives a target. `gateways` by their paths here."""

    def __init__(
        self,
        gateways: Mapping[str, HttpGateway],
        *,
        front: Front,
        distribution: Distribution | None = None,
        at_root: bool = False,
    ) -> None:
        self._gateways, self._front, self._distribution = gateways, front, distribution
        self._addresses = Addresses({key: gateway.api for key, gateway in gateways.items()})
        defaults = [key for key, gateway in gateways.items() if gateway.api.stage == DEFAULT]
        self.root = defaults[0] if at_root and defaults and distribution is None else None
        """The key of the API that has what nothing else has."""

        behaviours = distribution.behaviours if distribution is not None else ()
        found = {f"/{key}/" for key in gateways} | {
            _literal(item.pattern) for item in behaviours if item.origin.host in self._addresses.hosts
        }
        self.prefixes = tuple(prefix.encode("latin-1", "replace") for prefix in found if prefix != "/")
        """What paths begin with that are nobody else's."""

    def is_api(self, host: str) -> bool:
        """Whether a Host header names an HTTP API of the stack."""
        return self._addresses.is_api(host)

    def take(self, host: str, path: str) -> Target | None:
        """Where a request goes by its Host header and its path, as sent; None for what is no HTTP API's."""
        place = self._addresses.find(host, path)
        if place is not None:
            return Target(place)
        if self._distribution is not None:
            behaviour = self._distribution.behaviour_of(path)
            if behaviour.origin.host in self._addresses.hosts:
                return Target(behaviour=behaviour)
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send, target: Target) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        viewer = Viewer(
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            dict(sent),
            request.client.host if request.client else "127.0.0.1",
            scope["method"],
        )
        try:
            body = await read_body(request, HTTP_BODY_LIMIT)
        except ClientDisconnect:
            return
        if body is None:
            answer = refusal(413)
        elif target.behaviour is not None:
            answer = await self._distributed(viewer, sent, body, target.behaviour)
        else:
            assert target.place is not None
            answer = await self._direct(viewer, sent, body, target.place, scope)
        headers = answer.headers
        if answer.status not in WITHOUT_BODY:
            headers = (*headers, ("content-length", str(len(answer.body))))
        body_sent = b"" if answer.status in WITHOUT_BODY or viewer.method == "HEAD" else answer.body
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (name.encode("latin-1", "replace"), value.encode("utf-8", "replace"))
                    for name, value in headers
                ],
            }
        )
        await send({"type": "http.response.body", "body": body_sent})
        if answer.counted is not None:
            counted = answer.counted
            counted.received += request_size(viewer.method, viewer.path, viewer.query, sent, body or b"")
            counted.sent += answer_size(answer.status, headers, body_sent)
            counted.body_received += len(body or b"")
            counted.body_sent += len(body_sent)

    async def at_root(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is nobody else's."""
        await self(scope, receive, send, Target(Place(self.root, scope["raw_path"].decode("latin-1"))))

    async def _direct(
        self, viewer: Viewer, sent: list[tuple[str, str]], body: bytes, place: Place, scope: Scope
    ) -> HttpAnswer:
        host = dict(sent).get("host", "").partition(":")[0].lower()
        protocol = f"HTTP/{scope.get('http_version', '1.1')}"
        return await self._ask(place, viewer, viewer.query, sent, body, host=host, protocol=protocol)

    async def _distributed(
        self, viewer: Viewer, sent: list[tuple[str, str]], body: bytes, behaviour: Behaviour
    ) -> HttpAnswer:
        if viewer.method == "GET" and body:
            return HttpAnswer(403)  # CloudFront's answer to it
        try:
            passed = self._front(viewer)
        except EdgeError as error:
            log.error("%s", error)  # noqa: TRY400 (its trace is of no use: the fault is in the JavaScript)
            return HttpAnswer(503)  # what CloudFront answers for a function that fails
        if isinstance(passed, EdgeResponse):
            headers = tuple((name.lower(), value) for name, value in passed.headers.items())
            return HttpAnswer(passed.status, headers, passed.body.encode("utf-8", "replace"))
        place = self._addresses.find(passed.host, passed.path)
        assert place is not None  # its host is an API's
        headers = with_headers(sent, passed.headers, passed.removed)
        answer = await self._ask(place, viewer, passed.query, headers, body, host=passed.host)
        if behaviour.response_headers is None:
            return answer
        return answer._replace(headers=_lower(behaviour.response_headers.apply(list(answer.headers))))

    async def _ask(
        self,
        place: Place,
        viewer: Viewer,
        query: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        *,
        host: str,
        protocol: str = "HTTP/1.1",
    ) -> HttpAnswer:
        gateway = self._gateways.get(place.key or "")
        if gateway is None or (host == gateway.api.domain_name and not gateway.api.own_endpoint):
            return refusal(404)
        custom = host in {domain.name.lower() for domain in gateway.api.domains}
        return await gateway.answer(
            HttpRequest(
                viewer.method,
                place.rest,
                query,
                _lower(headers),
                body,
                source_ip=viewer.ip,
                protocol=protocol,
                domain_name=host if custom else gateway.api.domain_name,
                trace_id=trace_id(),
                sent_path=viewer.path,
            )
        )


def _literal(pattern: str) -> str:
    """What every path begins with that fits a behaviour's pattern."""
    return "/" + re.split(r"[*?]", pattern.removeprefix("/"))[0]


def _lower(headers: Iterable[tuple[str, str]]) -> Headers:
    return tuple((name.lower(), value) for name, value in headers)
