"""What a fault does to a post to a connection."""

import asyncio
from collections.abc import Callable

from starlette.types import Receive, Scope

from ..errors import RequestRefused
from ..gateway.connections import Gone
from .rules import Rule

_NAMES = {
    400: ("BadRequestException", "Bad Request"),
    403: ("ForbiddenException", "Forbidden"),
    413: ("PayloadTooLargeException", "Message too long"),
    429: ("LimitExceededException", "Rate exceeded"),
    503: ("ServiceUnavailableException", "Service Unavailable"),
    504: ("IntegrationTimeoutException", "Endpoint request timed out"),
}
_OTHERS = ("BadRequestException", "Bad Request"), ("InternalServerErrorException", "Internal server error")


class Hung(Exception):
    """The post gets no answer: its connection is to be dropped after so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def disturb(fault: Rule, connection_id: str, deliver: Callable[[], None]) -> None:
    """Carry out the fault; Gone, RequestRefused or Hung where the post does not succeed."""
    match fault.do:
        case "lose":
            return
        case "answer":
            assert fault.status is not None
            if fault.status == 410:
                raise Gone(connection_id)
            raise _refused(fault.status)
        case "hang":
            assert fault.ms is not None
            raise Hung(fault.ms / 1000)
        case "delay":
            assert fault.ms is not None
            await asyncio.sleep(fault.ms / 1000)
        case "repeat":
            deliver()
    deliver()
    if fault.do == "late":
        raise _refused(500)


async def hang(scope: Scope, receive: Receive, seconds: float) -> None:
    """Say nothing for so long, or until the client has had enough; then drop the connection."""
    try:
        async with asyncio.timeout(seconds):
            await _hung_up(receive)
    except TimeoutError:
        scope["extensions"]["transport"]["abort"]()
        await _hung_up(receive)  # else the server would answer that there is no answer


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _refused(status: int) -> RequestRefused:
    return RequestRefused(status, *_NAMES.get(status, _OTHERS[status >= 500]))
