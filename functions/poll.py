"""GET /api/events: what is new in the room, at once or as soon as there is something. While it waits it sleeps, and is
paid for; so it has little memory, and loads little.
"""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import answers, metrics
from chat.answers import Answer
from chat.doorkeeper import Doorkeeper
from chat.handshake import Handshake
from chat.polling import Ask, Polling

logger = Logger()
doorkeeper = Doorkeeper.from_environment()
polling = Polling.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> Answer:
    handshake = Handshake.of(event)

    def handle() -> Answer:
        session = doorkeeper.recognise(handshake)
        logger.append_keys(connection_id=session.connection_id, room=session.who.room_id)
        told, noticed = polling.events(
            Ask.of(handshake.query),
            session,
            time_left=lambda: context.get_remaining_time_in_millis() / 1000,
        )
        return answers.answer({"events": told, "noticed": noticed})

    return answers.answered(handle)
