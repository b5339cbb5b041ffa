import base64


def handler(event, context):
    if event["routeKey"] == "$default":
        return "nothing here: " + event["requestContext"]["http"]["path"]
    body = event.get("body", "")
    return {
        "statusCode": 200,
        "isBase64Encoded": True,
        "cookies": ["last=" + event["pathParameters"]["proxy"]],
        "body": body if event["isBase64Encoded"] else base64.b64encode(body.encode()).decode(),
    }
