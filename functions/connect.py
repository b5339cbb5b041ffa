"""$connect: the membership is written, and the handshake may go on. `announce` tells the room."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.api_gateway_websocket_event import APIGatewayWebSocketEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import metrics
from chat.admissions import Admissions
from chat.errors import Code, Unavailable
from chat.handshake import SUBPROTOCOL, Handshake
from chat.identity import Identity
from chat.memberships import Memberships
from chat.refusals import Reason, Refused
from chat.seats import Seats

logger = Logger()
admissions = Admissions.from_environment()
memberships = Memberships.from_environment()
seats = Seats.from_environment(memberships)
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The client sees the status (contract H02), and of the headers the subprotocol alone (contract H19)."""
    request = APIGatewayWebSocketEvent(event).request_context
    handshake = Handshake.of(event)
    who = Identity.decode(request["authorizer"])
    logger.append_keys(connection_id=request.connection_id, room=who.room_id)
    try:
        if admissions.is_out(who):
            raise Refused(Reason.PUT_OUT)  # noqa: TRY301
        seats.take(who, request.connection_id)
        memberships.enter(
            who,
            request.connection_id,
            joined_at=request.connected_at,
            batches=handshake.query.get("frames") == "batch",
        )
    except Refused as refusal:
        logger.info("refused", code=refusal.reason.value)
        metrics.refused(refusal.reason)
        return {"statusCode": 403 if refusal.reason is Reason.PUT_OUT else 429}
    except Unavailable:
        logger.exception("not entered")
        metrics.refused(Code.UNAVAILABLE)
        return {"statusCode": 503}
    if SUBPROTOCOL in handshake.subprotocols:
        # A browser gives up a connection whose offer of subprotocols nobody took up (contract H20).
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}}
    return {"statusCode": 200}
