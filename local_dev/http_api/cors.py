"""What an API's CORS configuration answers. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from ..stack.http_model import Cors
from .answers import HttpAnswer
from .requests import HttpRequest

_PREFIX = "access-control-"


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks what it may do."""
    asked = (
        request.header("origin") is not None and request.header("access-control-request-method") is not None
    )
    return request.method == "OPTIONS" and asked


def preflight(cors: Cors, request: HttpRequest) -> HttpAnswer:
    """The gateway's own answer."""
    headers = _common(cors, request)
    if headers:
        if cors.methods:
            headers.append((f"{_PREFIX}allow-methods", ",".join(cors.methods)))
        if cors.headers:
            headers.append((f"{_PREFIX}allow-headers", ",".join(cors.headers)))
        if cors.max_age is not None:
            headers.append((f"{_PREFIX}max-age", str(cors.max_age)))
    return HttpAnswer(204, tuple(headers))


def with_cors(cors: Cors, request: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
    """The answer with the configuration's headers in the place of its own."""
    own = [(name, value) for name, value in answer.headers if not name.startswith(_PREFIX)]
    headers = _common(cors, request)
    if headers and cors.exposed:
        headers.append((f"{_PREFIX}expose-headers", ",".join(cors.exposed)))
    return answer._replace(headers=(*own, *headers))


def _common(cors: Cors, request: HttpRequest) -> list[tuple[str, str]]:
    """The headers for an origin, none for one that is not allowed."""
    origin = request.header("origin")
    if origin is None or not any(_allows(allowed, origin) for allowed in cors.origins):
        return []
    headers = [(f"{_PREFIX}allow-origin", "*" if "*" in cors.origins else origin)]
    if cors.credentials:
        headers.append((f"{_PREFIX}allow-credentials", "true"))
    return headers


def _allows(allowed: str, origin: str) -> bool:
    if allowed in ("*", origin):
        return True
    return allowed in ("http://*", "https://*") and origin.startswith(allowed.removesuffix("*"))
