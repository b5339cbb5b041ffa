"""A role may do what all its policies together say."""

from typing import Any

import pytest

from local_dev.stack.cloud import Resource
from local_dev.stack.model import Statement
from local_dev.stack.roles import foreign_policies, read_roles, statements


def document(*actions: str) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def resource(kind: str, name: str, **properties: Any) -> Resource:
    return Resource(name, f"AWS::IAM::{kind}", name, properties)


def by_type(*resources: Resource) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for item in resources:
        found.setdefault(item.type, []).append(item)
    return found


def test_every_way_to_attach_a_policy() -> None:
    role = resource(
        "Role",
        "r",
        Policies=[{"PolicyName": "inline", "PolicyDocument": document("a:1")}],
        ManagedPolicyArns=["shared", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
    )
    found = read_roles(
        by_type(
            role,
            resource("Role", "other"),
            resource("ManagedPolicy", "shared", PolicyDocument=document("a:2")),
            resource("ManagedPolicy", "naming", Roles=["r"], PolicyDocument=document("a:3")),
            resource("Policy", "p", Roles=["r", "x"], PolicyDocument=document("a:4")),
            resource("RolePolicy", "rp", RoleName="r", PolicyDocument=document("a:5")),
            resource("Policy", "elsewhere", Roles=["x"], PolicyDocument=document("a:6")),
        ),
        account="1",
    )
    actions = {action for item in found["arn:aws:iam::1:role/r"].statements for action in item.actions}
    assert {action for action in actions if action.startswith("a:")} == {
        f"a:{number}" for number in range(1, 6)
    }
    assert "logs:PutLogEvents" in actions
    assert found["arn:aws:iam::1:role/other"].statements == ()


@pytest.mark.parametrize(
    ("policy", "actions"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", [("*",)]),
        ("AmazonAPIGatewayInvokeFullAccess", [("execute-api:Invoke", "execute-api:ManageConnections")]),
        ("arn:aws:iam::aws:policy/PowerUserAccess", [()]),
        ("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess", [("dynamodb:*",)]),
        ("arn:aws:iam::aws:policy/AmazonTextractFullAccess", []),
    ],
)
def test_policies_of_aws(policy: str, actions: list[tuple[str, ...]]) -> None:
    role = resource("Role", "r", ManagedPolicyArns=[policy])
    found = read_roles(by_type(role), account="1")["arn:aws:iam::1:role/r"]
    assert [item.actions for item in found.statements] == actions
    assert foreign_policies(role, by_type(role)) == []
    assert found.unread == (("AmazonTextractFullAccess",) if policy.endswith("TextractFullAccess") else ())


def test_policies_that_nobody_here_knows_are_named() -> None:
    role = resource("Role", "r", ManagedPolicyArns=["arn:aws:iam::1:policy/theirs", "own"])
    assert foreign_policies(role, by_type(role, resource("ManagedPolicy", "own"))) == [
        "arn:aws:iam::1:policy/theirs"
    ]


@pytest.mark.parametrize(
    "odd", [None, "text", [], {}, {"Statement": "text"}, {"Statement": [1, {"Effect": "Maybe"}]}]
)
def test_what_is_no_policy_allows_nothing(odd: Any) -> None:
    assert statements(odd) == ()


def test_conditions_allow_but_do_not_deny() -> None:
    listed = [
        {"Effect": effect, "Action": "a", "Resource": "r", "Condition": {"x": 1}}
        for effect in ("Allow", "Deny")
    ]
    assert statements({"Statement": listed}) == (Statement("Allow", ("a",), ("r",)),)
