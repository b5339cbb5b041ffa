"""The probe of the conformance suite: handlers that store each event, then do what it asks for.

A wish is `do` in a handshake's query, or in a message's JSON. What was stored is asked for with a
`report` message, so that everything is seen from outside. Nothing but boto3 is needed.
"""

import functools
import json
import os
import threading
import time
import uuid
from typing import Any

import boto3
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

KEPT_SECONDS = 3600
LONG_BODY = 8192
"""Characters of a body that are stored; a report has to fit into one message."""

GREETING_TRIES = 100

dynamodb = boto3.client("dynamodb")


@functools.cache
def endpoint(url: str) -> Any:
    """The management API at a URL."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=url)


def management(context: dict[str, Any]) -> Any:
    """The management API of the API that an event came from, by the address that AWS's samples build."""
    return endpoint(f"https://{context['domainName']}/{context['stage']}")


def store(kind: str, facts: Any, *subjects: str) -> None:
    """Keep `facts` under each subject: `tag:<what the client chose>`, `connection:<id>`."""
    if isinstance(facts, dict) and isinstance(facts.get("body"), str):
        facts = {**facts, "body": facts["body"][:LONG_BODY]}
    at = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
    for subject in subjects:
        dynamodb.put_item(
            TableName=os.environ["EVENTS"],
            Item={
                "subject": {"S": subject},
                "at": {"S": at},
                "kind": {"S": kind},
                "facts": {"S": json.dumps(facts)},
                "expires_at": {"N": str(int(time.time()) + KEPT_SECONDS)},
            },
        )


def stored(subject: str) -> list[dict[str, Any]]:
    """What is kept under a subject, oldest first."""
    answer = dynamodb.query(
        TableName=os.environ["EVENTS"],
        KeyConditionExpression="subject = :subject",
        ExpressionAttributeValues={":subject": {"S": subject}},
        ConsistentRead=True,
    )
    return [
        {"kind": item["kind"]["S"], "at": item["at"]["S"], "facts": json.loads(item["facts"]["S"])}
        for item in answer["Items"]
    ]


def query(event: dict[str, Any], name: str) -> str:
    """A value of the handshake's query, "" without one."""
    return str((event.get("queryStringParameters") or {}).get(name, ""))


def subjects(event: dict[str, Any]) -> list[str]:
    """Where an event belongs: its connection, and the tag in its query or in its X-Tag header."""
    found = [f"connection:{event['requestContext']['connectionId']}"]
    tag = query(event, "tag") or (event.get("headers") or {}).get("X-Tag", "")
    return [*found, f"tag:{tag}"] if tag else found


def authorize(event: dict[str, Any], context: Any) -> Any:
    """The REQUEST authorizer."""
    wish = query(event, "do")
    seen_before = wish == "auth-once" and stored(f"tag:{query(event, 'tag')}")
    store("authorize", event, *subjects(event))
    if wish == "auth-unauthorized":
        raise Exception("Unauthorized")  # noqa: TRY002 (the form of AWS's documentation)
    if wish == "auth-raise":
        raise ValueError("a secret of the authorizer")
    if wish == "auth-shape":
        return {"statusCode": 401}
    if wish == "auth-policy":
        return json.loads(query(event, "policy"))
    effect = "Deny" if wish == "auth-deny" or seen_before else "Allow"
    prefix = event["methodArn"].removesuffix("/$connect")
    resource = {
        "auth-elsewhere": f"{prefix}/elsewhere",
        "auth-rest": f"{prefix}/GET/connect",
    }.get(wish, event["methodArn"])
    given: dict[str, Any] = {"number": 7, "flag": True, "text": "x"}
    if wish == "auth-nested":
        given["nested"] = {"a": [1]}
    if wish == "auth-large":
        given["long"] = "x" * int(query(event, "size"))
    if wish == "auth-odd":
        given = {"half": 0.5, "no": False, "large": 2**53 + 2, "empty": "", "none": None}
    answer: dict[str, Any] = {
        "principalId": "probe",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}],
        },
        "context": given,
    }
    if query(event, "key"):
        answer["usageIdentifierKey"] = query(event, "key")
    return answer


def connect(event: dict[str, Any], context: Any) -> Any:
    """$connect."""
    store("connect", event, *subjects(event))
    wish = query(event, "do")
    if wish == "raise":
        raise ValueError("a secret of the handler")
    if wish == "shape":
        return "no dictionary"
    if wish == "nostatus":
        return {"body": "no status"}
    if wish == "post":
        return {"statusCode": 200 if post(event["requestContext"], "early") is None else 410}
    if wish == "greet":
        boto3.client("lambda").invoke(
            FunctionName=os.environ["GREETER"],
            InvocationType="Event",
            Payload=json.dumps(event["requestContext"]).encode(),
        )
    if wish == "greet-by-stream":
        facts = json.dumps(event["requestContext"])
        item = {"connection": {"S": event["requestContext"]["connectionId"]}, "facts": {"S": facts}}
        dynamodb.put_item(TableName=os.environ["GREETINGS"], Item=item)
    if wish == "wait":
        time.sleep(0.5)
        store("connect-done", {}, *subjects(event))
    if wish == "hang":
        time.sleep(2)
    if wish == "protocol":
        chosen = {"Sec-WebSocket-Protocol": "second", "Set-Cookie": "a=b", "X-Mine": "1"}
        return {"statusCode": 200, "headers": chosen}
    if wish.isdigit():
        return {"statusCode": int(wish), "body": "shown to nobody", "headers": {"X-Mine": "1"}}
    return {"statusCode": 200}


def disconnect(event: dict[str, Any], context: Any) -> Any:
    """$disconnect: tries a post that comes too late, and fails."""
    store("disconnect", event, *subjects(event))
    store("post-after-close", {"error": post(event["requestContext"], "too late")}, *subjects(event))
    raise ValueError("nobody sees this")


