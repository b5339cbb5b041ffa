import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.iam.credentials import Principal
from local_dev.iam.policy import allows, allows_somewhere, denies, permits, without
from local_dev.stack.model import Statement

ACTION = "execute-api:ManageConnections"
RESOURCE = "arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/@connections/{connectionId}"


def allow(action: str = ACTION, resource: str = "*") -> Statement:
    return Statement("Allow", (action,), (resource,))


@pytest.mark.parametrize(
    "resource",
    [
        RESOURCE,
        "*",
        "arn:aws:execute-api:us-east-1:123456789012:abc/*",
        "arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/@connections/*",
        "arn:aws:execute-api:us-east-1:123456789012:abc/*/POST/@connections/*",
        "arn:aws:execute-api:us-east-1:123456789012:???/prod/*/*",
        "arn:aws:execute-api:*:*:*",
        "arn:aws:execute-api:*:*:**/@connections/*",
        "arn:*:execute-api:*:*:*",
        "arn:aws:execute-api:*",
        "arn:aws:execute-api",
    ],
)
def test_resources_that_match(resource: str) -> None:
    assert allows((allow(resource=resource),), action=ACTION, resource=RESOURCE)


@pytest.mark.parametrize(
    "resource",
    [
        "",
        "arn:aws:execute-api:us-west-2:123456789012:abc/*",
        "arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/@connections/*",
        "arn:aws:execute-api:us-east-1:123456789012:abc/dev/*",
        "arn:aws:execute-api:us-east-1:123456789012:ABC/*",
        "arn:aws:execute-api:us-east-1:123456789012:abc",
        "arn:aws:execute-api:us-east-1:*/@connections/*",
        "arn:aws:dynamodb:*:*:*",
        "arn:aws:execute-api:us-east-1:123456789012:[a]bc/*",
    ],
)
def test_resources_that_do_not(resource: str) -> None:
    assert not allows((allow(resource=resource),), action=ACTION, resource=RESOURCE)


@pytest.mark.parametrize(
    "action", [ACTION, "*", "execute-api:*", "EXECUTE-API:manageconnections", "execute-api:Manage*"]
)
def test_actions_that_match(action: str) -> None:
    assert allows((allow(action),), action=ACTION, resource=RESOURCE)


@pytest.mark.parametrize(
    "action", ["", "execute-api:Invoke", "execute-api", "dynamodb:*", "execute-api:Manage?"]
)
def test_actions_that_do_not(action: str) -> None:
    assert not allows((allow(action),), action=ACTION, resource=RESOURCE)


def test_nothing_said_is_denied() -> None:
    assert not allows((), action=ACTION, resource=RESOURCE)


def test_an_explicit_deny_wins() -> None:
    deny = Statement("Deny", ("execute-api:*",), ("*",))
    for statements in ((allow(), deny), (deny, allow())):
        assert not allows(statements, action=ACTION, resource=RESOURCE)


def test_everything_but() -> None:
    but_invoke = Statement("Allow", not_actions=("execute-api:Invoke",), resources=("*",))
    assert allows((but_invoke,), action=ACTION, resource=RESOURCE)
    assert not allows((but_invoke,), action="execute-api:invoke", resource=RESOURCE)
    but_this = Statement("Allow", (ACTION,), not_resources=("arn:aws:execute-api:*:*:abc/*",))
    assert not allows((but_this,), action=ACTION, resource=RESOURCE)
    assert allows((but_this,), action=ACTION, resource=RESOURCE.replace("abc", "xyz"))


def test_a_principal_without_statements_may_do_everything() -> None:
    assert permits(Principal("arn"), action=ACTION, resource=RESOURCE)
    assert not permits(Principal("arn", ()), action=ACTION, resource=RESOURCE)


@given(st.text("ab*?:[]!/.", max_size=30), st.text("ab:/[", max_size=30))
def test_a_text_without_wildcards_matches_itself_alone(pattern: str, text: str) -> None:
    matched = allows((allow(resource=pattern),), action=ACTION, resource=text)
    if "*" not in pattern and "?" not in pattern and pattern.count(":") >= 5:
        assert matched is (pattern == text)


def test_many_wildcards_are_matched_in_good_time() -> None:
    statements = (allow(resource="arn:aws:execute-api:*:*:" + "*a" * 40 + "b"),)
    assert not allows(statements, action=ACTION, resource="arn:aws:execute-api:a:a:" + "a" * 4000)


def test_an_action_may_be_allowed_on_some_resource() -> None:
    statements = (allow("s:Get*", "arn:x"), Statement("Deny", ("s:Put",), ("*",)))
    assert allows_somewhere(statements, action="s:GetIt")
    assert not allows_somewhere(statements, action="s:Put")
    assert allows_somewhere((Statement("Allow", not_actions=("s:Put",), resources=("*",)),), action="s:Get")


def test_what_is_denied_explicitly() -> None:
    statements = (allow("*"), Statement("Deny", ("s:Put",), ("arn:a:s:::x",)))
    assert denies(statements, action="s:Put", resource="arn:a:s:::x")
    assert not denies(statements, action="s:Put", resource="arn:a:s:::y")
    assert not denies(statements, action="s:Get", resource="arn:a:s:::x")


ARNS = [f"arn:aws:s:::{name}" for name in ("one", "two", "two/index/i")]
ACTIONS = ["s:Get", "s:Put", "s:Query"]
STATEMENTS = st.builds(
    Statement,
    st.sampled_from(["Allow", "Deny"]),
    st.lists(st.sampled_from(ACTIONS), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from(ARNS), min_size=1, unique=True).map(tuple),
)


@given(
    st.lists(STATEMENTS, max_size=4).map(tuple),
    st.sampled_from(ACTIONS),
    st.sampled_from(["*", *ARNS, "*/two*"]),
)
def test_a_permission_left_out_is_the_only_one_that_goes(
    statements: tuple[Statement, ...], action: str, resource: str
) -> None:
    left = without(statements, action=action, resource=resource)
    for each in ACTIONS:
        for arn in ARNS:
            gone = each == action and resource in ("*", arn)
            before = allows(statements, action=each, resource=arn)
            assert allows(left, action=each, resource=arn) is (before and not gone)
