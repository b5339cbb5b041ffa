"""What the Serverless Framework makes of its own file: the stack that comes of it."""

import json

from .conftest import Deploy

TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": "The AWS CloudFormation template for this Serverless application",
    "Resources": {
        "ServerlessDeploymentBucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "ConnectLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/aws/lambda/svc-dev-connect"},
        },
        "IamRoleLambdaExecution": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": {"Fn::Join": ["-", ["svc", "dev", {"Ref": "AWS::Region"}, "lambdaRole"]]},
                "Policies": [
                    {
                        "PolicyName": {"Fn::Join": ["-", ["svc", "lambda"]]},
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": ["execute-api:ManageConnections"],
                                    "Resource": [{"Fn::Sub": "arn:${AWS::Partition}:execute-api:*:*:*/@connections/*"}],
                                }
                            ],
                        },
                    }
                ],
            },
        },
        "ConnectLambdaFunction": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": ["ConnectLogGroup"],
            "Properties": {
                "Code": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/svc/svc.zip"},
                "FunctionName": "svc-dev-connect",
                "Handler": "handler.connect",
                "Runtime": "python3.9",
                "MemorySize": 1024,
                "Timeout": 6,
                "Role": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]},
            },
        },
        "ConnectLambdaVersionAbc": {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {"FunctionName": {"Ref": "ConnectLambdaFunction"}, "CodeSha256": "x"},
        },
        "WebsocketsApi": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": "dev-svc-websockets",
                "RouteSelectionExpression": "$request.body.action",
                "ProtocolType": "WEBSOCKET",
            },
        },
        "ConnectWebsocketsIntegration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {
                    "Fn::Join": [
                        "",
                        [
                            "arn:",
                            {"Ref": "AWS::Partition"},
                            ":apigateway:",
                            {"Ref": "AWS::Region"},
                            ":lambda:path/2015-03-31/functions/",
                            {"Fn::GetAtt": ["ConnectLambdaFunction", "Arn"]},
                            "/invocations",
                        ],
                    ]
                },
            },
        },
        "SconnectWebsocketsRoute": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "RouteKey": "$connect",
                "AuthorizationType": "CUSTOM",
                "AuthorizerId": {"Ref": "AuthWebsocketsAuthorizer"},
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "ConnectWebsocketsIntegration"}]]},
            },
        },
        "AuthWebsocketsAuthorizer": {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "Name": "auth",
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": {"Fn::Sub": "arn:aws:apigateway:x:lambda:path/2015-03-31/functions/"
                                  "${ConnectLambdaFunction.Arn}/invocations"},
                "IdentitySource": ["route.request.header.Auth"],
            },
        },
        "WebsocketsDeploymentStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "StageName": "dev",
                "DeploymentId": {"Ref": "WebsocketsDeployment1"},
            },
        },
        "WebsocketsDeployment1": {
            "Type": "AWS::ApiGatewayV2::Deployment",
            "DependsOn": ["SconnectWebsocketsRoute"],
            "Properties": {"ApiId": {"Ref": "WebsocketsApi"}},
        },
    },
    "Outputs": {
        "ServiceEndpointWebsocket": {
            "Value": {"Fn::Join": ["", ["wss://", {"Ref": "WebsocketsApi"}, ".execute-api.", {"Ref": "AWS::Region"}]]},
            "Export": {"Name": "sls-svc-dev-ServiceEndpointWebsocket"},
        }
    },
}  # fmt: skip


def test_what_the_serverless_framework_generates(deployed: Deploy) -> None:
    text = json.dumps(TEMPLATE, indent=2).replace("  ", "\t")
    made = deployed(text, "cloudformation-template-update-stack.json")
    (api,) = made.stack.apis
    assert api.stage == "dev"
    route = api.routes["$connect"]
    assert route.authorizer and route.authorizer.function == "svc-dev-connect"
    assert route.authorizer.identity_sources == ("route.request.header.Auth",)
    function = made.stack.functions["svc-dev-connect"]
    assert function.code is None
    assert function.role == "arn:aws:iam::123456789012:role/svc-dev-us-east-1-lambdaRole"
    assert made.stack.roles[function.role].statements[0].resources == (
        "arn:aws:execute-api:*:*:*/@connections/*",
    )
    assert made.outputs == {"ServiceEndpointWebsocket": f"wss://{api.id}.execute-api.us-east-1"}
    (note,) = made.notes()
    line = next(number for number, text in enumerate(text.splitlines(), 1) if '"Code"' in text)
    assert note.startswith(f"{line} ConnectLambdaFunction: its code is not on this disk but s3://")
