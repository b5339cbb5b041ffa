"""The stream of Memberships: rooms are told who joined, who left, and who is there."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import metrics
from chat.announcements import Announcements

logger = Logger()
announcements = Announcements.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers as `ReportBatchItemFailures` wants it: at most one, where the stream is to start again."""
    failure = announcements.announce(
        DynamoDBStreamEvent(event).records,
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    return {"batchItemFailures": [{"itemIdentifier": failure}] if failure else []}
