from datetime import datetime

import pytest
from chat import clock
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_800_000_000_007, "2027-01-15T08:00:00.007Z"),
        (1_800_000_000_999, "2027-01-15T08:00:00.999Z"),
    ],
)
def test_a_timestamp_is_iso_8601_in_utc_with_milliseconds(milliseconds: int, text: str) -> None:
    assert clock.timestamp(milliseconds) == text


@given(st.integers(0, 4_000_000_000_000))
def test_a_timestamp_loses_nothing(milliseconds: int) -> None:
    assert round(datetime.fromisoformat(clock.timestamp(milliseconds)).timestamp() * 1000) == milliseconds


def test_now_is_in_milliseconds() -> None:
    before = datetime.now().timestamp() * 1000
    assert before - 1 <= clock.now() <= datetime.now().timestamp() * 1000 + 1
