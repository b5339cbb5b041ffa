import json
import os

import boto3

api = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["ENDPOINT"])


def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        ticket = json.loads(record["body"])
        text = json.dumps({"printed": ticket["dish"], "price": ticket["price"]})
        try:
            api.post_to_connection(ConnectionId=ticket["connection"], Data=text.encode())
        except api.exceptions.GoneException:
            pass
        except Exception as error:
            print("failed", error)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
