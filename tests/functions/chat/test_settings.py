"""What is not whole is rounded up."""

import pytest
from chat.settings import whole


@pytest.mark.parametrize(
    ("given", "number"), [("7500", 7500), ("0", 0), ("0.5", 1), ("24.5", 25), ("1e3", 1000), (20, 20)]
)
def test_whole(given: str | int, number: int) -> None:
    assert whole(given) == number
