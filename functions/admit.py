"""The authorizer of $connect: who are you, which room is it, and may you enter under these names."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerRequestEvent,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import names
from chat.errors import NameRefused
from chat.identity import Identity

logger = Logger()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = APIGatewayAuthorizerRequestEvent(event)
    query = request.query_string_parameters
    try:
        who = Identity(names.room(query.get("room_id")), names.client(query.get("client_id")))
    except NameRefused as refusal:
        logger.info("refused", code=refusal.code.value)
        return _answer("Deny", request.method_arn, {})
    return _answer("Allow", request.method_arn, who.encode())


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
