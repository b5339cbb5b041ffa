import json


def lambda_handler(event, context):
    if event["requestContext"]["eventType"] == "CONNECT":
        return {"statusCode": 200 if "table" in (event.get("queryStringParameters") or {}) else 400}
    print("I do not understand", json.dumps(event["body"]))
    return {"statusCode": 200}
