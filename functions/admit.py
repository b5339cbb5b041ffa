"""The authorizer of $connect: who are you, which room is it, and may you enter it."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerRequestEvent,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import metrics
from chat.doorkeeper import Doorkeeper
from chat.errors import Code, NameRefused
from chat.handshake import Handshake
from chat.refusals import Reason, Refused

logger = Logger()
doorkeeper = Doorkeeper.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Allow or Deny. Where it cannot be told the exception goes on: the client gets 500 (contract H12), and the
    function's error count shows it. A refusal is no error, or strangers could raise the alarm.
    """
    request = APIGatewayAuthorizerRequestEvent(event)
    try:
        who = doorkeeper.admit(Handshake.of(event))
    except NameRefused as refusal:
        return _refuse(request, refusal.code)
    except Refused as refusal:
        return _refuse(request, refusal.reason)
    return _answer("Allow", request.method_arn, who.encode())


def _refuse(request: APIGatewayAuthorizerRequestEvent, code: Code | Reason) -> dict[str, Any]:
    logger.info("refused", code=code.value, connection_id=request.request_context.get("connectionId"))
    metrics.refused(code)
    return _answer("Deny", request.method_arn, {})


def _answer(effect: str, arn: str, identity: dict[str, str]) -> dict[str, Any]:
    """The policy of contract A04, for the very ARN that was asked about.

    Powertools has a builder for it, `APIGatewayAuthorizerResponseWebSocket`; but it leaves the ARN's
    partition out and writes `arn:aws:` for China and GovCloud too, where nobody could then connect
    (contract A08).
    """
    return {
        "principalId": identity.get("client_id", "nobody"),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}],
        },
        "context": identity,
    }
