"""What an authorizer's answer means."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.authorizer import Allowed, Denied, decide, facts_of, missing_identity_source
from local_dev.gateway.events import Handshake
from local_dev.stack.model import Api

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/live/$connect"
API = Api("abc", "Api", "live", "", {}, "us-east-1", "123456789012", {"set": "1", "empty": ""})


def answer(**changes: Any) -> dict[str, Any]:
    """A complete Allow, with changes."""
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": policy, **changes}


def statements(*items: dict[str, Any]) -> dict[str, Any]:
    return answer(policyDocument={"Statement": list(items)})


FACTS = {"aws:sourceip": "203.0.113.7"}

ALLOW = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN}


def test_allow_gives_context_as_strings_with_principal_and_latency() -> None:
    decision = decide(answer(context={"a": 1, "b": True, "c": "x", "d": None}), method_arn=ARN, latency_ms=5)
    assert decision == Allowed(
        {"a": "1", "b": "true", "c": "x", "principalId": "me", "integrationLatency": 5}
    )


@pytest.mark.parametrize(
    "given_answer",
    [
        answer(policyDocument={"Statement": ALLOW}),
        statements({**ALLOW, "Resource": "*"}),
        statements({**ALLOW, "Resource": ["other", "arn:aws:execute-api:*:*:abc/*"]}),
        statements({**ALLOW, "Resource": ARN[:-1] + "?"}),
        statements({**ALLOW, "Action": ["execute-api:*"]}),
        statements({**ALLOW, "Action": "EXECUTE-API:INVOKE"}),
    ],
)
def test_allowed(given_answer: dict[str, Any]) -> None:
    assert isinstance(decide(given_answer, method_arn=ARN, latency_ms=0), Allowed)


@pytest.mark.parametrize(
    "given_answer",
    [
        statements(),
        statements({**ALLOW, "Effect": "Deny"}),
        statements(ALLOW, {**ALLOW, "Effect": "Deny", "Resource": "*"}),
        statements({**ALLOW, "Resource": ARN.replace("$connect", "GET/")}),
        statements({**ALLOW, "Action": "execute-api:ManageConnections"}),
        statements({"Effect": "Allow"}),
    ],
)
def test_denied(given_answer: dict[str, Any]) -> None:
    assert decide(given_answer, method_arn=ARN, latency_ms=0) == Denied(403)


@pytest.mark.parametrize(
    "given_answer",
    [
        *(None, 5, [], {}, {"statusCode": 401}, answer(principalId=None), answer(policyDocument=None)),
        *(answer(context={"nested": {}}), answer(context={"list": []}), answer(context=["x"])),
        *(answer(policyDocument={"Statement": ["text"]}), answer(policyDocument={})),
    ],
)
def test_a_wrong_shape_is_500(given_answer: Any) -> None:
    assert decide(given_answer, method_arn=ARN, latency_ms=0) == Denied(500)


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*"},
        {"Effect": "Allow", "Action": ["s3:*", "execute-api:Inv?ke"], "Resource": ["a", "*"]},
    ],
)
def test_statements_that_apply(statement: dict[str, Any]) -> None:
    allowed = decide(statements(statement), method_arn=ARN, latency_ms=0, facts=FACTS)
    assert isinstance(allowed, Allowed)
    denied = statements({**ALLOW, "Resource": "*"}, {**statement, "Effect": "Deny"})
    assert decide(denied, method_arn=ARN, latency_ms=0, facts=FACTS) == Denied(403)


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Effect": "Allow", "NotAction": "execute-api:*", "Resource": "*"},
        {"Effect": "Allow", "NotAction": "EXECUTE-API:invoke", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotResource": ["x", "arn:*:*:*:*:*/$connect"]},
        {**ALLOW, "Effect": "allow"},
        {**ALLOW, "Action": 5},
        {**ALLOW, "Resource": {"a": "*"}},
    ],
)
def test_statements_that_do_not_apply(statement: dict[str, Any]) -> None:
    assert decide(statements(statement), method_arn=ARN, latency_ms=0, facts=FACTS) == Denied(403)


@pytest.mark.parametrize("condition", ["text", {"Bool": 5}, {"NoOperator": {"a": "b"}}])
def test_a_condition_that_is_none_is_500(condition: Any) -> None:
    given_answer = statements({**ALLOW, "Condition": condition})
    assert decide(given_answer, method_arn=ARN, latency_ms=0) == Denied(500)


def test_an_answer_of_more_than_8_kb_is_500() -> None:
    """Contract A04: 8,192 bytes pass, one more does not."""
    rest = 8192 - len(json.dumps(answer(context={"k": ""}), separators=(",", ":")))
    assert isinstance(decide(answer(context={"k": "x" * rest}), method_arn=ARN, latency_ms=0), Allowed)
    too_large = answer(context={"k": "x" * (rest + 1)})
    assert decide(too_large, method_arn=ARN, latency_ms=0) == Denied(500)
    assert decide(answer(context={"k": "é" * rest}), method_arn=ARN, latency_ms=0) == Denied(500)
    assert decide(answer(context={"k": 10**5000}), method_arn=ARN, latency_ms=0) == Denied(500)


def test_nested_context_travels_as_json_if_that_is_assumed() -> None:
    given_answer = answer(context={"a": {"b": [1, True]}, "c": 1.5})
    assert decide(given_answer, method_arn=ARN, latency_ms=0) == Denied(500)
    decision = decide(
        given_answer, method_arn=ARN, latency_ms=0, assumptions=Assumptions(nested_context="text")
    )
    assert isinstance(decision, Allowed)
    assert (decision.context["a"], decision.context["c"]) == ('{"b":[1,true]}', "1.5")


def test_the_usage_key_is_no_part_of_the_context() -> None:
    decision = decide(answer(usageIdentifierKey="key"), method_arn=ARN, latency_ms=1)
    assert decision == Allowed({"principalId": "me", "integrationLatency": 1}, "key")
    assert decide(answer(usageIdentifierKey=5), method_arn=ARN, latency_ms=0) == Denied(500)


def test_facts_of_a_handshake() -> None:
    handshake = Handshake((("User-Agent", "x"), ("referer", "y")), "", "203.0.113.7")
    assert facts_of(handshake, now_ms=1_700_000_000_999) == {
        "aws:sourceip": "203.0.113.7",
        "aws:securetransport": "true",
        "aws:currenttime": "2023-11-14T22:13:20Z",
        "aws:epochtime": "1700000000",
        "aws:useragent": "x",
        "aws:referer": "y",
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(answer())), inner),
    )
)
def test_nothing_but_a_whole_policy_allows(anything: Any) -> None:
    assert isinstance(decide(anything, method_arn=ARN, latency_ms=0), Denied)


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("route.request.header.auth", False),
        ("route.request.header.Other", True),
        ("route.request.querystring.token", False),
        ("route.request.querystring.blank", True),
        ("route.request.querystring.none", True),
        ("stageVariables.set", False),
        ("stageVariables.empty", True),
        ("stageVariables.none", True),
        ("context.identity.sourceIp", False),
        ("context.identity.userAgent", True),
        ("context.connectionId", False),
        ("context.connectionId.more", True),
        ("context.none", True),
        ("$request.nothing.known", True),
        ("", True),
    ],
)
def test_identity_sources(source: str, missing: bool) -> None:
    handshake = Handshake((("Auth", "x"),), "token=1&blank=", "127.0.0.1")
    context = {"identity": {"sourceIp": "127.0.0.1"}, "connectionId": "x"}
    found = missing_identity_source((source,), handshake, API, context)
    assert found == (source if missing else None)


def test_the_first_missing_source_is_named() -> None:
    handshake = Handshake((("Auth", "x"),), "", "127.0.0.1")
    sources = ("route.request.header.Auth", "route.request.header.B", "route.request.header.C")
    assert missing_identity_source(sources, handshake, API, {}) == "route.request.header.B"


STATEMENT = st.fixed_dictionaries(
    {},
    optional={
        "Effect": st.sampled_from(["Allow", "Deny", 5]),
        **{
            name: st.one_of(st.text(), st.integers(), st.lists(st.one_of(st.just("*"), st.none())))
            for name in ("Action", "NotAction", "Resource", "NotResource")
        },
        "Condition": st.recursive(st.text() | st.integers(), lambda i: st.dictionaries(st.text(), i)),
    },
)


@given(st.lists(STATEMENT, max_size=4))
def test_any_statements_give_a_decision_and_a_deny_of_all_wins(
    given_statements: list[dict[str, Any]],
) -> None:
    assert decide(statements(*given_statements), method_arn=ARN, latency_ms=0)
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    decision = decide(statements(*given_statements, deny), method_arn=ARN, latency_ms=0)
    assert isinstance(decision, Denied)
