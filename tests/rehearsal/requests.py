"""moto's CloudFormation, which keeps stacks, change sets and events, with what makes the resources put in."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation import models, responses
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack, cloudformation_backends
from moto.cloudformation.parsing import Output
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local_dev.errors import TemplateError
from local_dev.stack.intrinsics import NoResources, Resolver, text_of

from .services import Services
from .stacks import Resources

ACCOUNT = "123456789012"

SAM = "AWS::Serverless-2016-10-31"
"""The transform that CloudFormation itself runs; it runs macros as well, and there are none here."""

services: list[Services] = []
"""The one, once there is a port."""


def standing() -> dict[str, Any]:
    """The stacks and what they consist of."""
    return {
        stack.name: {
            resource.logical_id: {
                "type": resource.kind,
                "id": resource.physical_resource_id,
                "properties": resource.properties,
            }
            for resource in stack.resource_map.values()
        }
        for region in cloudformation_backends[ACCOUNT].values()
        for stack in region.stacks.values()
    }


def hook(port: int, region: str) -> None:
    """Have moto make real resources of what is deployed to it."""
    services.append(Services(port, region))
    models.ResourceMap = _Resources
    models.OutputMap = _Outputs
    Stack.parse_template = staticmethod(_parsed)
    ChangeSet._parse_template = _parse_change_set
    ChangeSet.apply = _apply
    _transform_what_comes(CloudFormationBackend, "create_change_set")
    _transform_what_comes(CloudFormationBackend, "create_stack")
    _transform_what_comes(CloudFormationBackend, "update_stack")
    _check_first("create_change_set")
    _check_first("create_stack")
    # moto takes a denial on a condition, such as "unless over TLS", for a denial of everything.
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL


class _Resources(Resources):
    """As moto's stack uses its own."""

    def __init__(self, stack_id: str, stack_name: str, parameters: Any, *_: Any, **options: Any) -> None:
        super().__init__(
            stack_id=stack_id,
            stack_name=stack_name,
            account=options["account_id"],
            region=options["region_name"],
            services=services[0],
        )
        self._given: Mapping[str, str] = parameters
        self.resolved_parameters: dict[str, str] = {}
        self.no_echo_parameter_keys: list[str] = []

    def load(self) -> None:
        """moto's would read the parameters here."""

    def create(self, template: dict[str, Any]) -> bool:
        """Everything, at once."""
        self._try_to_become(template)
        return True

    def update(self, template: dict[str, Any], parameters: Any = None) -> None:
        """Whatever is another one."""
        if isinstance(parameters, list):  # UpdateStack gives them as they came
            parameters = {item["ParameterKey"]: item["ParameterValue"] for item in parameters}
        self._given = parameters or {}
        self._try_to_become(template)

    def _try_to_become(self, template: dict[str, Any]) -> None:
        declared = template.get("Parameters", {})
        self.resolved_parameters = {
            name: text_of(self._given.get(name, spec.get("Default"))) for name, spec in declared.items()
        }
        try:
            self.become(template, self._given)
        except (BotoCoreError, ClientError, TemplateError) as error:
            # CloudFormation would roll back and tell in an event; whoever rehearses wants to see where it stands.
            raise ValidationError(message=f"it is not what its template says: {error}") from error

    def delete(self) -> None:
        """Everything but what is retained."""
        self.remove_all()

    def build_change_set_actions(self, template: dict[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
        """What a change set shows: by template, since nothing is resolved before it is executed."""
        old, new = self.template["Resources"], template["Resources"]
        changes: dict[str, list[str]] = {
            "Add": [name for name in new if name not in old],
            "Modify": [name for name in new if name in old and new[name] != old[name]],
            "Remove": [name for name in old if name not in new],
        }
        return {
            action: {
                name: {"LogicalResourceId": name, "ResourceType": {**old, **new}[name]["Type"]}
                for name in names
            }
            for action, names in changes.items()
        }


class _Outputs(dict[str, Output]):
    """As moto's stack uses its own; read anew each time, since moto keeps them from before."""

    exports: tuple[Any, ...] = ()

    def __init__(self, resources: _Resources, template: dict[str, Any], _: str) -> None:
        super().__init__()
        self._resources = resources

    def values(self) -> Any:
        """The outputs whose condition holds."""
        return [
            Output(name, self._resources.output(declared["Value"]), declared.get("Description"))
            for name, declared in self._resources.template.get("Outputs", {}).items()
            if self._resources.has(declared)
        ]


def _transform_what_comes(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def transforming(*arguments: Any, template: str, parameters: Any, **options: Any) -> Any:
        # Where nested templates were put, as AWS would say it: SAM knows them by that when it deletes them.
        addressed = template.replace(
            f"http://localhost:{services[0].port}/", f"https://s3.{services[0].region}.amazonaws.com/"
        )
        made = transformed(addressed, parameters)
        return original(*arguments, template=made, parameters=parameters, **options)

    setattr(owner, name, transforming)


def transformed(template: str, parameters: Any) -> str:
    """A template as CloudFormation has it after the transforms that it names."""
    parsed = _parsed(template)
    named = parsed.pop("Transform", [])
    if named not in (SAM, [SAM], []):
        raise ValidationError(message=f"the rehearsal does not know the transform {named}")
    if not named:
        return json.dumps(parsed)
    # The session only names a region to the translator.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-central-1"))
    return json.dumps(translator.translate({**parsed, "Transform": named}, dict(parameters)))


def broken_rules(template: dict[str, Any], parameters: dict[str, str]) -> list[str]:
    """What the template's rules have against these parameters."""
    rules = template.get("Rules", {}).values()
    conditions: dict[str, Any] = {
        **{f"When{number}": rule["RuleCondition"] for number, rule in enumerate(rules)},
        **{
            f"Then{number}": {"Fn::And": [item["Assert"] for item in rule["Assertions"]] * 2}
            for number, rule in enumerate(rules)
        },
    }
    resolver = Resolver(
        {**template, "Conditions": conditions}, parameters=parameters, pseudo={}, resources=NoResources()
    )
    return [
        "; ".join(item["AssertDescription"] for item in rule["Assertions"])
        for number, rule in enumerate(rules)
        if resolver.condition(f"When{number}") and not resolver.condition(f"Then{number}")
    ]


def _check_first(name: str) -> None:
    original = getattr(responses.CloudFormationResponse, name)

    def asking(self: Any) -> Any:
        url, body = self._get_param("TemplateURL"), self._get_param("TemplateBody")
        template = json.loads(transformed(self._get_stack_from_s3_url(url) if url else body, {}))
        given = set(self._get_param("Capabilities", []))
        roles = [item for item in template["Resources"].values() if item["Type"].startswith("AWS::IAM::")]
        needed = {"CAPABILITY_IAM"} if roles else set()
        if any("RoleName" in item.get("Properties", {}) for item in roles):
            needed = {"CAPABILITY_NAMED_IAM"}
        if needed - given:
            raise ValidationError(message=f"Requires capabilities : {sorted(needed)}")
        stacks = self.cloudformation_backend.stacks.values()
        before = next((stack for stack in stacks if stack.name == self._get_param("StackName")), None)
        parameters = {
            item["ParameterKey"]: before.stack_parameters[item["ParameterKey"]]
            if before and item.get("UsePreviousValue")
            else item["ParameterValue"]
            for item in self._get_param("Parameters", [])
        }
        broken = broken_rules(template, parameters)
        if broken:
            raise ValidationError(message=f"Rules failed: {'; '.join(broken)}")
        return original(self)

    setattr(responses.CloudFormationResponse, name, asking)


def _parsed(template: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads(template)
    except ValueError:
        from cfnlint.decode.cfn_yaml import loads  # type: ignore[import-untyped]

        parsed = json.loads(json.dumps(loads(template)))
    return parsed


def _parse_change_set(change_set: Any) -> None:
    change_set.template_dict = _parsed(change_set.template)


def _apply(change_set: Any) -> None:
    stack = change_set.stack
    stack.update(change_set.template, change_set.role_arn, change_set.parameters, change_set.tags)
    # The next change set is compared with all of them.
    stack.parameters = stack.resource_map.resolved_parameters
