import os


def main(event, context):
    offered = event["headers"]["Sec-WebSocket-Protocol"].split(", ")
    tokens = [item for item in offered if item.startswith(os.environ["PREFIX"])]
    if not tokens:
        raise Exception("Unauthorized")
    name = tokens[0].removeprefix(os.environ["PREFIX"])
    return {
        "principalId": name,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Deny" if name == "cheat" else "Allow",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"trader": name, "seat": 7},
    }
