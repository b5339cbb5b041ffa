"""Stages of an HTTP API and requests to them, as the tests set them up."""

from collections.abc import Mapping
from typing import Any

from local_dev.http_api.answers import HttpAnswer
from local_dev.http_api.gateway import HttpGateway
from local_dev.http_api.requests import HttpRequest
from local_dev.journal import Journal
from local_dev.stack.http_model import HttpApi, HttpAuthorizer, HttpIntegration, HttpRoute
from tests.local_dev.gateway.stand_ins import FakeFunctions, MovedClock

ROUTE = HttpRoute("GET /a/{b}", HttpIntegration("f"))


def make_api(*routes: HttpRoute, stage: str = "$default", **facts: Any) -> HttpApi:
    """An API of routes."""
    routes = routes or (ROUTE,)
    return HttpApi(
        id="a1b2c3d4e5",
        logical_id="Http",
        stage=stage,
        routes={route.key: route for route in routes},
        region="us-east-1",
        account="123456789012",
        **facts,
    )


def guarded(authorizer: HttpAuthorizer, key: str = "GET /a/{b}") -> HttpRoute:
    """A route behind an authorizer."""
    return HttpRoute(key, HttpIntegration("f"), authorizer)


def request(method: str = "GET", path: str = "/a/1", **facts: Any) -> HttpRequest:
    """A request by the API's own name."""
    headers = tuple(facts.pop("headers", {}).items())
    return HttpRequest(
        method,
        path,
        headers=headers,
        domain_name="a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        trace_id="Root=1-0",
        **facts,
    )


class Scene:
    """A gateway whose functions are Python's."""

    def __init__(self, api: HttpApi, handlers: Mapping[str, Any] | None = None) -> None:
        self.functions = FakeFunctions({"f": {"statusCode": 200}, **(handlers or {})})
        self.clock, self.journal = MovedClock(), Journal()
        self.gateway = HttpGateway(api, self.functions, clock=self.clock, journal=self.journal)

    async def ask(self, method: str = "GET", path: str = "/a/1", **facts: Any) -> HttpAnswer:
        """The answer to a request."""
        return await self.gateway.answer(request(method, path, **facts))

    def event(self, name: str = "f") -> Any:
        """The last event that a function got."""
        return self.functions.events(name)[-1]
