"""The processes that are started ahead of everything else, because they take longest to load: moto, and the
one that workers are forked from.

What this module imports is imported before they run, so it imports little.
"""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from .runtime.preloaded import Preloaded
from .stack.cloud import spawn


class Ahead:
    """`async with Ahead(region) as ahead`: both load from then on, and end with it. `preloaded` is None where
    workers cannot be forked.
    """

    moto: asyncio.subprocess.Process
    preloaded: Preloaded | None

    def __init__(self, region: str) -> None:
        self._region = region
        self._cleanup = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as cleanup:
            self.moto = await spawn(self._region)
            cleanup.push_async_callback(self._end_moto)
            self.preloaded = await Preloaded.start()
            if self.preloaded:
                cleanup.push_async_callback(self.preloaded.stop)
            self._cleanup = cleanup.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._cleanup.aclose()

    async def _end_moto(self) -> None:
        """End moto if nothing was deployed into it, in which case it may still be loading; otherwise it has
        ended already.
        """
        if self.moto.returncode is None:
            self.moto.kill()
            await self.moto.wait()
