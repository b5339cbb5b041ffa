import os

import boto3

traders = boto3.resource("dynamodb").Table(os.environ["TRADERS"])
