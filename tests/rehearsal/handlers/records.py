"""DNS."""

from typing import TYPE_CHECKING, Any

from ..services import Services
from .handler import Handler, Properties

if TYPE_CHECKING:
    from ..stacks import Resource


class RecordSet:
    """A record, or a group of them in one zone."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make them."""
        self._change(services, "UPSERT", properties)
        resource.physical_resource_id = properties.get("Name", resource.name)

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change them."""
        self._change(services, "UPSERT", properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove them."""
        self._change(services, "DELETE", resource.properties)

    @staticmethod
    def _change(services: Services, action: str, properties: Properties) -> None:
        changes: Any = []
        for given in properties.get("RecordSets", [properties]):
            record = {key: value for key, value in given.items() if key not in ("HostedZoneId", "Comment")}
            if "AliasTarget" in record:
                record["AliasTarget"] = {"EvaluateTargetHealth": False, **record["AliasTarget"]}
            if "ResourceRecords" in record:
                record["ResourceRecords"] = [{"Value": value} for value in record["ResourceRecords"]]
            changes.append({"Action": action, "ResourceRecordSet": record})
        services.call(
            "route53",
            "change_resource_record_sets",
            HostedZoneId=properties["HostedZoneId"],
            ChangeBatch={"Changes": changes},
        )


HANDLERS: dict[str, Handler] = {
    "AWS::Route53::RecordSet": RecordSet(),
    "AWS::Route53::RecordSetGroup": RecordSet(),
}
