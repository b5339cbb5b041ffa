import pytest
from chat.admissions import Admissions
from chat.errors import Unavailable
from chat.identity import Identity

from tests.functions.conftest import ADMISSIONS, Store, Time

ADA = Identity("general", "ada")


def test_a_ticket_is_spent_once(admissions: Admissions, store: Store, time: Time) -> None:
    expires_at = time.now_ms // 1000 + 60
    assert admissions.spend("a", expires_at=expires_at)
    assert not admissions.spend("a", expires_at=expires_at)
    assert admissions.spend("b", expires_at=expires_at)
    assert store.calls == ["PutItem"] * 3
    [kept] = [item for item in store.items(ADMISSIONS) if item["subject"]["S"] == "ticket a"]
    assert int(kept["expires_at"]["N"]) >= expires_at


def test_who_is_put_out_is_out_of_that_room_until_then(admissions: Admissions, time: Time) -> None:
    assert not admissions.is_out(ADA)
    admissions.put_out(ADA, until=time.now_ms + 60_000)
    assert admissions.is_out(ADA)
    assert not admissions.is_out(Identity("general", "bea"))
    assert not admissions.is_out(Identity("other", "ada"))
    time.now_ms += 60_000
    assert not admissions.is_out(ADA)


def test_who_was_put_out_just_now_is_out(admissions: Admissions, store: Store) -> None:
    """A read that may be behind would let them in again; moto has no such reads, so it is the request that counts."""
    asked: list[dict[str, object]] = []

    def note(params: dict[str, object], **_: object) -> None:
        asked.append(params)

    store.client.meta.events.register("before-parameter-build.dynamodb.GetItem", note)
    admissions.is_out(ADA)
    store.client.meta.events.unregister("before-parameter-build.dynamodb.GetItem", note)
    assert [params["ConsistentRead"] for params in asked] == [True]


def test_the_latest_word_counts(admissions: Admissions, time: Time) -> None:
    admissions.put_out(ADA, until=time.now_ms + 600_000)
    admissions.put_out(ADA, until=time.now_ms + 1)
    time.now_ms += 1
    assert not admissions.is_out(ADA)


def test_faults_of_the_table_are_unavailable(admissions: Admissions, store: Store) -> None:
    store.faults["PutItem"] += ["InternalServerError", "InternalServerError"]
    store.faults["GetItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        admissions.spend("a", expires_at=1)
    with pytest.raises(Unavailable):
        admissions.put_out(ADA, until=1)
    with pytest.raises(Unavailable):
        admissions.is_out(ADA)
    assert admissions.spend("a", expires_at=1)


def test_the_table_comes_from_the_environment(store: Store) -> None:
    assert Admissions.from_environment().spend("a", expires_at=1)
    assert len(store.items(ADMISSIONS)) == 1
