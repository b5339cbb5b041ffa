"""What a handshake passes that is not for a stage's own path: the stack's CloudFront distribution, or, where there is
none, each of its CloudFront functions.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..stack.distribution import Distribution, Headers
from .edge import EdgeFunction, EdgeRequest, EdgeResponse

log = logging.getLogger(__name__)

REQUEST_LIMIT = 20_480
"""Bytes of a request's line and headers that CloudFront takes (contract C08)."""


@dataclass(frozen=True)
class Viewer:
    """A handshake as it came: `path` and `query` still encoded."""

    path: str
    query: str
    headers: Mapping[str, str]
    ip: str

    def size(self) -> int:
        """Bytes of its line and headers, about."""
        line = len(self.path) + len(self.query) + len("GET ? HTTP/1.1")
        return line + sum(len(name) + len(value) + 4 for name, value in self.headers.items())


@dataclass(frozen=True)
class OriginRequest:
    """What goes on to an origin. `host` "" stands for any API here; `added` are the origin's own headers."""

    host: str
    path: str
    query: str
    added: Headers = ()


Front = Callable[[Viewer], OriginRequest | EdgeResponse]
"""What there is in front; EdgeError where a function fails."""


def functions_alone(edges: Sequence[EdgeFunction]) -> Front:
    """Functions that no distribution says when to run: all of them, in order."""

    def pass_on(viewer: Viewer) -> OriginRequest | EdgeResponse:
        request = EdgeRequest(viewer.path, viewer.query)
        for edge in edges:
            result = _run(edge, viewer, request)
            if isinstance(result, EdgeResponse):
                return result
            request = result
        return OriginRequest("", request.path, request.query)

    return pass_on


def distributed(distribution: Distribution) -> Front:
    """The distribution: the behaviour for the path runs its function, and names the origin. EdgeError where a function
    cannot be loaded.
    """
    sources = {item.function for item in distribution.behaviours if item.function is not None}
    edges = {source: EdgeFunction(source) for source in sources}

    def pass_on(viewer: Viewer) -> OriginRequest | EdgeResponse:
        if viewer.size() > REQUEST_LIMIT:
            return EdgeResponse(413, {}, "")
        behaviour = distribution.behaviour_of(viewer.path)
        request = EdgeRequest(viewer.path, viewer.query)
        if behaviour.function is not None:
            result = _run(edges[behaviour.function], viewer, request)
            if isinstance(result, EdgeResponse):
                return result
            request = result
        if behaviour.forwards_host:
            log.warning(
                "a handshake was refused: the behaviour for %s passes the viewer's Host on, with which no API answers: "
                "its origin request policy can be AllViewerExceptHostHeader",
                behaviour.pattern,
            )
            return EdgeResponse(403, {}, "")
        origin = behaviour.origin
        return OriginRequest(origin.host, f"{origin.path}{request.path}", request.query, origin.headers)

    return pass_on


def _run(edge: EdgeFunction, viewer: Viewer, request: EdgeRequest) -> EdgeRequest | EdgeResponse:
    return edge(path=request.path, query=request.query, headers=viewer.headers, viewer_ip=viewer.ip)
