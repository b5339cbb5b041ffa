"""Which stage of which API a request is for: by its path on this machine, or by its host as in the cloud.

Pure. Every stage has a key, which is its path here ("prod", "ChatApi/prod"; of an HTTP API's $default stage the API's
logical id). A request whose Host is an API's
own domain name or a custom domain of the stack is for that API alone (contract E18, M13, C01).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..stack.http_model import DEFAULT
from ..stack.model import CustomDomain

OWN_PATHS = ("_local", "2015-03-31")
"""First segments of paths that are this gateway's own, never an API's, the site's or the edge function's."""


class Stage(Protocol):
    """A stage of an API of either kind."""

    @property
    def logical_id(self) -> str:
        """The API's."""

    @property
    def stage(self) -> str:
        """Its name."""

    @property
    def domain_name(self) -> str:
        """The API's own host in the cloud."""

    @property
    def domains(self) -> tuple[CustomDomain, ...]:
        """The custom domains that lead to it."""


AnyStage = TypeVar("AnyStage", bound=Stage)


def by_path(stages: Iterable[AnyStage], taken: Collection[str] = ()) -> dict[str, AnyStage]:
    """The stages by their keys. A stage name that several APIs have, or that is `taken`, is the first one's alone;
    the others' keys begin with the logical id, as do those of stages named as a path of the gateway's own.
    """
    found: dict[str, AnyStage] = {}
    for api in stages:
        name = api.logical_id if api.stage == DEFAULT else api.stage
        is_free = name not in found and name not in taken and name not in OWN_PATHS
        found[name if is_free else f"{api.logical_id}/{api.stage}"] = api
    return found


@dataclass(frozen=True)
class Place:
    """Where a request goes: a stage's key, and the rest of the path behind it ("" or "/…").

    `key` None: the host belongs to an API, and the path to none of its stages. `custom`: the host is a
    custom domain.
    """

    key: str | None
    rest: str
    custom: bool = False


class Addresses:
    """The addresses of `apis`, by key."""

    def __init__(self, apis: Mapping[str, Stage]) -> None:
        self._keys = {key: key for key in apis}
        self._stages: dict[str, dict[str, str]] = {}
        self._base_paths: dict[str, dict[str, str]] = {}
        for key, api in apis.items():
            path = "" if api.stage == DEFAULT else api.stage
            self._stages.setdefault(api.domain_name.lower(), {})[path] = key
            for domain in api.domains:
                self._base_paths.setdefault(domain.name.lower(), {})[domain.base_path.strip("/")] = key

        self.hosts = frozenset(self._stages) | frozenset(self._base_paths)
        """Every host that is an API's, in lower case."""

    def is_api(self, host: str) -> bool:
        """Whether a Host header names an API of the stack."""
        return _host_name(host) in self.hosts

    def find(self, host: str, path: str) -> Place | None:
        """The place that a Host header and a path name; None for what is no API's."""
        name = _host_name(host)
        if name in self._base_paths:
            place = _longest(self._base_paths[name], path)
            return Place(place.key, place.rest, custom=True) if place else Place(None, path, custom=True)
        if name in self._stages:
            return _longest(self._stages[name], path) or Place(None, path)
        return _longest(self._keys, path)


def _longest(keys: Mapping[str, str], path: str) -> Place | None:
    """The place of the longest prefix, of whole segments, that is in `keys`; "" is a prefix of everything."""
    segments = path.removeprefix("/").split("/")
    deepest = max((key.count("/") + 1 for key in keys), default=0)
    for count in range(min(deepest, len(segments)), -1, -1):
        head = "/".join(segments[:count])
        if head in keys:
            return Place(keys[head], "".join(f"/{segment}" for segment in segments[count:]))
    return None


def _host_name(host: str) -> str:
    """A Host header's name without its port, or the dot that may end it."""
    name = host.lower().strip()
    if not name.startswith("["):
        name = name.partition(":")[0]
    return name.removesuffix(".")
