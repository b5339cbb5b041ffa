"""Which permissions boto3's own requests need."""

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from local_dev.iam.actions import Permission, Scope, permissions_of
from local_dev.relay.calls import Call, call_of

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team/key-AbCdEf"
SCOPE = Scope("123456789012", "us-east-1", (SECRET,))
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/T"
OTHER = "arn:aws:dynamodb:us-east-1:123456789012:table/U"
STREAM = f"{TABLE}/stream/2026-01-01T00:00:00.000"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:Q"
URL = "http://127.0.0.1:5000/123456789012/Q"
TOPIC = "arn:aws:sns:us-east-1:123456789012:N"
KEY = {"id": {"S": "a"}}


class _Raw:
    def stream(self, **_: Any) -> Any:
        return iter([b"{}"])


def call(service: str, operation: str, arguments: dict[str, Any]) -> Call:
    """What boto3 sends for an operation."""
    client = boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="ASIAKEY",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False),
    )
    sent: list[Call] = []

    def send(request: Any, **_: Any) -> AWSResponse:
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        sent.append(call_of(request.method, request.url.removeprefix("http://127.0.0.1:1"), headers, body))
        return AWSResponse(request.url, 200, {}, _Raw())  # type: ignore[arg-type]

    client.meta.events.register("before-send", send)
    try:
        getattr(client, operation)(**arguments)
    except Exception:
        assert sent  # an answer that boto3 cannot read is of no matter here
    return sent[0]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "needed"),
    [
        ("dynamodb", "get_item", {"TableName": "T", "Key": KEY}, [("dynamodb:GetItem", TABLE)]),
        ("dynamodb", "get_item", {"TableName": TABLE, "Key": KEY}, [("dynamodb:GetItem", TABLE)]),
        ("dynamodb", "query", {"TableName": "T"}, [("dynamodb:Query", TABLE)]),
        ("dynamodb", "scan", {"TableName": "T", "IndexName": "I"}, [("dynamodb:Scan", f"{TABLE}/index/I")]),
        (
            "dynamodb",
            "batch_write_item",
            {"RequestItems": {"T": [{"PutRequest": {"Item": KEY}}], "U": [{"DeleteRequest": {"Key": KEY}}]}},
            [("dynamodb:BatchWriteItem", TABLE), ("dynamodb:BatchWriteItem", OTHER)],
        ),
        (
            "dynamodb",
            "batch_get_item",
            {"RequestItems": {"T": {"Keys": [KEY]}}},
            [("dynamodb:BatchGetItem", TABLE)],
        ),
        (
            "dynamodb",
            "transact_write_items",
            {
                "TransactItems": [
                    {"Put": {"TableName": "T", "Item": KEY}},
                    {"Put": {"TableName": "T", "Item": KEY}},
                    {"Update": {"TableName": "T", "Key": KEY, "UpdateExpression": "SET a = b"}},
                    {"Delete": {"TableName": "U", "Key": KEY}},
                    {"ConditionCheck": {"TableName": "U", "Key": KEY, "ConditionExpression": "a = b"}},
                ]
            },
            [
                ("dynamodb:PutItem", TABLE),
                ("dynamodb:UpdateItem", TABLE),
                ("dynamodb:DeleteItem", OTHER),
                ("dynamodb:ConditionCheckItem", OTHER),
            ],
        ),
        (
            "dynamodb",
            "transact_get_items",
            {"TransactItems": [{"Get": {"TableName": "T", "Key": KEY}}]},
            [("dynamodb:GetItem", TABLE)],
        ),
        (
            "dynamodb",
            "execute_statement",
            {"Statement": 'SELECT * FROM "T"."I"'},
            [("dynamodb:PartiQLSelect", f"{TABLE}/index/I")],
        ),
        (
            "dynamodb",
            "batch_execute_statement",
            {
                "Statements": [
                    {"Statement": "update \"T\" set a='x from y'"},
                    {"Statement": "EXISTS(SELECT 1)"},
                ]
            },
            [("dynamodb:PartiQLUpdate", TABLE), ("dynamodb:PartiQLSelect", None)],
        ),
        (
            "dynamodb",
            "execute_transaction",
            {
                "TransactStatements": [
                    {"Statement": "INSERT INTO T VALUE {}"},
                    {"Statement": "DELETE FROM 'U'"},
                ]
            },
            [("dynamodb:PartiQLInsert", TABLE), ("dynamodb:PartiQLDelete", OTHER)],
        ),
        ("dynamodb", "list_tables", {}, [("dynamodb:ListTables", "*")]),
        ("dynamodb", "describe_table", {"TableName": "T"}, [("dynamodb:DescribeTable", TABLE)]),
        (
            "dynamodb",
            "list_tags_of_resource",
            {"ResourceArn": TABLE},
            [("dynamodb:ListTagsOfResource", TABLE)],
        ),
        ("dynamodbstreams", "describe_stream", {"StreamArn": STREAM}, [("dynamodb:DescribeStream", STREAM)]),
        (
            "dynamodbstreams",
            "get_shard_iterator",
            {"StreamArn": STREAM, "ShardId": "s" * 30, "ShardIteratorType": "LATEST"},
            [("dynamodb:GetShardIterator", STREAM)],
        ),
        (
            "dynamodbstreams",
            "get_records",
            {"ShardIterator": f"{STREAM}|1|abc"},
            [("dynamodb:GetRecords", STREAM)],
        ),
        (
            "dynamodbstreams",
            "list_streams",
            {"TableName": "T"},
            [("dynamodb:ListStreams", f"{TABLE}/stream/*")],
        ),
        ("dynamodbstreams", "list_streams", {}, [("dynamodb:ListStreams", "*")]),
        ("sqs", "send_message", {"QueueUrl": URL, "MessageBody": "x"}, [("sqs:SendMessage", QUEUE)]),
        (
            "sqs",
            "send_message_batch",
            {"QueueUrl": URL, "Entries": [{"Id": "1", "MessageBody": "x"}]},
            [("sqs:SendMessage", QUEUE)],
        ),
        (
            "sqs",
            "delete_message_batch",
            {"QueueUrl": URL, "Entries": [{"Id": "1", "ReceiptHandle": "x"}]},
            [("sqs:DeleteMessage", QUEUE)],
        ),
        ("sqs", "get_queue_url", {"QueueName": "Q"}, [("sqs:GetQueueUrl", QUEUE)]),
        ("sqs", "list_queues", {}, [("sqs:ListQueues", "*")]),
        ("sns", "publish", {"TopicArn": TOPIC, "Message": "x"}, [("sns:Publish", TOPIC)]),
        (
            "sns",
            "publish_batch",
            {"TopicArn": TOPIC, "PublishBatchRequestEntries": [{"Id": "1", "Message": "x"}]},
            [("sns:Publish", TOPIC)],
        ),
        ("sns", "create_topic", {"Name": "N"}, [("sns:CreateTopic", TOPIC)]),
        ("sns", "list_topics", {}, [("sns:ListTopics", "*")]),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": SECRET},
            [("secretsmanager:GetSecretValue", SECRET)],
        ),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": "team/key"},
            [("secretsmanager:GetSecretValue", SECRET)],
        ),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": SECRET[:-7]},
            [("secretsmanager:GetSecretValue", SECRET)],
        ),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": "team"},
            [("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:team")],
        ),
        (
            "secretsmanager",
            "batch_get_secret_value",
            {"SecretIdList": ["team/key"]},
            [("secretsmanager:BatchGetSecretValue", "*"), ("secretsmanager:GetSecretValue", SECRET)],
        ),
        ("secretsmanager", "list_secrets", {}, [("secretsmanager:ListSecrets", "*")]),
        (
            "ssm",
            "get_parameter",
            {"Name": "/a/b:3"},
            [("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/a/b")],
        ),
        (
            "ssm",
            "get_parameters",
            {"Names": ["a", "arn:aws:ssm:us-east-1:123456789012:parameter/b"]},
            [
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/a"),
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/b"),
            ],
        ),
        ("ssm", "describe_parameters", {}, [("ssm:DescribeParameters", "*")]),
        (
            "events",
            "put_events",
            {"Entries": [{"Source": "s"}, {"Source": "s", "EventBusName": "mine"}]},
            [
                ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/default"),
                ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/mine"),
            ],
        ),
        (
            "stepfunctions",
            "start_execution",
            {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:M"},
            [("states:StartExecution", "arn:aws:states:us-east-1:123456789012:stateMachine:M")],
        ),
        ("kms", "encrypt", {"KeyId": "k", "Plaintext": b"x"}, [("kms:Encrypt", None)]),
        ("sts", "get_caller_identity", {}, []),
        ("s3", "get_object", {"Bucket": "b", "Key": "k"}, None),
    ],
)
def test_what_a_call_needs(
    service: str, operation: str, arguments: dict[str, Any], needed: list[tuple[str, str | None]] | None
) -> None:
    found = permissions_of(call(service, operation, arguments), SCOPE)
    assert found == (None if needed is None else [Permission(*each) for each in needed])


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda it: (
        st.lists(it, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "TableName",
                    "RequestItems",
                    "TransactItems",
                    "Put",
                    "Statement",
                    "Names",
                    "QueueUrl",
                    "SecretId",
                ]
            ),
            it,
            max_size=3,
        )
    ),
)


@given(
    st.sampled_from(["dynamodb", "sqs", "sns", "secretsmanager", "ssm", "events", "states", "other"]),
    st.sampled_from(
        ["GetItem", "BatchWriteItem", "TransactWriteItems", "ExecuteStatement", "PutEvents", "GetParameters"]
    ),
    JSON | st.binary(max_size=20),
)
def test_whatever_is_sent_needs_something(service: str, operation: str, body: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = Call(service, operation, "key", "", json=True, body=raw)
    assert isinstance(permissions_of(made, SCOPE), list)
