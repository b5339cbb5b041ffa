"""What a fault does to an invocation."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import FunctionError, FunctionThrottled
from .draws import Question
from .faults import Faults

Run = Callable[[float | None], Awaitable[Any]]
"""Runs the function once; where it is given seconds, its worker is killed so long after it began."""


class Invocations:
    """The invocations of one function, by its logical id."""

    def __init__(self, faults: Faults, function: str) -> None:
        self._faults, self._function = faults, function
        self._again: set[asyncio.Task[None]] = set()

    async def invoke(self, run: Run) -> Any:
        """Run it, or do what is to happen instead."""
        fault = self._faults.ask(Question(at="invoke", function=self._function))
        match fault and fault.do:
            case "lose":
                return None
            case "throttle":
                raise FunctionThrottled("Rate Exceeded.", error_type="TooManyRequestsException")
            case "delay":
                assert fault and fault.ms is not None
                await asyncio.sleep(fault.ms / 1000)
            case "crash":
                assert fault
                return await run((fault.after_ms or 0) / 1000)
            case "repeat":
                try:
                    return await run(None)
                finally:
                    self._repeat(run)
        return await run(None)

    def _repeat(self, run: Run) -> None:
        task = asyncio.get_running_loop().create_task(_unheard(run))
        self._again.add(task)
        task.add_done_callback(self._again.discard)


async def _unheard(run: Run) -> None:
    with contextlib.suppress(FunctionError):  # its log has it
        await run(None)
