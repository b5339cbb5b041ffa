"""$connect: the membership is written, and the handshake may go on. `announce` tells the room."""

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
    handshake = APIGatewayWebSocketEvent(event)
    request = handshake.request_context
    who = Identity.decode(request["authorizer"])
    logger.append_keys(connection_id=request.connection_id, room=who.room_id)
    try:
        memberships.enter(
            who,
            request.connection_id,
            joined_at=request.connected_at,
            batches=handshake.query_string_parameters.get("frames") == "batch",
        )
    except Unavailable:
        logger.exception("not entered")
        return {"statusCode": 503}  # the client sees this status (contract H02)
    return {"statusCode": 200}
