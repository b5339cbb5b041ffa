"""Request models: JSON schemas that a message has to satisfy before it reaches its route (contract R14)."""

from collections.abc import Callable

from ..stack.model import Api, Route
from .selection import DEFAULT_ROUTE, evaluate


class RequestModels:
    """The models of an API's routes, compiled."""

    def __init__(self, api: Api) -> None:
        """ModelError names the first schema that is none."""
        self._routes = {key: _compiled(route) for key, route in api.routes.items()}

    def accept(self, route: Route, body: str) -> bool:
        """Whether the message satisfies the model that the route selects for it; True where that is none."""
        models = self._routes[route.key]
        if not models:
            return True
        selected = evaluate(route.model_selection, body) if route.model_selection else None
        accepts = models.get(selected or DEFAULT_ROUTE) or models.get(DEFAULT_ROUTE)
        return accepts is None or accepts(body)


def _compiled(route: Route) -> dict[str, Callable[[str], bool]]:
    if not route.models:
        return {}
    from .schemas import Schema  # noqa: PLC0415 (a tenth of a second that only a template with models has to spend)

    return {name: Schema(schema, route=route.key).accepts for name, schema in route.models.items()}
