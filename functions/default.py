"""$default: every frame of a client. What is refused is answered with an error event."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.api_gateway_websocket_event import APIGatewayWebSocketEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import metrics
from chat.conversation import Conversation
from chat.identity import Identity
from chat.memberships import Member

logger = Logger()
conversation = Conversation.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    message = APIGatewayWebSocketEvent(event)
    request = message.request_context
    who = Identity.decode(request["authorizer"])
    logger.append_keys(connection_id=request.connection_id, room=who.room_id)
    try:
        conversation.hear(
            message.body or "",
            who,
            Member(request.connection_id, joined_at=request.connected_at, heard=True),
            time_left=lambda: context.get_remaining_time_in_millis() / 1000,
        )
    except Exception:
        logger.exception("a frame was not handled")
        raise  # the gateway then sends its own, generic error (contract R12)
    return {"statusCode": 200}
