"""boto3's clients, as the gateway itself uses them to reach the back end."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 60.0


class Clients:
    """Clients of services, each made once and only when it is asked for: importing boto3 takes a third of a
    second that a template without mappings need not spend. `endpoint` gives a service's endpoint.
    """

    def __init__(
        self, endpoint: Callable[[str], str], *, region: str, credentials: Mapping[str, str]
    ) -> None:
        self._endpoint, self._region, self._credentials = endpoint, region, credentials
        self._clients: dict[str, asyncio.Future[Any]] = {}

    async def get(self, service: str) -> Any:
        """The client of a service, by boto3's name for it."""
        if service not in self._clients:
            loop = asyncio.get_running_loop()
            self._clients[service] = loop.run_in_executor(None, self._make, service)
        return await asyncio.shield(self._clients[service])

    def _make(self, service: str) -> Any:
        url = self._endpoint(service)
        return make_client(service, url, region=self._region, credentials=self._credentials)


def own_session() -> Any:
    """botocore's session without the profile and the files of whoever runs this: they are about a real AWS, and a
    profile that is not there would be an error.
    """
    import botocore.session  # noqa: PLC0415 (a third of a second)

    nothing: dict[str, Any] = {"profile": (None, None, None, None)}
    nothing |= dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars=nothing)


def make_client(service: str, url: str, *, region: str, credentials: Mapping[str, str]) -> Any:
    """boto3's client of a service at `url`. `credentials` by the names of AWS's environment variables."""
    import boto3  # noqa: PLC0415 (a third of a second)
    from botocore.config import Config  # noqa: PLC0415

    session = boto3.Session(
        botocore_session=own_session(),
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
        region_name=region,
    )
    config = Config(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, retries={"max_attempts": 1})
    return session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]
