"""$disconnect: the membership ends. Where this fails, eviction or the lease ends it later."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.api_gateway_websocket_event import APIGatewayWebSocketEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat.errors import Unavailable
from chat.identity import Identity
from chat.memberships import Memberships

logger = Logger()
memberships = Memberships.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    request = APIGatewayWebSocketEvent(event).request_context
    who = Identity.decode(request["authorizer"])
    logger.append_keys(connection_id=request.connection_id, room=who.room_id)
    try:
        memberships.leave(who.room_id, request.connection_id)
    except Unavailable:
        logger.exception("not left")
        raise  # so that the function's error count shows it
    return {"statusCode": 200}
