"""Logs, alarms, topics, dashboards, budgets."""

from typing import TYPE_CHECKING, Any

from ..services import Services
from .handler import Handler, Plain, Properties, Replaced, tags

if TYPE_CHECKING:
    from ..stacks import Resource


class LogGroup:
    """A log group and how long it keeps."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        name = properties.get("LogGroupName", resource.name)
        services("logs").create_log_group(logGroupName=name, tags=tags(properties))
        resource.physical_resource_id = name
        arn = services("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["arn"]
        resource.attributes = {"Arn": arn if arn.endswith(":*") else f"{arn}:*"}
        self.update(services, resource, properties, {})

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Set how long it keeps."""
        if "RetentionInDays" in properties:
            services.call(
                "logs",
                "put_retention_policy",
                logGroupName=resource.physical_resource_id,
                retentionInDays=properties["RetentionInDays"],
            )

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("logs").delete_log_group(logGroupName=resource.physical_resource_id)


class Alarm:
    """An alarm."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        name = properties.get("AlarmName", resource.name)
        services.call("cloudwatch", "put_metric_alarm", **{**properties, "AlarmName": name})
        found: Any = services("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
        resource.physical_resource_id = name
        resource.attributes = {"Arn": found["AlarmArn"]}

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change it, by the operation that makes one."""
        self.create(services, resource, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("cloudwatch").delete_alarms(AlarmNames=[resource.physical_resource_id])


class Dashboard:
    """A dashboard."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        name = properties.get("DashboardName", resource.name)
        services.call("cloudwatch", "put_dashboard", **{**properties, "DashboardName": name})
        resource.physical_resource_id = name

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change it, by the operation that makes one."""
        self.create(services, resource, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("cloudwatch").delete_dashboards(DashboardNames=[resource.physical_resource_id])


class Topic(Replaced):
    """A topic."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it, with those who subscribe to it."""
        name = properties.get("TopicName", resource.name)
        given = {key: properties[key] for key in ("DisplayName", "KmsMasterKeyId") if key in properties}
        arn = services("sns").create_topic(Name=name, Attributes=given)["TopicArn"]
        for subscription in properties.get("Subscription", []):
            services.call("sns", "subscribe", TopicArn=arn, **subscription)
        resource.physical_resource_id = arn
        resource.attributes = {"TopicArn": arn, "TopicName": name}

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("sns").delete_topic(TopicArn=resource.physical_resource_id)


class TopicPolicy:
    """Who may publish to topics."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Set it."""
        import json

        for topic in properties["Topics"]:
            services("sns").set_topic_attributes(
                TopicArn=topic,
                AttributeName="Policy",
                AttributeValue=json.dumps(properties["PolicyDocument"]),
            )
        resource.physical_resource_id = resource.name

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Set it again."""
        self.create(services, resource, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """It goes with its topics."""


class Budget(Replaced):
    """A budget and who is told of it."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        name = properties["Budget"].get("BudgetName", resource.name)
        services.call(
            "budgets",
            "create_budget",
            AccountId=_account(services),
            Budget={**properties["Budget"], "BudgetName": name},
            NotificationsWithSubscribers=properties.get("NotificationsWithSubscribers", []),
        )
        resource.physical_resource_id = name

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("budgets").delete_budget(
            AccountId=_account(services), BudgetName=resource.physical_resource_id
        )


def _account(services: Services) -> str:
    account: str = services("sts").get_caller_identity()["Account"]
    return account


HANDLERS: dict[str, Handler] = {
    "AWS::Budgets::Budget": Budget(),
    "AWS::CloudWatch::Alarm": Alarm(),
    "AWS::CloudWatch::Dashboard": Dashboard(),
    "AWS::Logs::LogGroup": LogGroup(),
    "AWS::SNS::Subscription": Plain(
        "sns",
        "subscribe",
        "",
        "unsubscribe",
        identity=lambda resource: {"SubscriptionArn": resource.physical_resource_id},
        physical_id="SubscriptionArn",
        extra={"ReturnSubscriptionArn": True},
    ),
    "AWS::SNS::Topic": Topic(),
    "AWS::SNS::TopicPolicy": TopicPolicy(),
}
