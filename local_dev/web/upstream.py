"""The proxy that a person's own environment names, for what is not on this machine."""

import base64
import logging
import urllib.request
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

log = logging.getLogger(__name__)


class NextProxy:
    """A proxy on the way to the network; ValueError where a URL is not that of one that speaks HTTP."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "//" in url else f"//{url}")
        if parts.scheme not in ("", "http") or not parts.hostname:
            raise ValueError(url)
        self.host, self.port = parts.hostname, parts.port or 8080
        self._login = ""
        if parts.username is not None:
            self._login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"

    def introduce(self, head: bytes) -> bytes:
        """The request as that proxy is to see it."""
        if not self._login:
            return head
        login = base64.b64encode(self._login.encode())
        return head.removesuffix(b"\r\n") + b"Proxy-Authorization: Basic " + login + b"\r\n\r\n"


class Upstream:
    """The proxy that an environment names for https, and the hosts that it excepts."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        url = environ.get("https_proxy") or environ.get("HTTPS_PROXY")
        self._excepted = {"no": environ.get("no_proxy") or environ.get("NO_PROXY") or ""}
        self._proxy: NextProxy | None = None
        if url:
            try:
                self._proxy = NextProxy(url)
            except ValueError:
                log.warning("HTTPS_PROXY names no proxy that speaks HTTP, and is ignored")

    def of(self, host: str) -> NextProxy | None:
        """The proxy for a host, None for a direct way."""
        if self._proxy is None:
            return None
        local = host == "localhost" or host.startswith("127.")
        if local or urllib.request.proxy_bypass_environment(  # type: ignore[attr-defined]
            host, self._excepted
        ):
            return None
        return self._proxy
