import json
import os
import uuid

import boto3
from kitchenlib import price

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
sqs = boto3.client("sqs")


def lambda_handler(event, context):
    body = json.loads(event["body"])
    order = {"id": str(uuid.uuid4()), "dish": body["dish"], "price": price(body["dish"])}
    table.put_item(Item=order)
    ticket = {**order, "connection": event["requestContext"]["connectionId"]}
    sqs.send_message(QueueUrl=os.environ["PRINT_QUEUE"], MessageBody=json.dumps(ticket))
    return {"statusCode": 200}
