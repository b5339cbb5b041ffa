from store import traders


def enter(event, context):
    request = event["requestContext"]
    who = request["authorizer"]
    traders.put_item(
        Item={"pk": request["connectionId"], "name": who["trader"], "seat": who["seat"], "since": event["stageVariables"]["opening"]}
    )
    return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "market.v1"}}


def leave(event, context):
    traders.delete_item(Key={"pk": event["requestContext"]["connectionId"]})
    print("left:", event["requestContext"]["authorizer"]["trader"])
