import re

import pytest

from local_dev.iam.credentials import CredentialStore, Principal, function_principal
from local_dev.stack.model import Function, Role, Statement

ACCOUNT = "123456789012"
STATEMENTS = (Statement("Allow", ("execute-api:*",), ("*",)),)


def test_the_operator_may_do_everything() -> None:
    store = CredentialStore(ACCOUNT)
    found = store.find("local")
    assert found is not None
    assert found[0] is store.operator
    assert found[1].statements is None
    assert store.operator.environment() == {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


def test_issued_credentials_look_like_a_functions() -> None:
    store = CredentialStore(ACCOUNT)
    principal = Principal("arn:aws:sts::1:assumed-role/a/b", ())
    credentials = store.issue(principal)
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", credentials.access_key_id)
    assert len(credentials.secret_access_key) == 40
    assert credentials.environment()["AWS_SESSION_TOKEN"] == credentials.session_token
    assert store.find(credentials.access_key_id) == (credentials, principal)
    assert store.issue(principal) != credentials


def test_others_are_unknown() -> None:
    assert CredentialStore(ACCOUNT).find("AKIAFOREIGN") is None


def function(role: str | None) -> Function:
    return Function("stack-Send", "arn:function", "Send", "app.handler", 3.0, 128, {}, None, role=role)


def test_a_function_is_its_role_assumed_under_its_name() -> None:
    role = Role(f"arn:aws:iam::{ACCOUNT}:role/stack-SendRole", "stack-SendRole", STATEMENTS)
    principal = function_principal(function(role.arn), role, account=ACCOUNT)
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/stack-SendRole/stack-Send"
    assert principal.statements is STATEMENTS


@pytest.mark.parametrize(
    ("given", "name"), [("arn:aws:iam::999999999999:role/path/shared", "shared"), (None, "stack-Send")]
)
def test_of_a_role_that_is_not_the_stacks_nothing_is_known(given: str | None, name: str) -> None:
    principal = function_principal(function(given), None, account=ACCOUNT)
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/stack-Send"
    assert principal.statements is None
