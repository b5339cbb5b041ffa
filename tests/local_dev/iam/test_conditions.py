"""Conditions of policy statements."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.iam.conditions import holds

FACTS = {
    "aws:sourceip": "203.0.113.7",
    "aws:useragent": "Tester/1.0",
    "aws:epochtime": "1700000000",
    "aws:currenttime": "2023-11-14T22:13:20Z",
    "aws:securetransport": "true",
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.7"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, False),
        ({"IpAddress": {"aws:SourceIp": "nonsense"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}}, False),
        ({"NotIpAddress": {"AWS:SOURCEIP": "10.0.0.0/8"}}, True),
        ({"StringEquals": {"aws:UserAgent": "Tester/1.0"}}, True),
        ({"StringEquals": {"aws:UserAgent": "tester/1.0"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:UserAgent": "tester/1.0"}}, True),
        ({"StringNotEquals": {"aws:UserAgent": ["a", "Tester/1.0"]}}, False),
        ({"StringLike": {"aws:UserAgent": "Tester/*"}}, True),
        ({"StringNotLike": {"aws:UserAgent": "Tester/?"}}, True),
        ({"ArnLike": {"aws:UserAgent": "T*"}}, True),
        ({"Bool": {"aws:SecureTransport": True}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"NumericLessThan": {"aws:EpochTime": 1_700_000_001}}, True),
        ({"NumericGreaterThanEquals": {"aws:EpochTime": "1700000000"}}, True),
        ({"NumericEquals": {"aws:EpochTime": "no number"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2023-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2023-01-01"}}, False),
        ({"DateLessThanEquals": {"aws:CurrentTime": "1700000000"}}, True),
        ({"StringEquals": {"aws:Absent": "x"}}, False),
        ({"StringNotEquals": {"aws:Absent": "x"}}, True),
        ({"StringEqualsIfExists": {"aws:Absent": "x"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:Absent": "x"}}, False),
        ({"ForAllValues:StringEquals": {"aws:Absent": "x"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:UserAgent": "Tester/1.0"}}, True),
        ({"Null": {"aws:Absent": "true"}}, True),
        ({"Null": {"aws:SourceIp": True}}, False),
        ({"Null": {"aws:SourceIp": "false"}}, True),
        ({"StringLike": {"aws:UserAgent": "T*", "aws:SourceIp": "1*"}}, False),
        ({"StringLike": {"aws:UserAgent": "T*"}, "Bool": {"aws:SecureTransport": "true"}}, True),
    ],
)
def test_holds(condition: Any, expected: bool) -> None:
    assert holds(condition, FACTS) is expected


@pytest.mark.parametrize(
    "condition",
    [[], "text", {"StringEquals": "x"}, {"Fits": {"aws:SourceIp": "x"}}, {"Some:Bool": {"a": "b"}}],
)
def test_what_is_no_condition_is_an_error(condition: Any) -> None:
    with pytest.raises(ValueError, match=r"Condition|operator"):
        holds(condition, FACTS)


@given(
    st.sampled_from(["IpAddress", "DateEquals", "NumericLessThan", "StringLike", "Bool", "Null"]),
    st.sampled_from(sorted(FACTS)),
    st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.text(), max_size=3)),
)
def test_any_value_holds_or_does_not(operator: str, key: str, value: Any) -> None:
    assert holds({operator: {key: value}}, FACTS) in (True, False)
