import os

from src.lib import store


def handler(event, context):
    context_ = event["requestContext"]
    store.add(context_["connectionId"], event["stageVariables"]["board"])
    print(os.environ["greeting"], "/", context.function_name, "/", context.memory_limit_in_mb)
    return {"statusCode": 200}
