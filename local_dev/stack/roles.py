"""What the roles of a stack may do: their statements, gathered from every policy that is attached to them."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..iam.policy import statement
from .cloud import Resource
from .managed_policies import EVERYTHING, MANAGED
from .model import Role, Statement
from .values import mappings, texts


def read_roles(by_type: Mapping[str, list[Resource]], *, account: str) -> dict[str, Role]:
    """The stack's roles by their ARN."""
    managed = {
        resource.id: statements(resource.properties.get("PolicyDocument"))
        for resource in by_type.get("AWS::IAM::ManagedPolicy", [])
    }
    roles = {}
    for resource in by_type.get("AWS::IAM::Role", []):
        arn = f"arn:aws:iam::{account}:role{resource.properties.get('Path', '/')}{resource.id}"
        found = [
            *_inline(resource),
            *(
                item
                for reference in texts(resource.properties.get("ManagedPolicyArns"))
                for item in (
                    managed[reference]
                    if reference in managed
                    else MANAGED.get(reference.rsplit("/", 1)[-1], ())
                )
            ),
            *(item for document in _attached(resource.id, by_type) for item in statements(document)),
            # Nobody here knows what they allow; refusing it would stop what runs in the cloud.
            *([EVERYTHING] if foreign_policies(resource, by_type) else []),
        ]
        roles[arn] = Role(arn, resource.id, tuple(found), _unread(resource))
    return roles


def _unread(resource: Resource) -> tuple[str, ...]:
    """AWS's own policies of a role that nobody here has read. Of what guards check they allow nothing."""
    names = [
        reference.rsplit("/", 1)[-1]
        for reference in texts(resource.properties.get("ManagedPolicyArns"))
        if ":iam::aws:" in reference
    ]
    return tuple(name for name in names if name not in MANAGED)


def foreign_policies(resource: Resource, by_type: Mapping[str, list[Resource]]) -> list[str]:
    """The managed policies of a role that are neither AWS's nor in the stack, so that nobody here knows them."""
    own = {item.id for item in by_type.get("AWS::IAM::ManagedPolicy", [])}
    return [
        reference
        for reference in texts(resource.properties.get("ManagedPolicyArns"))
        if reference.startswith("arn:") and ":iam::aws:" not in reference and reference not in own
    ]


def _inline(resource: Resource) -> Iterable[Statement]:
    for policy in mappings(resource.properties.get("Policies")):
        yield from statements(policy.get("PolicyDocument"))


def _attached(role: str, by_type: Mapping[str, list[Resource]]) -> Iterable[Any]:
    """The documents of policies that name the role, rather than being named by it."""
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for resource in by_type.get(kind, []):
            if role in texts(resource.properties.get("Roles")):
                yield resource.properties.get("PolicyDocument")
    for resource in by_type.get("AWS::IAM::RolePolicy", []):
        if resource.properties.get("RoleName") == role:
            yield resource.properties.get("PolicyDocument")


def statements(document: Any) -> tuple[Statement, ...]:
    """The statements of a policy document; what is no statement is left out.

    Conditions cannot be tested here: what is allowed under one is allowed, what is denied under one is not.
    """
    listed = document.get("Statement") if isinstance(document, dict) else None
    found = []
    for item in listed if isinstance(listed, list) else [listed]:
        if not isinstance(item, dict) or (item.get("Effect") == "Deny" and item.get("Condition")):
            continue
        if item.get("Effect") in ("Allow", "Deny"):
            found.append(statement(item))
    return tuple(found)
