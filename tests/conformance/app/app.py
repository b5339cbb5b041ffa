"""Handlers that print each event, then do what its query (handshake) or its body (message) asks for."""

import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

api = boto3.client("apigatewaymanagementapi")


def show(event: dict[str, Any]) -> None:
    print("EVENT " + json.dumps(event), flush=True)


def asked(event: dict[str, Any]) -> str:
    return str((event.get("queryStringParameters") or {}).get("do", ""))


def authorize(event: dict[str, Any], context: Any) -> Any:
    show(event)
    wish = asked(event)
    if wish == "auth-unauthorized":
        raise Exception("Unauthorized")  # noqa: TRY002 (the form of AWS's documentation)
    if wish == "auth-raise":
        raise ValueError("a secret of the authorizer")
    if wish == "auth-shape":
        return {"statusCode": 401}
    effect = "Deny" if wish == "auth-deny" else "Allow"
    resource = "arn:aws:execute-api:*:*:*/other/$connect" if wish == "auth-elsewhere" else event["methodArn"]
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "probe",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"number": 7, "flag": True, "text": "x"},
    }


def connect(event: dict[str, Any], context: Any) -> Any:
    show(event)
    wish = asked(event)
    if wish == "raise":
        raise ValueError("a secret of the handler")
    if wish == "shape":
        return "no dictionary"
    if wish == "post":
        try:
            api.post_to_connection(ConnectionId=event["requestContext"]["connectionId"], Data=b"early")
        except api.exceptions.GoneException:
            return {"statusCode": 410}
        return {"statusCode": 200}
    if wish == "wait":
        time.sleep(0.5)
    if wish.startswith("protocol"):
        return {
            "statusCode": 200,
            "headers": {"Sec-WebSocket-Protocol": "second", "Set-Cookie": "a=b", "X-Mine": "1"},
        }
    if wish.isdigit():
        return {"statusCode": int(wish), "body": "shown to nobody", "headers": {"X-Mine": "1"}}
    return {"statusCode": 200}


def disconnect(event: dict[str, Any], context: Any) -> Any:
    show(event)
    try:
        api.post_to_connection(ConnectionId=event["requestContext"]["connectionId"], Data=b"too late")
    except api.exceptions.GoneException:
        print("EVENT " + json.dumps({"gone": event["requestContext"]["connectionId"]}), flush=True)
    raise ValueError("nobody sees this")


def message(event: dict[str, Any], context: Any) -> Any:
    show(event)
    try:
        wish = json.loads(event["body"])["do"]
    except (ValueError, TypeError, KeyError):
        wish = "echo"
    if wish == "raise":
        raise ValueError("a secret of the handler")
    if wish == "exit":
        os._exit(3)
    if wish == "hang":
        time.sleep(3600)
    if wish == "status":
        return {"statusCode": 500, "body": "shown to nobody"}
    if wish == "echo":
        answer = json.dumps({"route": event["requestContext"]["routeKey"], "body": event["body"]})
        try:
            api.post_to_connection(ConnectionId=event["requestContext"]["connectionId"], Data=answer.encode())
        except ClientError as error:
            print(f"not posted: {error}", flush=True)
    return {"statusCode": 200, "body": "shown to nobody"}
