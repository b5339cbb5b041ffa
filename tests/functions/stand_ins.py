"""What stands around the functions in the tests: a management API on loopback, Lambda's context, and its events."""

import json
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import places
from chat.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import ScalarAttributeTypeType

NOW = 1_750_000_000_000  # in the past, whatever clock a test runs on: 2025-06-15T15:06:40.000Z
SITE_HOST = "chat.example.com"
API = "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/live"


@dataclass
class Answer:
    """How the management API answers a post (contract M02, M05, M07, M10), after so many seconds. Status 0: not at
    all.
    """

    status: int
    error: str = ""
    after: float = 0.0


OK = Answer(200)
GONE = Answer(410, "GoneException")


@dataclass
class Gateway:
    """A management API that records what is posted and how many posts waited for an answer at once, and answers
    what it was told to (200 if nothing).
    """

    waiting: int = 0
    most_waiting: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))
    closed: list[str] = field(default_factory=list)
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def post(self, connection_id: str, body: bytes) -> Answer:
        with self.lock:
            self.posts.append((connection_id, body))
            queue = self.answers[connection_id]
            answer = queue.popleft() if queue else OK
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
        time.sleep(answer.after)
        with self.lock:
            self.waiting -= 1
        return answer

    def events(self, connection_id: str) -> list[dict[str, Any]]:
        """What the connection got, or would have got."""
        return [json.loads(body) for to, body in self.posts if to == connection_id]

    def reset(self) -> None:
        self.posts.clear()
        self.closed.clear()
        self.answers.clear()
        self.most_waiting = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gateway: Gateway

    def do_DELETE(self) -> None:
        connection_id = unquote(self.path.rpartition("/")[2])
        queue = self.gateway.answers[connection_id]
        answer = queue.popleft() if queue else Answer(204)
        if answer.status == 204:
            self.gateway.closed.append(connection_id)
        self._answer(answer)

    def do_POST(self) -> None:
        stage, api, connection_id = self.path.strip("/").split("/")
        assert (stage, unquote(api)) == ("live", "@connections")
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = self.gateway.post(unquote(connection_id), body)
        if answer.status == 0:
            self.close_connection = True
            self.gateway.closing.wait(30)
            return
        self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("content-length", "0")
        if answer.error:
            self.send_header("x-amzn-errortype", answer.error)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = (
        1024  # with the usual 5, connections that come at once wait a second for a second SYN
    )


class GatewayServer:
    """Serves a `Gateway` on loopback for the length of a with block."""

    def __enter__(self) -> Gateway:
        gateway = self._gateway = Gateway()
        handler = type("Handler", (_Handler,), {"gateway": gateway})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        gateway.url = f"http://127.0.0.1:{self._server.server_address[1]}/live"
        return gateway

    def __exit__(self, *_: object) -> None:
        self._gateway.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Context(LambdaContext):
    """Lambda's context, with as much time left as the test likes."""

    def __init__(self, *, remaining_ms: int = 25_000) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
        self._aws_request_id = "1b8a8a2f-0000-4000-8000-000000000000"
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # a static method in the stub
        return self._remaining_ms


def create_table(client: "DynamoDBClient", name: str, *, sort: str, kind: "ScalarAttributeTypeType") -> None:
    """A table of rooms, as the template has them; `sort` is its sort key, of type `kind`."""
    client.create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "room_id", "AttributeType": "S"},
            {"AttributeName": sort, "AttributeType": kind},
        ],
        KeySchema=[
            {"AttributeName": "room_id", "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def create_admissions(client: "DynamoDBClient", name: str) -> None:
    """The table of admissions, as the template has it."""
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "subject", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "subject", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def websocket_event(
    kind: str,
    connection_id: str,
    *,
    who: Identity | None = None,
    connected_at: int = NOW - 60_000,
    body: str | None = None,
) -> dict[str, Any]:
    """An event of one of the routes, with the keys that the functions may rely on (contract E01 to E19)."""
    routes = {"CONNECT": "$connect", "MESSAGE": "$default", "DISCONNECT": "$disconnect"}
    context: dict[str, Any] = {
        "routeKey": routes[kind],
        "eventType": kind,
        "stage": "live",
        "connectedAt": connected_at,
        "requestTimeEpoch": connected_at + 3,
        "connectionId": connection_id,
        "apiId": "abcdefghij",
        "domainName": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
        "identity": {"sourceIp": "192.0.2.1"},
        "messageDirection": "IN",
    }
    if who is not None:
        context["authorizer"] = {"principalId": "x", "integrationLatency": 7, **who.encode()}
    event: dict[str, Any] = {"requestContext": context, "isBase64Encoded": False}
    return event if body is None else event | {"body": body}


def authorizer_event(
    query: dict[str, str], *, arn: str = f"{API}/$connect", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """A REQUEST authorizer's event (contract A02)."""
    headers = {"Connection": "upgrade", "Upgrade": "websocket", "content-length": "0", **(headers or {})}
    return {
        "type": "REQUEST",
        "methodArn": arn,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "stageVariables": {"origins": f"{SITE_HOST},"},
        "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": "A="},
    }


def stream_record(
    number: int, event_name: str, connection_id: str, who: Identity, *, at: int = NOW - 60_000
) -> dict[str, Any]:
    """A record of the Memberships stream."""
    keys = {"room_id": {"S": who.room_id}, "place": {"S": places.of(connection_id)}}
    image = {
        **keys,
        "client_id": {"S": who.client_id},
        "joined_at": {"N": str(at)},
        "expires_at": {"N": str(at // 1000 + 7500)},
    }
    stream: dict[str, Any] = {
        "SequenceNumber": str(number),
        "Keys": keys,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if event_name != "REMOVE":
        stream["NewImage"] = image
    if event_name != "INSERT":
        stream["OldImage"] = image
    return {"eventName": event_name, "eventSource": "aws:dynamodb", "dynamodb": stream}


def queue_record(message_id: str, body: str, *, sent_at: int) -> dict[str, Any]:
    """A record of an SQS event."""
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt-{message_id}",
        "body": body,
        "attributes": {"SentTimestamp": str(sent_at), "ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:Slices",
        "awsRegion": "eu-central-1",
    }


def http_event(
    route: str,
    query: dict[str, str] | None = None,
    *,
    key: str | None = None,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An HTTP API's event in payload format 2.0, with the keys that the functions may rely on."""
    sent = {"host": "abcdefghij.execute-api.eu-central-1.amazonaws.com", **(headers or {})}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "headers": sent,
        "stageVariables": {"origins": f"{SITE_HOST},"},
        "requestContext": {"routeKey": route, "stage": "$default"},
        "isBase64Encoded": False,
    }
    if query:  # absent where there is none
        event["queryStringParameters"] = query
    return event if body is None else event | {"body": body}
