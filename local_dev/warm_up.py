"""In which order functions are loaded before they are needed."""

from .stack.model import Stack


def warm_up_order(stack: Stack) -> tuple[list[str], list[str]]:
    """The functions that a client needs to connect, and the others in the order in which it then needs them."""
    connecting: list[str] = []
    others: list[str] = []
    for api in stack.apis:
        for key in ("$connect", "$default", *api.routes):
            route = api.routes.get(key)
            names = connecting if key == "$connect" else others
            if route and route.authorizer:
                names.append(route.authorizer.function)
            if route and route.integration and route.integration.function:
                names.append(route.integration.function)
    for http_api in stack.http_apis:
        for http_route in http_api.routes.values():
            if http_route.authorizer and http_route.authorizer.function:
                others.append(http_route.authorizer.function)
            if http_route.integration:
                others.append(http_route.integration.function)
    others += [mapping.function for mapping in stack.stream_mappings]
    others += [mapping.function for mapping in stack.queue_mappings]
    return list(dict.fromkeys(connecting)), list(dict.fromkeys(others))
