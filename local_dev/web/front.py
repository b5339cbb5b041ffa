"""What a request passes that is not for a stage's own path: the stack's CloudFront distribution, or, where there is
none, each of its CloudFront functions.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import EdgeError
from ..stack.distribution import Distribution, Headers, with_headers
from .edge import EdgeFunction, EdgeRequest, EdgeResponse

log = logging.getLogger(__name__)

REQUEST_LIMIT = 20_480
"""Bytes of a request's line and headers that CloudFront takes (contract C08)."""

_NOT_CHANGED = re.compile(
    r"connection|content-length|expect|host|keep-alive|proxy-.*|trailer|transfer-encoding|upgrade|via|x-accel-.*|"
    r"x-amz-cf-.*|x-amzn-.*|x-cache.*|x-edge-.*|x-forwarded-proto|x-real-ip"
)
"""Headers that viewer-request functions can neither add nor change.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
"""


@dataclass(frozen=True)
class Viewer:
    """A request as it came: `path` and `query` still encoded."""

    path: str
    query: str
    headers: Mapping[str, str]
    ip: str
    method: str = "GET"

    def size(self) -> int:
        """Bytes of its line and headers, about."""
        line = len(self.method) + len(self.path) + len(self.query) + len(" ? HTTP/1.1")
        return line + sum(len(name) + len(value) + 4 for name, value in self.headers.items())


@dataclass(frozen=True)
class OriginRequest:
    """What goes on to an origin. `host` "" stands for any API here; `headers` are those that the request has instead
    of the viewer's of the same name, `removed` names of the viewer's that it lacks, in small letters.
    """

    host: str
    path: str
    query: str
    headers: Headers = ()
    removed: frozenset[str] = frozenset()


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
        headers, removed = _changes(viewer, request)
        return OriginRequest("", request.path, request.query, headers, removed)

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
        if viewer.method not in behaviour.methods:
            return EdgeResponse(403, {}, "")
        request = EdgeRequest(viewer.path, viewer.query)
        if behaviour.function is not None:
            result = _run(edges[behaviour.function], viewer, request)
            if isinstance(result, EdgeResponse):
                return result
            request = result
        if behaviour.forwards_host:
            log.warning(
                "a request was refused: the behaviour for %s passes the viewer's Host on, with which no API answers: "
                "its origin request policy can be AllViewerExceptHostHeader",
                behaviour.pattern,
            )
            return EdgeResponse(403, {}, "")
        origin = behaviour.origin
        headers, removed = _changes(viewer, request)
        headers = with_headers(headers, origin.headers)
        return OriginRequest(origin.host, f"{origin.path}{request.path}", request.query, headers, removed)

    return pass_on


def _run(edge: EdgeFunction, viewer: Viewer, request: EdgeRequest) -> EdgeRequest | EdgeResponse:
    headers = viewer.headers if request.headers is None else request.headers
    return edge(
        path=request.path, query=request.query, headers=headers, viewer_ip=viewer.ip, method=viewer.method
    )


def _changes(viewer: Viewer, request: EdgeRequest) -> tuple[Headers, frozenset[str]]:
    """The headers that functions have added or changed, and names of those that they have removed."""
    if request.headers is None:
        return (), frozenset()
    sent = {name.lower(): value for name, value in viewer.headers.items()}
    changed = tuple((name, value) for name, value in request.headers.items() if sent.get(name) != value)
    refused = [name for name, _ in changed if _NOT_CHANGED.fullmatch(name)]
    if refused:
        raise EdgeError(f"the CloudFront function may not change the header {refused[0]}")
    kept = [name for name in sent if _NOT_CHANGED.fullmatch(name)]
    return changed, frozenset(sent) - frozenset(request.headers) - frozenset(kept)
