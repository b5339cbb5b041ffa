"""moto with everything that is replaced in it, and reached the short way, answers what it answers as it is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.utils import get_service_model
from moto.dynamodb.models import dynamodb_backends

from .motos import AUTHORIZATION, Request, answers, check, running


def table(name: str, hash_kind: str, range_kind: str | None) -> Request:
    keys = [("room", hash_kind, "HASH"), *([("place", range_kind, "RANGE")] if range_kind else [])]
    return "CreateTable", {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind, _ in keys],
        "KeySchema": [{"AttributeName": key, "KeyType": use} for key, _, use in keys],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }


TABLES = {"text": ("S", "S"), "number": ("S", "N"), "bytes": ("N", "B"), "plain": ("S", None)}
CREATED = [table(name, *kinds) for name, kinds in TABLES.items()]

KEYS = {
    "S": st.sampled_from(["a", "b", "ba", "é", "z"]).map(lambda text: {"S": text}),
    "N": st.sampled_from(["0", "1", "1.0", "-2", "10", "1e1", "007"]).map(lambda text: {"N": text}),
    "B": st.sampled_from(["AA==", "AQ==", "AQI="]).map(lambda text: {"B": text}),
}
NUMBERS = st.sampled_from(["0", "1", "-1", "1.50", "1e3", "007", "123456789012345678901234567890"])
SCALARS = st.one_of(
    st.sampled_from(["", "a", "ab", "é", "x" * 300]).map(lambda value: {"S": value}),
    NUMBERS.map(lambda value: {"N": value}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.just({"B": "AAEC"}),
    st.just({"SS": ["only"]}),
    st.just({"NS": ["7"]}),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3).map(lambda value: {"L": value}),
    st.dictionaries(st.sampled_from(["p", "q"]), SCALARS).map(lambda value: {"M": value}),
)
SMALL = st.integers(0, 3).map(lambda value: {"N": str(value)})
OPERANDS = st.one_of(SMALL, SMALL, VALUES)
ATTRIBUTES = st.dictionaries(st.sampled_from(["x", "y", "w", "v", "z"]), VALUES, max_size=4)
CONDITIONS = [
    "attribute_exists(place)",
    "attribute_not_exists(x) OR x = :a",
    "x BETWEEN :a AND :b",
    "#n IN (:a, :b) AND NOT (y < :b)",
    "begins_with(x, :a) OR contains(y, :a)",
    "size(x) > :b",
    "attribute_type(x, :a)",
    "z.p = :a AND y[0] <> :b",
]
SETS = st.sampled_from([{"NS": ["7"]}, {"NS": ["8", "9"]}])
LISTS = st.lists(SCALARS, max_size=2).map(lambda value: {"L": value})
UPDATES = [
    ("SET x = :a", VALUES, VALUES),
    ("SET x = if_not_exists(x, :a), y = :b REMOVE w, v", SMALL, LISTS),
    ("SET x = if_not_exists(absent, :a) ADD w :b", SMALL, SETS),
    ("ADD x :a SET y = :b", SMALL, LISTS),
    ("ADD x :a DELETE w :b", SMALL, SETS),
    ("ADD v :a, absent :b", SMALL, SETS),
    ("SET x = x + :a, v = x - :b", SMALL, SMALL),
    ("SET #n = :a, z.p = :b", SMALL, VALUES),
    ("SET y = list_append(y, :a)", LISTS, LISTS),
    ("SET y = list_append(:a, y) REMOVE z.p, z.q", LISTS, LISTS),
    ("SET y[1] = :a REMOVE z.p", VALUES, VALUES),
    ("SET v = y, x = :a", SMALL, SMALL),
    ("REMOVE y[0], y[1] SET w = :a", SETS, VALUES),
    ("SET z = :a", st.just({"M": {"q": {"L": [{"N": "1"}]}}}), VALUES),
    ("SET z.q[0] = :a", VALUES, VALUES),
]
PROJECTIONS = ["x", "place, y, w", "room, z.p, y[0]", "#n, w", "absent, v"]
RANGES = [
    "place = :a",
    "place < :a",
    "place <= :a",
    "place > :a",
    "place >= :a",
    "place BETWEEN :a AND :b",
    "begins_with(place, :a)",
]


def used(parameters: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """With the names and values that its expressions speak of."""
    text = " ".join(str(value) for name, value in parameters.items() if name.endswith("Expression"))
    found = {name: value for name, value in values.items() if re.search(rf"{name}\b", text)}
    if found:
        parameters["ExpressionAttributeValues"] = found
    if "#n" in text:
        parameters["ExpressionAttributeNames"] = {"#n": "x"}
    return parameters


SELDOM = st.sampled_from([False, False, True])
ROOMS = {"S": st.sampled_from([{"S": "a"}, {"S": "é"}]), "N": st.sampled_from([{"N": "1"}, {"N": "1.0"}])}
PLACES = {"S": ["a", "b", "ba", "é", "z"], "N": ["0", "1", "-2", "10", "007"], "B": ["AA==", "AQ==", "AQI="]}
STORED: list[Request] = [
    (
        "PutItem",
        {
            "TableName": name,
            "Item": {
                "room": {hash_kind: "a" if hash_kind == "S" else "1"},
                "place": {range_kind or "S": place},
                "x": {"N": str(number)},
                "y": {"L": [{"S": "a"}, {"N": "1"}]},
                "w": {"NS": ["7"]},
                "z": {"M": {"p": {"S": "é"}, "q": {"L": [{"BOOL": True}]}}},
            },
        },
    )
    for name, (hash_kind, range_kind) in TABLES.items()
    for number, place in enumerate(PLACES[range_kind or "S"])
]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    name = draw(st.sampled_from(sorted(TABLES)))
    hash_kind, range_kind = TABLES[name]
    room = draw(ROOMS[hash_kind])

    def key() -> dict[str, Any]:
        return {"room": room, **({"place": draw(KEYS[range_kind])} if range_kind else {})}

    def maybe(**options: st.SearchStrategy[Any]) -> dict[str, Any]:
        return {option: draw(strategy) for option, strategy in options.items() if draw(SELDOM)}

    values = {":a": draw(OPERANDS), ":b": draw(OPERANDS)}
    on_failure = {
        "ConditionExpression": st.sampled_from(CONDITIONS),
        "ReturnValuesOnConditionCheckFailure": st.just("ALL_OLD"),
    }
    page = {
        "ProjectionExpression": st.sampled_from(PROJECTIONS),
        "FilterExpression": st.sampled_from(CONDITIONS),
        "Limit": st.integers(1, 4),
        "ExclusiveStartKey": st.builds(key),
        "Select": st.sampled_from(["COUNT", "ALL_ATTRIBUTES"]),
    }
    operation = draw(
        st.sampled_from(
            ["PutItem"] * 3 + ["UpdateItem"] * 3 + ["Query"] * 4 + ["GetItem", "DeleteItem", "Scan"]
            + ["BatchWriteItem", "BatchGetItem", "TransactWriteItems"]
        )
    )  # fmt: skip
    parameters: dict[str, Any] = {"TableName": name}
    match operation:
        case "PutItem":
            options = maybe(**on_failure, ReturnValues=st.just("ALL_OLD"))
            parameters |= {"Item": draw(ATTRIBUTES) | key(), **options}
        case "UpdateItem":
            returned = st.sampled_from(["ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "ODD"])
            text, *operands = draw(st.sampled_from(UPDATES))
            if not draw(SELDOM):
                values = {name: draw(operand) for name, operand in zip(values, operands, strict=True)}
            parameters |= {
                "Key": key(),
                "UpdateExpression": text,
                **maybe(**on_failure, ReturnValues=returned),
            }
        case "DeleteItem":
            parameters |= {"Key": key(), **maybe(**on_failure, ReturnValues=st.just("ALL_OLD"))}
        case "GetItem":
            parameters |= {
                "Key": key(),
                **maybe(ProjectionExpression=page["ProjectionExpression"]),
                **maybe(ReturnConsumedCapacity=st.sampled_from(["TOTAL", "INDEXES", "ODD"])),
            }
        case "Scan":
            parameters |= maybe(**page)
        case "Query":
            condition = "room = :room" + draw(st.sampled_from(["", *(f" AND {each}" for each in RANGES)]))
            values[":room"] = room
            if range_kind and draw(st.booleans()):
                values |= {":a": draw(KEYS[range_kind]), ":b": draw(KEYS[range_kind])}
            options = maybe(**page, ScanIndexForward=st.booleans(), ConsistentRead=st.booleans())
            parameters |= {"KeyConditionExpression": condition, **options}
        case "BatchWriteItem":
            put: dict[str, Any] = {"PutRequest": {"Item": draw(ATTRIBUTES) | key()}}
            return operation, {"RequestItems": {name: [put, {"DeleteRequest": {"Key": key()}}]}}
        case "BatchGetItem":
            return operation, {"RequestItems": {name: {"Keys": [key()]}}}
        case "TransactWriteItems":
            put = {"TableName": name, "Item": draw(ATTRIBUTES) | key(), **maybe(**on_failure)}
            return operation, {"TransactItems": [{"Put": used(put, values)}]}
    return operation, used(parameters, values)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    dynamodb_backends.reset()


@settings(max_examples=50)
@given(st.lists(requests(), min_size=5, max_size=25))
def test_whatever_is_asked_the_answers_do_not_change(asked: list[Request]) -> None:
    check([*CREATED, *STORED, *asked, *(("Scan", {"TableName": name}) for name in TABLES)])


NUMBERED = [f"{number:02}" for number in range(12)]
FILLED = [
    (
        "PutItem",
        {"TableName": "text", "Item": {"room": {"S": room}, "place": {"S": place}, "x": {"N": place}}},
    )
    for place in NUMBERED
    for room in ("a", "b")
]


def pages(query: dict[str, Any], *, short: bool) -> list[Any]:
    """The answers to a query, each one beginning where the one before it ended."""
    found: list[Any] = []
    with running(short=short) as moto:
        for request in [*CREATED, *FILLED]:
            moto.ask(*request)
        after: dict[str, Any] | None = {}
        while after is not None:
            found.append(moto.ask("Query", {**query, **({"ExclusiveStartKey": after} if after else {})}))
            after = json.loads(found[-1][2]).get("LastEvaluatedKey")
    return found


@given(
    st.sampled_from(["", " AND place < :a", " AND place >= :a", " AND place BETWEEN :a AND :b"]),
    st.sampled_from(NUMBERED),
    st.sampled_from(NUMBERED),
    st.integers(1, 5),
    st.booleans(),
)
def test_page_after_page_is_the_same(condition: str, low: str, high: str, limit: int, forward: bool) -> None:
    query = used(
        {
            "TableName": "text",
            "KeyConditionExpression": f"room = :room{condition}",
            "Limit": limit,
            "ScanIndexForward": forward,
        },
        {":room": {"S": "a"}, ":a": {"S": low}, ":b": {"S": high}},
    )
    found = pages(query, short=True)
    assert found == pages(query, short=False)
    assert condition or sum(json.loads(body)["Count"] for _, _, body in found) == len(NUMBERED)


def test_a_megabyte_ends_a_page() -> None:
    large = [
        (
            "PutItem",
            {
                "TableName": "text",
                "Item": {"room": {"S": "a"}, "place": {"S": f"{number}"}, "x": {"S": "é" * 160_000}},
            },
        )
        for number in range(5)
    ]
    query: dict[str, Any] = {"TableName": "text", "KeyConditionExpression": "room = :a"}
    values = {":a": {"S": "a"}}
    below = used(
        {**query, "KeyConditionExpression": "room = :a AND place < :b"}, {**values, ":b": {"S": "3"}}
    )
    *_, whole, part = check([*CREATED, *large, ("Query", used(query, values)), ("Query", below)])
    assert json.loads(whole[2])["Count"] == json.loads(part[2])["Count"] == 3
    # moto ends the page at an item that is not in the range, too.
    assert "LastEvaluatedKey" in json.loads(part[2])


@pytest.mark.parametrize("characters", [404_980, 405_000])
def test_an_item_that_is_too_large_is_refused(characters: int) -> None:
    item = {"room": {"S": "a"}, "x": {"S": "x" * characters}}
    key = {"room": {"S": "b"}}
    values = {":a": {"S": "x" * characters}}
    update = used({"TableName": "plain", "Key": key, "UpdateExpression": "SET x = :a"}, values)
    check([*CREATED, ("PutItem", {"TableName": "plain", "Item": item}), ("UpdateItem", update)])


@pytest.mark.parametrize(
    "expression",
    [
        *(
            " ",
            "(",
            "x =",
            "x ==",
            "x = :a AND",
            "x & y",
            "NOT",
            "size(x)",
            ":a",
            "a.b.c = :a",
            "#n = :a",
            "x = :a)",
        ),
        *(
            "((x = :a))",
            "x = :missing",
            "x = #missing",
            "status = :a",
            "x IN (:a, :a",
            "x = :a OR y = :missing AND (",
        ),
        *(
            "SET",
            "SET x",
            "SET x = ",
            "REMOVE",
            "ADD x",
            "DROP x",
            "SET x = f(:a)",
            "SET x = :a, ",
            "SET 9 = :a",
        ),
        *(
            "SET x = :a SET y = :a",
            "REMOVE x REMOVE y SET w = :a SET w = :a",
            "SET x = :a, x = :a",
            "REMOVE x, x.p",
        ),
        *(
            "SET x = :a, x.p = :a",
            "SET place = :a",
            "SET status = :a",
            "SET x = :missing",
            "SET x :a",
            "SET #n = :a",
        ),
        *("SET #n = :a, #n = :a", "SET #missing = :a", "SET x = y", "SET x.y.z = :a", "ADD x :a, x :a"),
        *(
            "x, x",
            "status",
            "9x",
            "x y",
            "",
            "#missing",
            "room = :a AND x = :a",
            "place = :a",
            "room = :a AND",
        ),
    ],
)
def test_what_is_no_expression_is_refused_alike(expression: str) -> None:
    of = {"TableName": "plain"}
    asked: list[Request] = [
        ("PutItem", {**of, "Item": {"room": {"S": "a"}}, "ConditionExpression": expression}),
        ("UpdateItem", {**of, "Key": {"room": {"S": "a"}}, "UpdateExpression": expression}),
        ("UpdateItem", {**of, "Key": {"room": {"S": "new"}}, "UpdateExpression": expression}),
        ("GetItem", {**of, "Key": {"room": {"S": "a"}}, "ProjectionExpression": expression}),
        ("Query", {"TableName": "text", "KeyConditionExpression": expression}),
        ("Scan", {**of, "FilterExpression": expression}),
    ]
    with_values = [(operation, used(parameters, {":a": {"S": "1"}})) for operation, parameters in asked]
    check([*CREATED, *STORED, *with_values, ("Scan", of)])


OPERATIONS = sorted(get_service_model("dynamodb").operation_names)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_answered_alike(operation: str) -> None:
    """With nothing said, with something that is not so, and with what many of them need."""
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/plain"
    check(
        [
            *CREATED,
            (operation, {}),
            (operation, {"TableName": "absent", "Key": {"a": {"S": "b"}}, "Item": {"a": {"S": "b"}}}),
            (operation, {"TableName": "plain", "ResourceArn": arn, "Key": {"room": {"S": "b"}}}),
            (operation, {"TableName": "text", "ResourceArn": arn, "Item": {"room": {"S": "b"}}, "Tags": []}),
            ("DescribeTable", {"TableName": "plain"}),
        ]
    )


@pytest.mark.parametrize(
    "more",
    [
        {"HTTP_X_AMZ_TARGET": "DynamoDB_20120810.Nonsense"},
        {"HTTP_X_AMZ_TARGET": "DynamoDBStreams_20120810.ListStreams"},
        {"HTTP_X_AMZ_TARGET": "DynamoDB_20111205.ListTables"},
        {"HTTP_ORIGIN": "http://127.0.0.1"},
        {"HTTP_X_MOTO_ACCOUNT_ID": "111111111111"},
        {"HTTP_USER_AGENT": "Boto3/1 region/eu-west-1"},
        {"HTTP_USER_AGENT": ""},
        {"HTTP_HOST": "dynamodb.eu-central-1.amazonaws.com"},
        {"HTTP_AUTHORIZATION": f"{AUTHORIZATION.replace('us-east-1', 'eu-west-3')}Signature=0"},
        {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=short/20260101/us-east-1/dynamodb/aws4_request"},
        {"HTTP_AUTHORIZATION": f"{AUTHORIZATION.replace('/dynamodb/', '/sqs/')}Signature=0"},
        {"CONTENT_TYPE": "application/x-amz-json-1.1"},
        {"REQUEST_METHOD": "GET"},
        {"QUERY_STRING": "a=b"},
    ],
)
def test_what_no_sdk_would_send_is_answered_alike(more: dict[str, str]) -> None:
    found = []
    for short in (False, True):
        with running(short=short) as moto:
            moto.ask(*CREATED[0])
            found.append(moto.ask("ListTables", {}, **more))
    assert found[0] == found[1]


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"TableName": 5}'])
def test_a_body_that_is_no_request_is_answered_alike(body: bytes) -> None:
    check([(operation, body) for operation in ("GetItem", "DescribeTable", "ListTables")])


def test_a_text_that_looks_like_a_form_does_not_change_what_is_asked() -> None:
    """moto as it is reads the body as a form first, and would take this for a call of DeleteTable."""
    item = {"room": {"S": "a"}, "x": {"S": "a&Action=DeleteTable&b"}}
    _, _, *answered = answers(
        [*CREATED, ("PutItem", {"TableName": "plain", "Item": item}), ("Scan", {"TableName": "plain"})],
        short=True,
    )
    assert json.loads(answered[-1][2])["Items"] == [item]
