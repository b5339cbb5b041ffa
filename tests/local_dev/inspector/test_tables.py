"""Rows of tables, read from moto: pages, readable values, and errors in one line."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from local_dev.inspector.tables import Tables, TableUnreadable, readable

pytestmark = pytest.mark.anyio


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        session = boto3.Session("local", "local", region_name="us-east-1")
        client = session.client("dynamodb")
        client.create_table(
            TableName="local-Rooms",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "room", "KeyType": "HASH"},
                {"AttributeName": "seq", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "room", "AttributeType": "S"},
                {"AttributeName": "seq", "AttributeType": "B"},
            ],
        )
        for number in range(5):
            client.put_item(
                TableName="local-Rooms",
                Item={"room": {"S": "گفت"}, "seq": {"B": bytes([number])}, "n": {"N": "1"}},
            )
        yield client


async def test_pages_follow_each_other(dynamodb: Any) -> None:
    tables = Tables({"Rooms": "local-Rooms"}, lambda: dynamodb)
    first = await tables.rows("Rooms", limit=3)
    assert first["table"] == "local-Rooms"
    assert first["keys"] == ["room", "seq"]
    assert len(first["rows"]) == 3
    second = await tables.rows("Rooms", start=first["next"], limit=3)
    assert len(second["rows"]) == 2
    assert second["next"] is None
    assert first["rows"][0] == {"room": "گفت", "seq": "(1 bytes) AA==", "n": 1}


async def test_the_client_is_made_once_and_only_when_it_is_needed(dynamodb: Any) -> None:
    made = []

    def make() -> Any:
        made.append(1)
        return dynamodb

    tables = Tables({"Rooms": "local-Rooms"}, make)
    assert made == []
    await tables.rows("Rooms")
    await tables.rows("Rooms")
    assert made == [1]


async def test_an_unknown_table_is_none_of_ours(dynamodb: Any) -> None:
    with pytest.raises(KeyError):
        await Tables({}, lambda: dynamodb).rows("local-Rooms")


async def test_an_error_of_the_back_end_is_one_line(dynamodb: Any) -> None:
    with pytest.raises(TableUnreadable, match="ResourceNotFoundException") as problem:
        await Tables({"Gone": "local-Gone"}, lambda: dynamodb).rows("Gone")
    assert "\n" not in str(problem.value)


async def test_without_dynamodb_there_is_an_answer() -> None:
    with pytest.raises(TableUnreadable, match="no DynamoDB"):
        await Tables({"Rooms": "r"}, None).rows("Rooms")


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
async def test_no_place_to_start_from_breaks_anything(start: str) -> None:
    class Silent:
        def describe_table(self, **_: Any) -> Any:
            return {"Table": {"KeySchema": []}}

        def scan(self, **_: Any) -> Any:
            return {"Items": []}

    try:
        assert (await Tables({"Rooms": "r"}, Silent).rows("Rooms", start=start))["rows"] == []
    except TableUnreadable as problem:
        assert "no place" in str(problem)


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ({"S": "5"}, "5"),
        ({"N": "5"}, 5),
        ({"N": "-1.5"}, -1.5),
        ({"N": "1.10"}, "1.10"),
        ({"N": "123456789012345678901234567890"}, "123456789012345678901234567890"),
        ({"N": "1E+400"}, "1E+400"),
        ({"BOOL": False}, False),
        ({"NULL": True}, None),
        ({"B": b"abc"}, "(3 bytes) YWJj"),
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["10", "9"]}, [9, 10]),
        ({"BS": [b"b", b"a"]}, ["(1 bytes) YQ==", "(1 bytes) Yg=="]),
        ({"L": [{"S": "a"}, {"M": {"x": {"N": "1"}}}]}, ["a", {"x": 1}]),
    ],
)
async def test_values_are_readable(value: Any, seen: Any) -> None:
    assert readable(value) == seen
