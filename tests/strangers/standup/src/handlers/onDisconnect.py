from src.lib import store


def handler(event, context):
    store.remove(event["requestContext"]["connectionId"])
    return {"statusCode": 200}
