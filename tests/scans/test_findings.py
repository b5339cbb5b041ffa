"""What is accepted, and what is not: each list is held to the other."""

import pytest

from .findings import Accepted, Finding, read, stale, unexplained

OPEN_PORT = Finding("checkov", "CKV_1", "AWS::X.Y", "a port is open")
TAKEN = Accepted("checkov", "CKV_1", ("AWS::X.*",), "it is a door")


def test_a_finding_without_a_reason_is_unexplained() -> None:
    other = Finding("checkov", "CKV_1", "AWS::Z.Y")
    assert unexplained([OPEN_PORT, other], [TAKEN]) == [other]


@pytest.mark.parametrize("field", [{"tool": "cfn-lint"}, {"rule": "CKV_2"}, {"where": "AWS::Xother"}])
def test_a_reason_is_for_one_rule_of_one_tool_at_its_places(field: dict[str, str]) -> None:
    other = Finding(**{"tool": "checkov", "rule": "CKV_1", "where": "AWS::X.Y", **field})
    assert unexplained([other], [TAKEN]) == [other]


def test_a_reason_without_a_finding_is_stale() -> None:
    both = Accepted("checkov", "CKV_1", ("AWS::X.*", "AWS::Gone.*"), "they are doors")
    assert stale([OPEN_PORT], [both], ["checkov"]) == ["checkov CKV_1 AWS::Gone.*"]


def test_a_reason_is_not_stale_where_its_tool_did_not_run() -> None:
    assert stale([], [TAKEN], ["secrets"]) == []


def test_every_reason_is_written_out() -> None:
    for accepted in read():
        assert len(accepted.reason.split()) >= 5, accepted
        assert accepted.where, accepted
