"""The local gateway: runs a SAM template with a WebSocket API offline, as API Gateway, Lambda and DynamoDB
would.
"""
