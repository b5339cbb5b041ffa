"""What the routes of a WebSocket API do: Lambda functions and MOCK answers."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..gateway.templates import is_supported
from .cloud import Resource
from .model import INTEGRATION_TIMEOUT, Integration, IntegrationType
from .notes import Notebook
from .opaque import function_name
from .values import mapping, number, text

_INVOCATION_TYPE = "integration.request.header.x-amz-invocation-type"
_SHORTEST = 0.05
"""Seconds; an integration's timeout is between this and INTEGRATION_TIMEOUT (contract L11)."""


class IntegrationReader:
    """The integrations of one API, seen from one stage, whose `variables` may name the functions."""

    def __init__(
        self,
        integrations: Sequence[Resource],
        responses: Sequence[Resource],
        *,
        variables: Mapping[str, str],
        functions: frozenset[str],
        notes: Notebook,
    ) -> None:
        self._integrations = {item.id: item for item in integrations}
        self._responses, self._variables = responses, variables
        self._functions, self._notes = functions, notes

    def read(self, integration_id: str, route: Resource) -> Integration | None:
        """The integration of that id, None where there is none that runs here."""
        resource = self._integrations.get(integration_id)
        if resource is None:
            if integration_id:
                self._notes.add(
                    route.logical_id, "its integration is not in this template", "Properties", "Target"
                )
            return None
        properties = resource.properties
        uri = with_stage_variables(str(properties.get("IntegrationUri", "")), self._variables)
        kind = self._kind(resource, uri)
        if kind is None:
            return None
        function = function_name(uri) if kind is not IntegrationType.MOCK else None
        if function is not None and function not in self._functions:
            self._notes.add(resource.logical_id, f"its function, {function}, is not in this template")
        timeout = number(properties.get("TimeoutInMillis"), INTEGRATION_TIMEOUT * 1000) / 1000
        return Integration(
            kind,
            function=function,
            timeout=min(max(timeout, _SHORTEST), INTEGRATION_TIMEOUT),
            asynchronous=kind is IntegrationType.LAMBDA
            and _is_asynchronous(properties.get("RequestParameters")),
            request_templates=self._templates(resource, "RequestTemplates"),
            template_selection=properties.get("TemplateSelectionExpression"),
            responses={
                str(item.properties.get("IntegrationResponseKey", "$default")): self._templates(
                    item, "ResponseTemplates"
                )
                for item in self._responses
                if item.properties.get("IntegrationId") == resource.id
            },
        )

    def _kind(self, resource: Resource, uri: str) -> IntegrationType | None:
        asked = str(resource.properties.get("IntegrationType", "AWS_PROXY"))
        if asked == "MOCK":
            return IntegrationType.MOCK
        if asked not in ("AWS", "AWS_PROXY"):
            self._notes.add(
                resource.logical_id,
                f"{asked} integrations are not run here; the route does nothing",
                "Properties",
                "IntegrationType",
            )
            return None
        if ":lambda:" not in uri and "/functions/" not in uri:
            self._notes.add(
                resource.logical_id,
                f"of AWS's services only Lambda is integrated here, not {uri or 'nothing'}; the route does nothing",
                "Properties",
                "IntegrationUri",
            )
            return None
        return IntegrationType(asked)

    def _templates(self, resource: Resource, name: str) -> dict[str, str]:
        templates = {}
        for key, template in mapping(resource.properties.get(name)).items():
            templates[str(key)] = (
                json.dumps(template) if isinstance(template, (dict, list)) else text(template)
            )
            if not is_supported(templates[str(key)]):
                self._notes.add(
                    resource.logical_id,
                    "of the template language only plain references run here, not what this template says",
                    "Properties",
                    name,
                    str(key),
                )
        return templates


def with_stage_variables(uri: str, variables: Mapping[str, str]) -> str:
    """`uri` with each `${stageVariables.name}` replaced by its value, where there is one."""
    return re.sub(r"\$\{stageVariables\.(\w+)\}", lambda match: variables.get(match[1], match[0]), uri)


def _is_asynchronous(parameters: Any) -> bool:
    """Whether the function is invoked as an event (contract R22)."""
    return any(
        str(key).lower() == _INVOCATION_TYPE and str(value).strip("'\"") == "Event"
        for key, value in mapping(parameters).items()
    )
