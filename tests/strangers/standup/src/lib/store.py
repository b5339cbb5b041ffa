import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["connectionsTable"])


def add(connection_id, board):
    table.put_item(Item={"connectionId": connection_id, "board": board})


def remove(connection_id):
    table.delete_item(Key={"connectionId": connection_id})


def everyone():
    return [item["connectionId"] for item in table.scan(ProjectionExpression="connectionId")["Items"]]
