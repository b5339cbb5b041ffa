"""The queue of slices: the members of a large room are told, each slice of them by one function of many."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import metrics
from chat.deliveries import Deliveries

logger = Logger()
deliveries = Deliveries.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers as `ReportBatchItemFailures` wants it."""
    failed = deliveries.deliver(
        SQSEvent(event).records,
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
