"""What a fault does to a function's call to AWS."""

import asyncio

from ..relay.calls import Call, error_answer
from ..relay.relay import GoOn
from .draws import Question
from .faults import Faults

TEXT = "This fault was injected"
"""What each injected error says."""


class FaultyCalls:
    """Intercepts calls, so that they can go wrong."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def intercept(self, call: Call, go_on: GoOn) -> bytes | None:
        """Have the call carried out, or do what is to happen instead."""
        fault = self._faults.ask(
            Question(
                at="aws",
                function=self._faults.caller(call.access_key, call.trace),
                service=call.service,
                operation=call.operation,
            )
        )
        do = fault.do if fault else None
        if fault and do == "error":
            assert fault.code
            return error_answer(call, fault.code, fault.status, TEXT)
        if fault and do == "delay":
            assert fault.ms is not None
            await asyncio.sleep(fault.ms / 1000)
        answer = await go_on()
        if do == "crash" and (running := self._faults.running.get(call.trace)):
            running.crash()
        return None if do in ("crash", "lose-answer") else answer
