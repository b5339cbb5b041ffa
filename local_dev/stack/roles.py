"""What the roles of a stack may do: their statements, gathered from every policy that is attached to them."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..iam.policy import statement
from .cloud import Resource
from .model import Role, Statement
from .values import mappings, texts

_EVERYTHING = Statement("Allow", actions=("*",), resources=("*",))
_MANAGED = {
    "AdministratorAccess": (_EVERYTHING,),
    "PowerUserAccess": (
        Statement("Allow", not_actions=("iam:*", "organizations:*", "account:*"), resources=("*",)),
    ),
    "AWSLambda_FullAccess": (Statement("Allow", actions=("lambda:*",), resources=("*",)),),
    "AWSLambdaRole": (Statement("Allow", actions=("lambda:InvokeFunction",), resources=("*",)),),
    "AmazonAPIGatewayInvokeFullAccess": (
        Statement(
            "Allow",
            actions=("execute-api:Invoke", "execute-api:ManageConnections"),
            resources=("arn:aws:execute-api:*:*:*",),
        ),
    ),
}
"""AWS's own policies that allow something of execute-api or an invocation. All others allow nothing that is checked
here."""


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
                    else _MANAGED.get(reference.rsplit("/", 1)[-1], ())
                )
            ),
            *(item for document in _attached(resource.id, by_type) for item in statements(document)),
            # Nobody here knows what they allow; refusing it would stop what runs in the cloud.
            *([_EVERYTHING] if foreign_policies(resource, by_type) else []),
        ]
        roles[arn] = Role(arn, resource.id, tuple(found))
    return roles


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
