"""An asynchronous context in a thread of its own, for tests that are not asynchronous."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")

START_TIMEOUT = 180.0
END_TIMEOUT = 60.0


class Inside(Generic[T]):
    """What the context gave, and the loop that it is in."""

    value: T
    loop: asyncio.AbstractEventLoop
    error: BaseException | None = None

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine, run in that loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(END_TIMEOUT)


@contextmanager
def in_thread(context: AbstractAsyncContextManager[T]) -> Iterator[Inside[T]]:
    """Enter the context there, and leave it at the end; what it raises on the way in is raised here."""
    inside: Inside[T] = Inside()
    ready, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        inside.loop = asyncio.get_running_loop()
        async with context as inside.value:
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            inside.error = error
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="context")
    thread.start()
    try:
        assert ready.wait(START_TIMEOUT), "it did not start"
        if inside.error is not None:
            raise inside.error
        yield inside
    finally:
        if thread.is_alive():
            inside.loop.call_soon_threadsafe(stop.set)
        thread.join(END_TIMEOUT)
        assert not thread.is_alive(), "it did not end"
