"""Faults and the clock over HTTP, for tests and for the live page, whose guard stands before these routes."""

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..clock import Clock
from ..errors import FaultsError
from ..web.management import read_body
from .faults import Faults
from .rules import read_plan

BODY_LIMIT = 1024 * 1024

LONGEST_MOVE = 10 * 365 * 86400.0
"""Seconds that the clock is moved at once, at most."""


def fault_routes(faults: Faults | None, clock: Clock) -> list[Route]:
    """`/faults` and `/clock`, which are not there without `faults`."""

    async def show_or_replace(request: Request) -> Any:
        assert faults
        if request.method == "PUT":
            faults.replace(read_plan(await _json(request), seed=faults.seed))
        return faults.report()

    async def advance(request: Request) -> Any:
        match await _json(request):
            case {"advance": int() | float() as seconds} if _is_move(seconds):
                clock.advance(seconds)
                return {"advanced": clock.advanced}
        raise FaultsError('give {"advance": seconds}')

    def guarded(endpoint: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if faults is None:
                return _answer({"error": "Faults are off: start the gateway with --faults"}, 404)
            try:
                return _answer(await endpoint(request))
            except FaultsError as error:
                return _answer({"error": str(error)}, 400)

        return answer

    return [
        Route("/faults", guarded(show_or_replace), methods=["GET", "PUT"]),
        Route("/clock", guarded(advance), methods=["POST"]),
    ]


def _is_move(seconds: float) -> bool:
    return not isinstance(seconds, bool) and math.isfinite(seconds) and 0 < seconds <= LONGEST_MOVE


async def _json(request: Request) -> Any:
    body = await read_body(request, BODY_LIMIT)
    if body is None:
        raise FaultsError(f"the body can have {BODY_LIMIT} bytes at most")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise FaultsError("the body is not JSON") from None


def _answer(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, separators=(",", ":")), status, media_type="application/json")
