"""Answers to requests over HTTP, in the payload format 2.0 of HTTP APIs; a refusal is the event a socket would get."""

import base64
import math
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from chat import clock, events, metrics
from chat.errors import Code, NotAdmitted, ParleyError
from chat.events import Event
from chat.refusals import Reason, Refused

logger = Logger()

Answer = dict[str, Any]

_STATUS = {
    Code.CONTENT_TOO_LONG: 413,
    Code.FRAME_TOO_LARGE: 413,
    Code.KEY_MISSING: 401,
    Code.NOT_ADMITTED: 403,
    Code.NOT_A_MEMBER: 410,
    Code.RATE_LIMITED: 429,
    Code.TOO_MANY_CONNECTIONS: 429,
    Code.UNAVAILABLE: 503,
}
"""Any other code is 400: the same request would be refused again."""

_TOO_MANY = (Reason.ROOM_FULL, Reason.CLIENT_CONNECTIONS)


def answer(body: Event | None, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Nobody may keep an answer: it is for one client at one moment."""
    common = {"cache-control": "no-store", **(headers or {})}
    if body is None:
        return {"statusCode": 204, "headers": common}
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **common},
        "body": events.encode(body).decode(),
    }


def answered(handle: Callable[[], Answer]) -> Answer:
    """What the handler answers, or its refusal as an answer. Anything else it raises goes on, and the gateway answers
    500 then. It is counted as `unavailable`, which has an alarm.
    """
    try:
        return handle()
    except ParleyError as refusal:
        log = logger.exception if refusal.code is Code.UNAVAILABLE else logger.info
        log("refused a request", code=refusal.code.value)
        metrics.refused(refusal.code)
        return _refusal(refusal)
    except Refused as refusal:
        # Nor does a handshake say why.
        logger.info("refused", code=refusal.reason.value)
        metrics.refused(refusal.reason)
        return _refusal(
            NotAdmitted(Code.TOO_MANY_CONNECTIONS if refusal.reason in _TOO_MANY else Code.NOT_ADMITTED)
        )
    except Exception:
        metrics.refused(Code.UNAVAILABLE)
        raise


def body_of(event: Mapping[str, Any]) -> str:
    """The text of a request's body. What is no UTF-8 in it is replaced; a socket would end, a request has none."""
    body: str = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body).decode(errors="replace")
    return body


def _refusal(error: ParleyError) -> Answer:
    headers = {}
    if error.retry_after_ms is not None:
        headers["retry-after"] = str(math.ceil(error.retry_after_ms / 1000))
    return answer(events.error(error, at=clock.now()), _STATUS.get(error.code, 400), headers)
