import json

import boto3

from src.lib import store


def handler(event, context):
    request = event["requestContext"]
    # The way AWS's samples do it.
    api = boto3.client(
        "apigatewaymanagementapi", endpoint_url=f"https://{request['domainName']}/{request['stage']}"
    )
    line = json.dumps({"line": json.loads(event["body"])["line"]}).encode()
    for connection_id in store.everyone():
        try:
            api.post_to_connection(ConnectionId=connection_id, Data=line)
        except api.exceptions.GoneException:
            store.remove(connection_id)
    return {"statusCode": 200, "body": "posted"}
