import json

import boto3
import store


def _send(event, connection_id, what):
    request = event["requestContext"]
    api = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url="https://" + request["domainName"] + "/" + request["stage"],
    )
    api.post_to_connection(ConnectionId=connection_id, Data=json.dumps(what).encode())


def shout(event, context):
    for trader in store.everyone():
        _send(event, trader["pk"], {"shout": json.loads(event["body"])["text"], "by": event["requestContext"]["authorizer"]["trader"]})
    return {"statusCode": 200}


def names(event, context):
    # This function's role may not post: AWS would refuse it.
    found = [f"{item['name']}@{item['seat']}" for item in store.everyone()]
    try:
        _send(event, event["requestContext"]["connectionId"], found)
    except Exception as error:
        print("refused:", type(error).__name__, error)
    return {"statusCode": 200}
