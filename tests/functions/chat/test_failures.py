from collections.abc import Callable
from typing import Any

import pytest
from chat.errors import Unavailable
from chat.failures import Failures

PutAside = Callable[[], list[dict[str, Any]]]


def test_a_record_is_named_and_not_shown(put_aside: PutAside) -> None:
    Failures.from_environment().put("7", reason="too long")
    assert put_aside() == [{"condition": "Malformed", "sequenceNumber": "7", "reason": "too long"}]


def test_a_queue_that_is_not_there_is_unavailable(put_aside: PutAside) -> None:
    with pytest.raises(Unavailable):
        Failures("https://sqs.eu-central-1.amazonaws.com/123456789012/elsewhere").put("7", reason="x")
