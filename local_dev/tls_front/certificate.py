"""The certificate of the front, kept between runs so that a browser that was told to trust it still does.

The authority signs one certificate, and its key is thrown away: whoever trusts it trusts that certificate alone.
"""

import contextlib
import datetime
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..runtime.bytecode import cache_folder

NAMES = ("localhost", "127.0.0.1", "::1")
"""What a machine calls itself."""

LIFETIME = datetime.timedelta(days=396)
"""Browsers refuse public certificates of more than 398 days; nobody minds that this one is as good."""

MARGIN = datetime.timedelta(days=7)
"""What a kept certificate has left at least, or a new one is made."""

WILDCARDS = frozenset({"0.0.0.0", "::", ""})


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: `authority` is what a client is to trust, `chain` and `key` what the server has."""

    authority: Path
    chain: Path
    key: Path


def certificate_folder() -> Path:
    """Where they are kept: in the user's cache. Whether it exists or not."""
    return cache_folder().with_name("tls")


def kept_certificate(host: str, folder: Path | None = None) -> Certificate:
    """The certificate for this machine under its own names and `host`, made unless there is one that lasts."""
    own = host in (*NAMES, *WILDCARDS)
    names = NAMES if own else (*NAMES, host)
    place = (folder or certificate_folder()) / (NAMES[0] if own else host.replace(":", "-"))
    if not _lasts(place / "chain.pem"):
        _make(place, names)
    return Certificate(place / "authority.pem", place / "chain.pem", place / "key.pem")


def _lasts(chain: Path) -> bool:
    from cryptography import x509  # noqa: PLC0415 (seldom needed)

    try:
        expiry = x509.load_pem_x509_certificate(chain.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return False
    return expiry - datetime.datetime.now(datetime.UTC) > MARGIN


def _make(place: Path, names: Sequence[str]) -> None:
    import trustme  # noqa: PLC0415 (seldom needed)

    authority = trustme.CA(organization_name="Local gateway", key_type=trustme.KeyType.ECDSA)
    now = datetime.datetime.now(datetime.UTC)
    issued = authority.issue_cert(
        *names,
        not_before=now - datetime.timedelta(days=1),
        not_after=now + LIFETIME,
        key_type=trustme.KeyType.ECDSA,
    )
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made beside and moved as a whole: of two gateways that start at once, one would have files of both.
    with tempfile.TemporaryDirectory(dir=place.parent) as beside:  # it has 0700
        made = Path(beside) / place.name
        made.mkdir(mode=0o700)
        for name, content in (
            ("authority.pem", authority.cert_pem.bytes()),
            ("key.pem", issued.private_key_pem.bytes()),
            ("chain.pem", chain),
        ):
            (made / name).touch(mode=0o600)
            (made / name).write_bytes(content)
        if place.exists() and not _lasts(place / "chain.pem"):
            place.rename(Path(beside) / "before")
        with contextlib.suppress(OSError):  # the other gateway was faster
            made.rename(place)
