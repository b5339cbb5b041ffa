"""Tables, queues, buckets."""

import json
from typing import TYPE_CHECKING, Any

from ..services import Services
from .handler import Handler, Properties, Replaced, tags

if TYPE_CHECKING:
    from ..stacks import Resource


class Table:
    """A table, with what its API sets apart: time to live and point-in-time recovery."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        apart = ("TimeToLiveSpecification", "PointInTimeRecoverySpecification")
        given = {key: value for key, value in properties.items() if key not in apart}
        given["TableName"] = properties.get("TableName", resource.name)
        if "StreamSpecification" in given:
            given["StreamSpecification"] = {"StreamEnabled": True, **given["StreamSpecification"]}
        if "SSESpecification" in given:
            specification = dict(given["SSESpecification"])
            specification["Enabled"] = specification.pop("SSEEnabled")
            given["SSESpecification"] = specification
        made = services.call("dynamodb", "create_table", **given)["TableDescription"]
        resource.physical_resource_id = made["TableName"]
        resource.attributes = {"Arn": made["TableArn"]}
        if "LatestStreamArn" in made:
            resource.attributes["StreamArn"] = made["LatestStreamArn"]
        self._set_apart(services, made["TableName"], properties)

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change what is set apart; for anything else a table would be replaced."""
        self._set_apart(services, resource.physical_resource_id, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("dynamodb").delete_table(TableName=resource.physical_resource_id)

    @staticmethod
    def _set_apart(services: Services, name: str, properties: Properties) -> None:
        for key, operation in (
            ("TimeToLiveSpecification", "update_time_to_live"),
            ("PointInTimeRecoverySpecification", "update_continuous_backups"),
        ):
            if key in properties:
                services.call("dynamodb", operation, TableName=name, **{key: properties[key]})


class Queue:
    """A queue, whose settings are texts."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        url = services("sqs").create_queue(
            QueueName=properties.get("QueueName", resource.name),
            Attributes=self._attributes(properties),
            tags=tags(properties),
        )["QueueUrl"]
        attributes = services("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        resource.physical_resource_id = url
        resource.attributes = {
            "Arn": attributes["Attributes"]["QueueArn"],
            "QueueName": url.rpartition("/")[2],
            "QueueUrl": url,
        }

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change its settings."""
        services("sqs").set_queue_attributes(
            QueueUrl=resource.physical_resource_id, Attributes=self._attributes(properties)
        )

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("sqs").delete_queue(QueueUrl=resource.physical_resource_id)

    @staticmethod
    def _attributes(properties: Properties) -> dict[str, str]:
        return {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in properties.items()
            if key not in ("QueueName", "Tags")
        }


class Bucket:
    """A bucket, each of whose settings has an operation of its own. Its life cycle is recorded only."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        name = str(properties.get("BucketName", resource.name)).lower()
        region = services.region
        services("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        resource.physical_resource_id = name
        resource.attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        }
        self.update(services, resource, properties, {})

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Set what is to be set."""
        settings: dict[str, tuple[str, str, Any]] = {
            "PublicAccessBlockConfiguration": ("put_public_access_block", "", None),
            "VersioningConfiguration": ("put_bucket_versioning", "", None),
            "OwnershipControls": ("put_bucket_ownership_controls", "", None),
            "BucketEncryption": (
                "put_bucket_encryption",
                "ServerSideEncryptionConfiguration",
                lambda given: {"Rules": given["ServerSideEncryptionConfiguration"]},
            ),
        }
        for key, (operation, parameter, shaped) in settings.items():
            if key in properties:
                value = shaped(properties[key]) if shaped else properties[key]
                services.call(
                    "s3", operation, Bucket=resource.physical_resource_id, **{parameter or key: value}
                )

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it; S3 refuses where something is in it."""
        services("s3").delete_bucket(Bucket=resource.physical_resource_id)


class BucketPolicy(Replaced):
    """A bucket's policy."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Put it there."""
        services("s3").put_bucket_policy(
            Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"])
        )
        resource.physical_resource_id = properties["Bucket"]

    def delete(self, services: Services, resource: "Resource") -> None:
        """Take it away."""
        services("s3").delete_bucket_policy(Bucket=resource.physical_resource_id)


HANDLERS: dict[str, Handler] = {
    "AWS::DynamoDB::Table": Table(),
    "AWS::S3::Bucket": Bucket(),
    "AWS::S3::BucketPolicy": BucketPolicy(),
    "AWS::SQS::Queue": Queue(),
}
