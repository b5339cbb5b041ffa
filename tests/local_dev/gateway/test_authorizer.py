"""What an authorizer's answer means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.authorizer import Allowed, Denied, decide, missing_identity_source
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
        ("context.identity", False),
    ],
)
def test_identity_sources(source: str, missing: bool) -> None:
    handshake = Handshake((("Auth", "x"),), "token=1&blank=", "127.0.0.1")
    assert missing_identity_source((source,), handshake, API) is missing
