"""For operators, who invoke it themselves: puts a client out of a room for some minutes."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import clock, names
from chat.errors import NameRefused
from chat.identity import Identity
from chat.removal import Removal

MOST_MINUTES = 24 * 60
DEFAULT_MINUTES = 10

logger = Logger()
removal = Removal.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"room", "client", "minutes"}` in; `{"room", "client", "until", "closed"}` out, or `{"error", "content"}` where
    what was asked makes no sense.
    """
    room, client, minutes = event.get("room"), event.get("client"), event.get("minutes", DEFAULT_MINUTES)
    if not (isinstance(room, str) and isinstance(client, str) and room.strip() and client.strip()):
        return _refusal("names_missing", '"room" and "client" must be text.')
    if type(minutes) is not int or not 1 <= minutes <= MOST_MINUTES:
        return _refusal("minutes_invalid", f'"minutes" must be a whole number from 1 to {MOST_MINUTES}.')
    try:
        who = Identity(names.room(room), names.client(client))
    except NameRefused as refusal:
        return _refusal(refusal.code.value, refusal.content)
    until, closed = removal.put_out(who, minutes=minutes)
    logger.info("put out", room=who.room_id, closed=closed, minutes=minutes)
    return {
        "room": who.room_id,
        "client": who.client_id,
        "until": clock.timestamp(until),
        "closed": closed,
    }


def _refusal(code: str, content: str) -> dict[str, str]:
    return {"error": code, "content": content}