def message(event: dict[str, Any], context: Any) -> Any:
    """Every message: does what `do` says, or else sends back the route and the body."""
    store("message", event, *subjects(event))
    asked = body_of(event)
    wish = asked.get("do", "echo")
    if wish == "raise":
        raise ValueError("a secret of the handler")
    if wish == "exit":
        os._exit(3)
    if wish == "hang":
        time.sleep(3600)
    if wish == "status":
        return {"statusCode": 500, "body": "the body of a 500"}
    if wish == "reply":
        return {"statusCode": 200, "body": asked.get("text", "")}
    if wish == "later":
        threading.Thread(target=unawaited, args=[event["requestContext"]]).start()
        return {"statusCode": 200}
    if wish == "presign":
        signed = presigned(asked["url"])
        post(event["requestContext"], json.dumps({"url": signed}))
        return {"statusCode": 200}
    if wish == "slow":
        time.sleep(0.7)
    if wish in ("echo", "slow"):
        route = event["requestContext"]["routeKey"]
        post(event["requestContext"], json.dumps({"route": route, "body": event["body"]}))
    if wish == "slow":
        store("message-done", {}, *subjects(event))
    return {"statusCode": 200, "body": "shown to nobody"}


def body_of(event: dict[str, Any]) -> dict[str, Any]:
    """The message's JSON object, empty where it is none."""
    try:
        value = json.loads(event["body"])
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def post(context: dict[str, Any], text: str) -> str | None:
    """Post to the connection that an event came from; the name of the error, None where there is none."""
    try:
        management(context).post_to_connection(ConnectionId=context["connectionId"], Data=text.encode())
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def unawaited(context: dict[str, Any]) -> None:
    """A post after the handler has returned, so long after that its process was frozen in between."""
    time.sleep(2)
    post(context, "unawaited")


def powerless(event: dict[str, Any], context: Any) -> Any:
    """A message of a function whose role may neither post nor invoke: signs a URL, or tries a post."""
    asked = body_of(event)
    facts: dict[str, Any] = {}
    if "url" in asked:
        facts["url"] = presigned(asked["url"])
    else:
        try:
            management(event["requestContext"]).post_to_connection(
                ConnectionId=event["requestContext"]["connectionId"], Data=b"x"
            )
        except ClientError as error:
            facts = {
                "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
                "code": error.response["Error"]["Code"],
                "message": error.response["Error"]["Message"],
            }
    store("powerless", facts, *subjects(event))
    return {"statusCode": 200}


def presigned(url: str) -> str:
    """A WebSocket URL, signed in its query with the function's own credentials."""
    session = boto3.Session()
    request = AWSRequest(method="GET", url=url.replace("ws", "http", 1))
    credentials = session.get_credentials()
    assert credentials is not None
    SigV4QueryAuth(credentials, "execute-api", session.region_name).add_auth(request)
    return str(request.url).replace("http", "ws", 1)


def later(event: dict[str, Any], context: Any) -> Any:
    """Invoked as an event, without proxy: gets the message itself."""
    store("later", event, f"tag:{event['tag']}")
    return "nobody sees this"


def greet(event: dict[str, Any], context: Any) -> Any:
    """Greets a connection as soon as it is open: `event` is its request context, or a batch of a stream."""
    for facts in contexts(event):
        api = management(facts)
        for _ in range(GREETING_TRIES):
            try:
                api.get_connection(ConnectionId=facts["connectionId"])
            except api.exceptions.GoneException:
                time.sleep(0.05)
            else:
                post(facts, "welcome")
                break


def contexts(event: dict[str, Any]) -> list[dict[str, Any]]:
    """The request contexts in an invocation of `greet`."""
    if "Records" not in event:
        return [event]
    return [json.loads(record["dynamodb"]["NewImage"]["facts"]["S"]) for record in event["Records"]]


def report(event: dict[str, Any], context: Any) -> Any:
    """Answers `{"action": "report", "subject": …}` with what is kept under the subject, and where the
    other APIs are.
    """
    asked = body_of(event)
    answer = {
        "kept": stored(asked.get("subject", "nobody")),
        "addresses": json.loads(os.environ["ADDRESSES"]),
    }
    post(event["requestContext"], json.dumps(answer))
    return {"statusCode": 200}


def web(event: dict[str, Any], context: Any) -> Any:
    """A route of an HTTP API: the event, unless `do` in the query asks for something else."""
    match query(event, "do"):
        case "raise":
            raise ValueError("a secret of the handler")
        case "hang":
            time.sleep(2)
        case "plain":
            return {"answer": "é"}
        case "word":
            return "a word"
        case "shape":
            return {"statusCode": "many"}
        case "object":
            return {"statusCode": 200, "body": {"a": "secret of the handler"}}
        case "bare":
            return {"statusCode": 418, "body": "short and stout"}
        case "whole":
            return {
                "statusCode": 201,
                "headers": {"Content-Type": "text/x", "X-Seen": "1", "Access-Control-Allow-Origin": "*"},
                "cookies": ["a=b; Secure", "c=d"],
                "body": "AP8=",
                "isBase64Encoded": True,
            }
    return {"statusCode": 200, "body": json.dumps(event)}


def authorize_web(event: dict[str, Any], _: Any) -> Any:
    """The authorizer of an HTTP API, in its simple form: X-Pass says what it answers."""
    wish = event["identitySource"][0]
    if wish == "raise":
        raise ValueError("a secret of the authorizer")
    context = {name: event.get(name) for name in ("type", "routeArn", "identitySource", "body")}
    return {
        "isAuthorized": "yes" if wish == "shape" else wish == "yes",
        "context": {"asked": context, "rank": 3},
    }
