"""What moto is told only when somebody asks for it: roles, log groups, buckets, dashboards, and the stack
itself.

Each request's service goes through `LateServices.application`, so whoever asks IAM finds the roles there.
"""

import json
import logging
from types import SimpleNamespace
from typing import Any

from .intrinsics import text_of
from .kinds import MODULES, service
from .moto_models import model_of
from .moto_stack import ACCOUNT, MotoStack
from .opaque import Opaque

log = logging.getLogger(__name__)


class LateServices:
    """moto's web applications by service, each made, with what the stack has of it, at its first request."""

    def __init__(self, stack: MotoStack) -> None:
        self._stack = stack

    def application(self, name: str) -> Any:
        """moto's application for a service."""
        from moto.moto_server.werkzeug_app import create_backend_app  # noqa: PLC0415 (a part of moto's server)

        for logical_id in list(self._stack.deferred):
            if MODULES[service(self._stack.definitions[logical_id]["Type"])] == name:
                self._make(logical_id)
        if name == "cloudformation":
            self._register_stack()
        return create_backend_app(name)

    def _make(self, logical_id: str) -> None:
        try:
            if model_of(self._stack.definitions[logical_id]["Type"]):
                self._stack.created[logical_id] = self._stack.make(logical_id)
        except Exception as error:
            log.warning("%s: moto could not make it: %r", logical_id, error)
        del self._stack.deferred[logical_id]

    def _register_stack(self) -> None:
        """Show the stack to moto's CloudFormation, with everything resolved and created already."""
        from moto.cloudformation import parsing  # noqa: PLC0415 (two seconds)
        from moto.cloudformation.models import cloudformation_backends  # noqa: PLC0415

        stack = self._stack
        moto_create = parsing.parse_and_create_resource

        def created(logical_id: str, *arguments: Any, **options: Any) -> Any:
            resource = stack.created[logical_id]
            if not isinstance(resource, Opaque):
                return resource
            return SimpleNamespace(
                physical_resource_id=resource.physical_resource_id,
                logical_resource_id=logical_id,
                cf_resource_type=resource.kind,
                type=resource.kind,
                is_created=lambda: True,
            )

        parsing.parse_and_create_resource = created
        try:
            backend = cloudformation_backends[ACCOUNT][stack.region]
            shown = backend.create_stack(stack.name, json.dumps(self._resolved()), {})
            backend.stacks[stack.id] = backend.stacks.pop(shown.stack_id)
            shown.stack_id = stack.id
        except Exception as error:
            log.warning("the stack cannot be shown to CloudFormation's clients: %r", error)
        finally:
            parsing.parse_and_create_resource = moto_create

    def _resolved(self) -> dict[str, Any]:
        stack = self._stack
        declared = stack.template.get("Outputs") or {}
        return {
            "Description": text_of(stack.template.get("Description") or ""),
            "Parameters": {
                name: {"Type": "String", "Default": stack.resolver.text({"Ref": name})}
                for name in stack.template.get("Parameters") or {}
            },
            "Resources": stack.definitions,
            "Outputs": {
                key: {
                    "Value": value,
                    **{
                        part: {name: stack.resolver.text(item) for name, item in declared[key][part].items()}
                        for part in ("Export",)
                        if isinstance(declared[key].get(part), dict)
                    },
                }
                for key, value in stack.outputs.items()
            },
        }
