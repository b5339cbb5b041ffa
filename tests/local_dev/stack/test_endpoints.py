"""Which back end serves which service."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import EndpointError
from local_dev.stack.endpoints import Endpoints, environment, parse_endpoint, read_endpoints


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost:8000", (None, "http://localhost:8000")),
        ("https://aws.test/", (None, "https://aws.test")),
        ("dynamodb=http://[::1]:8000/", ("dynamodb", "http://[::1]:8000")),
        ("sqs=http://localhost:9324", ("sqs", "http://localhost:9324")),
    ],
)
def test_a_url_alone_or_for_a_service(text: str, expected: tuple[str | None, str]) -> None:
    assert parse_endpoint(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:8000",
        "dynamodb",
        "dynamodb=",
        "dynamodb=localhost:8000",
        "=http://localhost",
        "ftp://localhost",
        "http://",
        "http://:80",
        "http://localhost:0",
        "http://localhost:99999",
        "http://local host",
        "http://localhost/?a=b",
        "http://localhost/#a",
        "nosuchservice=http://localhost:8000",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(EndpointError, match="--aws-endpoint"):
        parse_endpoint(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        service, url = parse_endpoint(text)
    except EndpointError:
        return
    assert url.startswith(("http://", "https://"))
    assert service is None or text.startswith(f"{service}=")


def test_two_for_the_same_are_refused() -> None:
    for texts in (["http://a", "http://b"], ["sqs=http://a", "sqs=http://a"]):
        with pytest.raises(EndpointError, match="there is another"):
            read_endpoints(texts)


def test_no_option_changes_nothing() -> None:
    endpoints = read_endpoints([])
    assert not endpoints
    assert endpoints.of("dynamodb") is None
    assert environment(endpoints) == {}


def test_one_for_everything() -> None:
    endpoints = read_endpoints(["http://a"])
    assert endpoints.of("dynamodb") == endpoints.of("dynamodbstreams") == endpoints.of("sqs") == "http://a"
    assert environment(endpoints) == {"AWS_ENDPOINT_URL": "http://a"}


def test_one_for_a_service_takes_its_streams_along_and_leaves_the_rest() -> None:
    endpoints = read_endpoints(["dynamodb=http://a"])
    assert endpoints.of("dynamodb") == endpoints.of("dynamodbstreams") == "http://a"
    assert endpoints.of("sqs") is None
    assert environment(endpoints) == {
        "AWS_ENDPOINT_URL_DYNAMODB": "http://a",
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "http://a",
    }


def test_a_service_goes_before_everything() -> None:
    endpoints = read_endpoints(["http://a", "sqs=http://b", "dynamodb=http://c", "dynamodbstreams=http://d"])
    assert endpoints == Endpoints(
        "http://a", {"sqs": "http://b", "dynamodb": "http://c", "dynamodbstreams": "http://d"}
    )
    assert [endpoints.of(name) for name in ("sqs", "dynamodb", "dynamodbstreams", "sns")] == [
        "http://b",
        "http://c",
        "http://d",
        "http://a",
    ]
    assert environment(endpoints)["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] == "http://d"


def test_the_variables_are_those_that_botocore_reads() -> None:
    texts = [f"{name}=http://a" for name in ("stepfunctions", "secretsmanager", "logs", "sesv2", "lambda")]
    assert set(environment(read_endpoints(texts))) == {
        "AWS_ENDPOINT_URL_SFN",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
        "AWS_ENDPOINT_URL_SESV2",
        "AWS_ENDPOINT_URL_LAMBDA",
    }
