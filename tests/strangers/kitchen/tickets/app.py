import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def lambda_handler(event, context):
    total = sum(int(item["price"]) for item in table.scan()["Items"])
    return {"statusCode": 200, "body": json.dumps({"total": total, "currency": os.environ["CURRENCY"]})}
