"""A certificate authority of this run's own, which the workers trust besides the public ones.

It exists so that `https://{api}.execute-api.…` can be answered on this machine. Its key never leaves memory, its
certificate only the folder it is given; nobody but the workers is told of it.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Authority:
    """Issues certificates; `bundle` is the file of all authorities that a worker is to trust."""

    def __init__(self, folder: Path, *, trusted: Iterable[Path] = ()) -> None:
        """Make the keys and write the bundle into `folder`: certifi's authorities, those in the files
        `trusted`, and this one. Takes some milliseconds, and more the first time, for its imports.
        """
        import certifi  # noqa: PLC0415 (with trustme a tenth of a second, which this runs beside the start)
        import trustme  # noqa: PLC0415

        # Elliptic curves, since RSA's primes take half a second to find.
        self._authority: Any = trustme.CA(organization_name="Local gateway", key_type=trustme.KeyType.ECDSA)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.bundle = folder / "authorities.pem"
        parts = [_read(Path(certifi.where())), *map(_read, trusted), self._authority.cert_pem.bytes()]
        self.bundle.write_bytes(b"\n".join(parts))

    def context(self, host: str) -> ssl.SSLContext:
        """A server's TLS context with a certificate for `host`, kept for the next time."""
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2  # contract H23
            context.set_alpn_protocols(["http/1.1"])
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # what a person's environment names, but is not there
