"""AWS's own policies that functions' roles commonly have, as far as what they allow is checked here.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from .model import Statement


def _allow(*actions: str, resources: tuple[str, ...] = ("*",)) -> tuple[Statement, ...]:
    return (Statement("Allow", actions=actions, resources=resources),)


EVERYTHING = Statement("Allow", actions=("*",), resources=("*",))

_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_TRACES = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSampling*")

MANAGED: dict[str, tuple[Statement, ...]] = {
    "AdministratorAccess": (EVERYTHING,),
    "PowerUserAccess": (
        Statement("Allow", not_actions=("iam:*", "organizations:*", "account:*"), resources=("*",)),
    ),
    "AWSLambda_FullAccess": _allow("lambda:*"),
    "AWSLambdaRole": _allow("lambda:InvokeFunction"),
    "AmazonAPIGatewayInvokeFullAccess": _allow(
        "execute-api:Invoke", "execute-api:ManageConnections", resources=("arn:aws:execute-api:*:*:*",)
    ),
    "AWSLambdaBasicExecutionRole": _allow(*_LOGS),
    "AWSLambdaVPCAccessExecutionRole": _allow(*_LOGS, "ec2:*NetworkInterface*", "ec2:DescribeSubnets"),
    "AWSLambdaDynamoDBExecutionRole": _allow(
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        *_LOGS,
    ),
    "AWSLambdaInvocation-DynamoDB": _allow(
        "lambda:InvokeFunction",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ),
    "AWSLambdaSQSQueueExecutionRole": _allow(
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOGS
    ),
    "AWSXRayDaemonWriteAccess": _allow(*_TRACES),
    "AWSXrayWriteOnlyAccess": _allow(*_TRACES),
    "AmazonDynamoDBFullAccess": _allow("dynamodb:*"),
    "AmazonSQSFullAccess": _allow("sqs:*"),
    "AmazonSNSFullAccess": _allow("sns:*"),
    "AmazonSSMFullAccess": _allow("ssm:*"),
    "SecretsManagerReadWrite": _allow("secretsmanager:*"),
}
"""By name."""
