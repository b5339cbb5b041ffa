"""What runs here of a stack's HTTP APIs. Plain data, as `model.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .model import CustomDomain, Throttle

HTTP_TIMEOUT = 30.0
"""Seconds an integration of an HTTP API may take, which is also its default.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

DEFAULT = "$default"
"""The key of the route for what no other takes, and the name of the stage that has no path."""


class AuthorizerType(Enum):
    """How a caller is told: by a Lambda function, by a JSON Web Token, by its signature."""

    LAMBDA = "REQUEST"
    JWT = "JWT"
    IAM = "AWS_IAM"
    UNKNOWN = "unknown"
    """One that could not be read: nobody gets past it."""


@dataclass(frozen=True)
class HttpAuthorizer:
    """What lets callers in. For LAMBDA: `function` by its physical name, its payload format, whether it answers in
    the simple form, how long its answers are kept, in seconds. For JWT: `issuer` and `audience`.
    """

    type: AuthorizerType
    identity_sources: tuple[str, ...] = ()
    function: str | None = None
    payload: str = "2.0"
    simple: bool = False
    ttl: float = 0.0
    issuer: str = ""
    audience: tuple[str, ...] = ()


@dataclass(frozen=True)
class HttpIntegration:
    """The Lambda function that a route invokes, by its physical name. `timeout` in seconds, `payload` the version of
    the event's format.
    """

    function: str
    timeout: float = HTTP_TIMEOUT
    payload: str = "2.0"


@dataclass(frozen=True)
class HttpRoute:
    """A route: `key` is `METHOD /path` or `$default`; `integration` is None where none of it runs here."""

    key: str
    integration: HttpIntegration | None = None
    authorizer: HttpAuthorizer | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cors:
    """An API's CORS configuration. `max_age` in seconds."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None


@dataclass(frozen=True)
class HttpApi:
    """One stage of an HTTP API: an API with several stages appears once for each. `own_endpoint` is False where the
    API answers at its custom domains alone.
    """

    id: str
    logical_id: str
    stage: str
    routes: Mapping[str, HttpRoute]
    region: str
    account: str
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    throttle: Throttle | None = None
    route_throttles: Mapping[str, Throttle] = field(default_factory=dict)
    cors: Cors | None = None
    domains: tuple[CustomDomain, ...] = ()
    own_endpoint: bool = True

    @property
    def domain_name(self) -> str:
        """The host that clients of the deployed API use."""
        return f"{self.id}.execute-api.{self.region}.amazonaws.com"
