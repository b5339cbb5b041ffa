"""The static site, with the headers that the distribution's policies put on its files."""

from pathlib import Path
from typing import Any

from fastapi import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from ..stack.distribution import Distribution


class Site:
    """The ASGI application for the files of `folder`."""

    def __init__(self, folder: Path, distribution: Distribution | None = None) -> None:
        self._files = _FreshFiles(directory=folder, html=True)
        self._distribution = distribution

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or say that there is none: the policy of the path's behaviour holds for both."""
        policy = None
        if self._distribution is not None:
            path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
            policy = self._distribution.behaviour_of(path).response_headers
        if policy is None:
            await self._files(scope, receive, send)
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = [
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
                ]
                message["headers"] = [
                    (name.encode("latin-1"), value.encode("latin-1", "replace"))
                    for name, value in policy.apply(sent)
                ]
            await send(message)

        try:
            await self._files(scope, receive, with_policy)
        except HTTPException as error:  # which the application answers
            raise HTTPException(error.status_code, error.detail, dict(policy.apply([]))) from None


class OverTls:
    """Sends whoever asks for the site without TLS to the address where it has TLS, as a distribution does
    (`redirect-to-https`). Not for good: browsers would remember it when there is no such address any more.
    """

    def __init__(self, site: Site, url: str) -> None:
        self._site, self._url = site, url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the file or the address."""
        app: Any = self._site
        if scope["scheme"] == "http":
            query = "?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""
            path = scope["raw_path"].decode("latin-1").lstrip("/")
            headers = {"location": f"{self._url}/{path}{query}", "cache-control": "no-store"}
            app = Response(status_code=307, headers=headers)
        await app(scope, receive, send)


class _FreshFiles(StaticFiles):
    """Static files that the browser asks for again each time, so that an edited page shows at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response
