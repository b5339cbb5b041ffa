"""Which resource types run here, which need nothing to run, and which moto provides."""

import fnmatch
from functools import lru_cache

PLAYED = frozenset(
    {
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::UsagePlan",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::ApiGatewayV2::DomainName",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::IntegrationResponse",
        "AWS::ApiGatewayV2::Model",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::ApiGatewayV2::Stage",
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::Function",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
    }
)
"""What the gateway itself plays."""

INERT = (
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Documentation*",
    "AWS::ApiGateway::DomainName*",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::VpcLink",
    "AWS::ApplicationAutoScaling::*",
    "AWS::ApplicationInsights::*",
    "AWS::Backup::*",
    "AWS::Budgets::*",
    "AWS::CDK::*",
    "AWS::CertificateManager::*",
    "AWS::Chatbot::*",
    "AWS::CloudFormation::WaitCondition*",
    "AWS::CloudFront::*Policy",
    "AWS::CloudFront::CloudFrontOriginAccessIdentity",
    "AWS::CloudFront::Key*",
    "AWS::CloudFront::Monitoring*",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::PublicKey",
    "AWS::CloudFront::RealtimeLogConfig",
    "AWS::CloudTrail::*",
    "AWS::CloudWatch::*",
    "AWS::CodeDeploy::*",
    "AWS::EC2::*",
    "AWS::GuardDuty::*",
    "AWS::IAM::*",
    "AWS::KMS::*",
    "AWS::Lambda::Alias",
    "AWS::Lambda::CodeSigningConfig",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::*",
    "AWS::ResourceGroups::*",
    "AWS::Route53::*",
    "AWS::S3::BucketPolicy",
    "AWS::S3::AccessPoint",
    "AWS::SNS::TopicPolicy",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::ServiceCatalog*::*",
    "AWS::Shield::*",
    "AWS::Signer::*",
    "AWS::Synthetics::*",
    "AWS::Events::EventBusPolicy",
    "AWS::WAF*::*",
    "AWS::XRay::*",
)
"""Types whose absence no handler and no client notices: permissions, logs, alarms, firewalls, names, networks."""

MODULES = {
    "AutoScaling": "autoscaling",
    "Batch": "batch",
    "CloudWatch": "cloudwatch",
    "DataPipeline": "datapipeline",
    "DynamoDB": "dynamodb",
    "EC2": "ec2",
    "ECR": "ecr",
    "ECS": "ecs",
    "EFS": "efs",
    "ElasticLoadBalancing": "elb",
    "ElasticLoadBalancingV2": "elbv2",
    "EMR": "emr",
    "Events": "events",
    "IAM": "iam",
    "IoT": "iot",
    "Kinesis": "kinesis",
    "KMS": "kms",
    "Logs": "logs",
    "RDS": "rds",
    "Redshift": "redshift",
    "Route53": "route53",
    "S3": "s3",
    "SageMaker": "sagemaker",
    "SNS": "sns",
    "SQS": "sqs",
    "SSM": "ssm",
    "StepFunctions": "stepfunctions",
}
"""The services whose resources moto may create, with the module that does. Not Lambda, API Gateway and nested
stacks, which moto would run in containers, or with much that nobody here asks for.
"""

DEFERRED = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::Logs::ResourcePolicy",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
    }
)
"""Types that moto creates when somebody first asks it for that service: many templates have them, their names and
ARNs are known without it, and few handlers ask.
"""


def service(kind: str) -> str:
    """The service in a type: "DynamoDB" of "AWS::DynamoDB::Table"."""
    return kind.split("::")[1] if kind.count("::") > 1 else ""


@lru_cache
def is_inert(kind: str) -> bool:
    """Whether a resource of that type may be left out without a word."""
    return any(fnmatch.fnmatchcase(kind, pattern) for pattern in INERT)
