import json

asked = 0


def handler(event, context):
    request = event["requestContext"]
    return {
        "statusCode": 200,
        "multiValueHeaders": {"x-part": ["one", "two"]},
        "body": json.dumps(
            {
                "caller": request.get("authorizer"),
                "branch": event["stageVariables"]["branch"],
                "path": event.get("rawPath", event.get("path")),
                "body": event.get("body"),
            }
        ),
    }


def badge(event, context):
    token = event["identitySource"][0]
    if token == "broken":
        raise ValueError("no badge looks like this")
    return {"isAuthorized": token == "blue", "context": {"name": "ann", "rank": 3}}


def guild(event, context):
    global asked
    asked += 1
    effect = "Allow" if event["queryStringParameters"]["guild"] == "smiths" else "Deny"
    resource = event["methodArn"].rpartition("/")[0] + "/open"
    return {
        "principalId": event["identitySource"],
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}],
        },
        "context": {"asked": asked},
    }
