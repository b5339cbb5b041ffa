import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    route = event["routeKey"]
    if route == "POST /books":
        book = json.loads(event["body"])
        table.put_item(Item=book)
        return {"statusCode": 201, "headers": {"Location": f"/books/{book['isbn']}"}, "body": json.dumps(book)}
    if route == "GET /books/{isbn}":
        item = table.get_item(Key=event["pathParameters"]).get("Item")
        return item or {"statusCode": 404, "body": "no such book"}
    books = table.scan()["Items"]
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "x-count": len(books), "access-control-allow-origin": "*"},
        "body": json.dumps(books),
    }
