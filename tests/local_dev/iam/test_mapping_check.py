"""What Lambda may not tell with a function's role goes nowhere, and is noted."""

from dataclasses import replace
from typing import Any

import pytest

from local_dev.iam.credentials import Principal
from local_dev.iam.mapping_check import checked
from local_dev.stack.model import Asynchronous, Function, Stack, Statement

WORK = Function("work", "arn:aws:lambda:us-east-1:1:function:work", "Work", "a.b", 3, 128, {}, None)
TARGETS = {
    "sqs:SendMessage": "arn:aws:sqs:us-east-1:1:lost",
    "sns:Publish": "arn:aws:sns:us-east-1:1:told",
    "lambda:InvokeFunction": "arn:aws:lambda:us-east-1:1:function:hear:live",
}
ROLE = tuple(Statement("Allow", (action,), (target,)) for action, target in TARGETS.items())


@pytest.mark.parametrize("end", ["on_success", "on_failure", "dead_letter"])
@pytest.mark.parametrize("action", TARGETS)
def test_a_role_has_to_allow_who_hears_of_asynchronous_events(action: str, end: str) -> None:
    told: Any = {end: TARGETS[action]}
    asked = Asynchronous(max_retries=1, **told)
    stack = Stack({"work": replace(WORK, asynchronous=asked)}, ())
    assert checked(stack, lambda name: Principal(name, ROLE)) == stack
    others = tuple(each for each in ROLE if action not in each.actions)
    left = checked(stack, lambda name: Principal(name, others))
    assert left.functions["work"].asynchronous == Asynchronous(max_retries=1)
    (note,) = left.notes
    assert note.logical_id == "Work"
    assert note.text.endswith(f" does not go to {TARGETS[action]}: its role lacks {action}")


def test_without_destinations_nothing_is_asked() -> None:
    stack = Stack({"work": WORK}, ())
    assert checked(stack, lambda name: Principal(name, ())) == stack
