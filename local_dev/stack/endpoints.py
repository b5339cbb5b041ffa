"""`--aws-endpoint`: which back end serves which service. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import EndpointError
from .clients import own_session

STREAM_SERVICES = {"dynamodbstreams": "dynamodb"}
"""Services that are served where another one is."""


@dataclass(frozen=True)
class Endpoints:
    """Where AWS is. `everything` is the URL for all services that `services` does not name."""

    everything: str | None = None
    services: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.everything or self.services)

    def urls(self) -> set[str]:
        """Every URL."""
        return {url for url in (self.everything, *self.services.values()) if url}

    def of(self, service: str) -> str | None:
        """The URL that serves `service`, by boto3's name for it; None for moto."""
        named = self.services.get(service) or self.services.get(STREAM_SERVICES.get(service, ""))
        return named or self.everything


def parse_endpoint(text: str) -> tuple[str | None, str]:
    """`URL` or `SERVICE=URL` as (service or None, URL without a slash at its end); EndpointError where it is
    neither.
    """
    named = re.fullmatch(r"([a-z0-9][a-z0-9-]*)=(.*)", text)
    service, url = (named[1], named[2]) if named else (None, text)
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise EndpointError(
            f"--aws-endpoint {text}: give URL or SERVICE=URL, as in dynamodb=http://localhost:8000"
        )
    if service is not None:
        _service_id(service)
    return service, url.rstrip("/")


def read_endpoints(texts: Iterable[str]) -> Endpoints:
    """All `--aws-endpoint` of a command line; EndpointError where two are for the same."""
    everything: str | None = None
    services: dict[str, str] = {}
    for text in texts:
        service, url = parse_endpoint(text)
        if (everything if service is None else services.get(service)) is not None:
            raise EndpointError(f"--aws-endpoint {text}: there is another for {service or 'everything'}")
        if service is None:
            everything = url
        else:
            services[service] = url
    return Endpoints(everything, services)


def environment(endpoints: Endpoints) -> dict[str, str]:
    """botocore's variables that send a function's clients there. Over the variables that point to moto."""
    found = {"AWS_ENDPOINT_URL": endpoints.everything} if endpoints.everything else {}
    for service, url in endpoints.services.items():
        found[_variable(service)] = url
    for service, host in STREAM_SERVICES.items():
        if host in endpoints.services and service not in endpoints.services:
            found[_variable(service)] = endpoints.services[host]
    return found


def _variable(service: str) -> str:
    return f"AWS_ENDPOINT_URL_{_service_id(service)}"


def _service_id(service: str) -> str:
    """A service's id as botocore spells it in variables, from boto3's name of the service."""
    from botocore.exceptions import UnknownServiceError  # noqa: PLC0415 (only this mode needs it)

    try:
        model = own_session().get_service_model(service)
    except UnknownServiceError:
        raise EndpointError(f"--aws-endpoint {service}=…: there is no service of that name") from None
    return re.sub(r"[ -]", "_", str(model.service_id)).upper()
