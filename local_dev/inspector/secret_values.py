"""What the stack's secrets hold, for programs on this machine that sign with one."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import LocalError
from ..pages import LOOPBACK


class SecretUnreadable(LocalError):
    """The secret's text cannot be had."""


class SecretValues:
    """The secrets, whose ARNs are given by logical id. `client` makes a boto3 client of Secrets Manager; it is called
    once, in a thread.
    """

    def __init__(self, arns: Mapping[str, str], client: Callable[[], Any] | None) -> None:
        self.arns = arns
        self._make_client = client
        self._client: Any = None

    async def text(self, logical_id: str) -> str:
        """The current text; KeyError where there is no such secret, SecretUnreadable where it has none."""
        arn = self.arns[logical_id]
        try:
            return await asyncio.to_thread(self._read, arn)
        except Exception as error:  # whatever a client of anyone's back end comes up with
            raise SecretUnreadable(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}") from None

    def _read(self, arn: str) -> str:
        if self._client is None:
            if self._make_client is None:
                raise SecretUnreadable("there is no Secrets Manager here")
            self._client = self._make_client()
        return str(self._client.get_secret_value(SecretId=arn)["SecretString"])


def is_local(client: str, server: str) -> bool:
    """Whether a request came from this machine: from its loopback, or from the very address that it is served at."""
    return client in LOOPBACK or client == server
