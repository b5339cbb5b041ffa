"""API keys and the stages whose usage plans admit them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from .cloud import Resource
from .names import secret
from .notes import Notebook
from .values import is_true, mappings

KEY_LENGTH = 40


@dataclass
class StageKeys:
    """What one stage admits: values, and which of them were generated, by logical id."""

    values: set[str] = field(default_factory=set)
    generated: dict[str, str] = field(default_factory=dict)


def read_keys(by_type: Mapping[str, list[Resource]], notes: Notebook) -> Mapping[tuple[str, str], StageKeys]:
    """The keys by API id and stage name."""
    plans_of_key: defaultdict[str, set[str]] = defaultdict(set)
    for link in by_type.get("AWS::ApiGateway::UsagePlanKey", []):
        plans_of_key[str(link.properties.get("KeyId"))].add(str(link.properties.get("UsagePlanId")))
    stages_of_plan = {
        plan.id: [
            (str(item.get("ApiId")), str(item.get("Stage")))
            for item in mappings(plan.properties.get("ApiStages"))
        ]
        for plan in by_type.get("AWS::ApiGateway::UsagePlan", [])
    }
    for plan in by_type.get("AWS::ApiGateway::UsagePlan", []):
        for limit in ("Quota", "Throttle"):
            if plan.properties.get(limit):
                notes.add(plan.logical_id, f"a usage plan's {limit} is not counted here", "Properties", limit)
    found: defaultdict[tuple[str, str], StageKeys] = defaultdict(StageKeys)
    for key in by_type.get("AWS::ApiGateway::ApiKey", []):
        if not is_true(key.properties.get("Enabled", False)):
            notes.add(
                key.logical_id, "this key is not enabled (Enabled is not true), so nobody is let in by it"
            )
            continue
        value = key.properties.get("Value")
        text = str(value) if value else secret(key.id, key.logical_id, KEY_LENGTH)
        for plan_id in plans_of_key[key.id]:
            for stage in stages_of_plan.get(plan_id, ()):
                found[stage].values.add(text)
                if not value:
                    found[stage].generated[key.logical_id] = text
    return found
