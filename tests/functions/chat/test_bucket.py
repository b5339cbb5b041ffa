from dataclasses import dataclass

import pytest
from chat.bucket import Bucket
from chat.errors import NotAMember, RateLimited
from chat.identity import Identity
from chat.memberships import Memberships
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functions.conftest import MEMBERSHIPS, Store, Time
from tests.functions.stand_ins import NOW

ADA = Identity("general", "ada")


@dataclass
class Model:
    """A token bucket as the books have it."""

    burst: int
    interval_ms: int
    tokens: float
    at: int

    def take(self, now: int) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) / self.interval_ms)
        self.at = now
        if self.tokens < 1 - 1e-9:
            return False
        self.tokens -= 1
        return True


@pytest.fixture
def memberships(store: Store, time: Time) -> Memberships:
    memberships = Memberships(store.client, table=MEMBERSHIPS, bucket=Bucket(3, 200), now=time.now)
    memberships.enter(ADA, "A=", joined_at=NOW)
    store.calls.clear()
    return memberships


def takes(memberships: Memberships) -> bool:
    try:
        memberships.touch("general", "A=", takes_token=True)
    except RateLimited:
        return False
    return True


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 900), max_size=25))
def test_it_gives_what_a_token_bucket_gives(memberships: Memberships, time: Time, waits: list[int]) -> None:
    time.now_ms += 10_000  # full again after the example before
    model = Model(3, 200, tokens=3, at=time.now_ms)
    for wait in waits:
        time.now_ms += wait
        assert takes(memberships) is model.take(time.now_ms)


def test_one_who_types_costs_one_write_and_a_burst_a_second_one(
    memberships: Memberships, store: Store, time: Time
) -> None:
    for _ in range(3):
        time.now_ms += 200
        assert takes(memberships)
    assert store.calls == ["UpdateItem"] * 3
    store.calls.clear()
    assert takes(memberships)
    assert store.calls == ["UpdateItem"] * 2


def test_who_is_refused_is_told_when_to_try_again(memberships: Memberships, time: Time) -> None:
    for _ in range(3):
        assert takes(memberships)
    time.now_ms += 50
    with pytest.raises(RateLimited) as refused:
        memberships.touch("general", "A=", takes_token=True)
    assert refused.value.retry_after_ms == 150
    time.now_ms += 149
    assert not takes(memberships)
    time.now_ms += 1
    assert takes(memberships)


def test_what_takes_no_token_is_never_refused(memberships: Memberships, store: Store) -> None:
    for _ in range(5):
        takes(memberships)
    store.calls.clear()
    memberships.touch("general", "A=")
    assert store.calls == ["UpdateItem"]


def test_a_refusal_renews_no_lease(memberships: Memberships, store: Store, time: Time) -> None:
    while takes(memberships):
        pass
    before = store.items(MEMBERSHIPS)
    time.now_ms += 1
    assert not takes(memberships)
    assert store.items(MEMBERSHIPS) == before


def test_connections_have_a_bucket_each(memberships: Memberships) -> None:
    while takes(memberships):
        pass
    memberships.enter(ADA, "B=", joined_at=NOW)
    memberships.touch("general", "B=", takes_token=True)


def test_who_is_no_member_takes_nothing(memberships: Memberships) -> None:
    with pytest.raises(NotAMember):
        memberships.touch("general", "Z=", takes_token=True)


@pytest.mark.parametrize(
    ("rate", "burst", "bucket"),
    [
        ("5", "20", Bucket(20, 200)),
        ("3", "1", Bucket(1, 333)),
        ("1000", "1", Bucket(1, 1)),
        ("0.5", "1.5", Bucket(2, 2000)),
        ("0", "20", None),
        ("0.0", "20", None),
        (None, None, Bucket(20, 200)),
    ],
)
def test_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, rate: str | None, burst: str | None, bucket: Bucket | None
) -> None:
    for name, value in (("MESSAGE_RATE", rate), ("MESSAGE_BURST", burst)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert Bucket.from_environment() == bucket
