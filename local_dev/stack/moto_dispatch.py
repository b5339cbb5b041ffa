"""The way from a request to what answers it. moto looks through its folders for the services that it has, and through
the class for the operations that it knows, with every request.
"""

from functools import lru_cache

from moto import backends
from moto.core import responses

from .moto_patches import Patch


def patches() -> list[Patch]:
    """Looks that are taken once."""
    modules = tuple(backends.list_of_moto_modules())
    return [
        Patch(backends, "list_of_moto_modules", lambda: modules),
        Patch(responses, "method_names_from_class", lru_cache(100)(responses.method_names_from_class)),
        Patch(responses, "camelcase_to_underscores", lru_cache(1000)(responses.camelcase_to_underscores)),
    ]
