"""Token buckets (contract H18, L13, M10)."""

from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.throttles import AccountLimits, StageThrottles, TokenBucket
from local_dev.stack.model import Throttle
from tests.local_dev.gateway.stand_ins import make_api


class Time:
    """Seconds that are set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(bucket: TokenBucket, wanted: int) -> int:
    """How many of so many requests the bucket lets pass."""
    return sum(bucket.take() for _ in range(wanted))


def test_a_burst_passes_at_once_and_then_what_the_rate_gives() -> None:
    time = Time()
    bucket = TokenBucket(Throttle(rate=8, burst=5), clock=time)
    assert taken(bucket, 20) == 5
    time.now += 0.375
    assert taken(bucket, 20) == 3
    time.now += 3600
    assert taken(bucket, 20) == 5  # never more than the burst


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    time = Time()
    bucket = TokenBucket(Throttle(rate=1, burst=2), clock=time)
    time.now -= 50
    assert taken(bucket, 3) == 2
    time.now += 1
    assert taken(bucket, 3) == 1


def test_a_throttle_of_nothing_lets_nothing_pass() -> None:
    assert taken(TokenBucket(Throttle(rate=100, burst=0), clock=Time()), 5) == 0


@given(
    rate=st.floats(0, 1000),
    burst=st.integers(0, 100),
    steps=st.lists(st.tuples(st.floats(0, 10), st.integers(0, 50)), max_size=30),
)
def test_no_more_passes_than_burst_and_rate_allow(
    rate: float, burst: int, steps: list[tuple[float, int]]
) -> None:
    time = Time()
    bucket = TokenBucket(Throttle(rate, burst), clock=time)
    passed = 0
    for pause, wanted in steps:
        time.now += pause
        passed += taken(bucket, wanted)
        assert passed <= burst + rate * (time.now - 100.0) + 1e-6


def test_the_accounts_limits_are_those_of_the_contract() -> None:
    time = Time()
    limits = AccountLimits(clock=time)
    assert taken(limits.connections, 1000) == 500
    assert taken(limits.requests, 10_000) == 5000
    time.now += 0.25
    assert taken(limits.connections, 1000) == 125
    assert taken(limits.requests, 10_000) == 2500


def test_routes_without_a_throttle_of_their_own_share_the_stages() -> None:
    api = make_api(throttle=Throttle(1, 3), route_throttles={"own": Throttle(1, 2)})
    throttles = StageThrottles(api, clock=Time())
    assert [throttles.admit(key) for key in ("a", "b", "a", "b", "$connect")] == [
        *(True, True, True),
        *(False, False),
    ]
    assert [throttles.admit("own") for _ in range(3)] == [True, True, False]


def test_without_throttles_everything_passes() -> None:
    throttles = StageThrottles(make_api(route_throttles={"own": Throttle(0, 0)}), clock=Time())
    assert all(throttles.admit("a") for _ in range(10_000))
    assert not throttles.admit("own")
