import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from chat import changes
from chat.changes import Change
from chat.identity import Identity
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.stand_ins import stream_record

ADA = Identity("general", "ada")


def test_entering_and_leaving() -> None:
    entered = DynamoDBRecord(stream_record(7, "INSERT", "A=", ADA))
    left = DynamoDBRecord(stream_record(8, "REMOVE", "A=", ADA))
    assert changes.read(entered) == Change("7", ADA, "A=", entered=True)
    assert changes.read(left) == Change("8", ADA, "A=", entered=False)


def test_what_is_no_change_of_a_membership() -> None:
    assert changes.read(DynamoDBRecord(stream_record(7, "MODIFY", "A=", ADA))) is None
    person = stream_record(7, "INSERT", "", ADA)
    person["dynamodb"]["Keys"]["place"] = {"S": "~ada"}
    del person["dynamodb"]["NewImage"]["client_id"]
    assert changes.read(DynamoDBRecord(person)) is None


def damaged(**stream: object) -> dict[str, object]:
    record = stream_record(7, "INSERT", "A=", ADA)
    return record | {"dynamodb": record["dynamodb"] | stream}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"eventName": "INSERT", "dynamodb": 7},
        damaged() | {"eventName": "TRUNCATE"},
        damaged(Keys=None),
        damaged(Keys={"room_id": "general"}),
        damaged(NewImage=None),
        damaged(NewImage="ada"),
        damaged(NewImage={}),
        damaged(NewImage={"client_id": {"N": "7"}}),
        damaged(NewImage={"client_id": {"?": "7"}}),
        damaged(NewImage={"client_id": {"S": "x" * 65}}),
    ],
)
def test_what_no_membership_can_have_caused(record: dict[str, object]) -> None:
    with pytest.raises(changes.MALFORMED):
        changes.read(DynamoDBRecord(record))


def history(ids: list[str]) -> list[Change]:
    """Each id comes in at its first mention and goes at its second; later mentions are dropped."""
    seen: list[str] = []
    told = []
    for number, id in enumerate(ids):
        if seen.count(id) < 2:
            told.append(Change(str(number), ADA, id, entered=id not in seen))
            seen.append(id)
    return told


def count(now: set[str], change: Change) -> frozenset[str]:
    """What the table does, and answers."""
    (now.add if change.entered else now.discard)(change.connection_id)
    return frozenset(now)


@given(st.lists(st.sampled_from("ABCDE"), max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_however_often_a_batch_is_told_it_tells_the_same(ids: list[str], start: int, dies: int) -> None:
    past, batch = history(ids)[:start], history(ids)[start:]
    now: set[str] = set()
    for change in past:
        count(now, change)

    truth = set(now)
    expected = [count(truth, change) for change in batch]

    def tell(upto: int) -> list[frozenset[str]]:
        return [
            changes.connections_then(count(now, change), batch[index + 1 :])
            for index, change in enumerate(batch[:upto])
        ]

    assert tell(dies) == expected[:dies]  # the function dies somewhere in the batch
    assert tell(len(batch)) == expected
    assert tell(len(batch)) == expected
    assert now == truth
