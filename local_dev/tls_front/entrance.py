"""Where clients come in over TLS: the port, the certificate, and the front on them. hypercorn is loaded only here."""

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..errors import CertificateError
from ..listener import listen_twice
from .certificate import NAMES, WILDCARDS, Certificate, kept_certificate
from .origin import Clients
from .seen import Ring

if TYPE_CHECKING:
    from .front import Front


class Entrance:
    """`with Entrance(host, port) as entrance` takes the port, 0 a free one; ListenError where it cannot be had.
    `clients` tells for whom the gateway is asked, `ring` what came.
    """

    certificate: Certificate

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._stream, self._datagrams = listen_twice(host, port)
        name = NAMES[0] if host in (*NAMES, *WILDCARDS) else host
        name = f"[{name}]" if ":" in name else name
        self.url = f"https://{name}:{self._stream.getsockname()[1]}"
        self.clients, self.ring = Clients(), Ring()
        self._front: Front | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()  # where the front did not take them
        self._datagrams.close()

    async def open(self, target: tuple[str, int]) -> None:
        """Serve, asking the gateway at `target`; CertificateError where there is no place for the certificate."""
        await asyncio.to_thread(_load)
        from .front import Front  # noqa: PLC0415

        try:
            self.certificate = await asyncio.to_thread(kept_certificate, self._host)
        except OSError as error:
            raise CertificateError(f"the certificate for TLS cannot be kept: {error}") from None
        self._front = Front(
            self._stream,
            self._datagrams,
            self.certificate,
            target=target,
            clients=self.clients,
            ring=self.ring,
        )

    async def close(self) -> None:
        """End what is served, once the gateway has ended its part."""
        if self._front is not None:
            await self._front.stop()


def _load() -> None:
    """Import what takes long."""
    from . import front  # noqa: F401, PLC0415
