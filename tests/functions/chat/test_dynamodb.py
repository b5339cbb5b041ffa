from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from chat import dynamodb
from chat.errors import NotAMember, Unavailable

from tests.functions.conftest import DYNAMODB_LOCAL, MEMBERSHIPS, Store


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1"),
    ],
)
def test_whatever_dynamodb_does_wrong_is_unavailable(failure: Exception) -> None:
    with pytest.raises(Unavailable) as error, dynamodb.unavailable():
        raise failure
    assert error.value.__cause__ is failure


@pytest.mark.parametrize("failure", [NotAMember(), KeyError("a")])
def test_what_is_not_dynamodbs_fault_passes(failure: Exception) -> None:
    with pytest.raises(type(failure)), dynamodb.unavailable():
        raise failure


def test_the_client_gives_up_long_before_the_function_does(environment: None) -> None:
    config: Any = dynamodb.client().meta.config
    assert dynamodb.client() is dynamodb.client()
    # Three attempts, and at most 1 s and 2 s between them, are over in 12 s.
    assert config.connect_timeout + config.read_timeout <= 3
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


@pytest.mark.skipif(bool(DYNAMODB_LOCAL), reason="DynamoDB Local takes a number where text is due")
def test_a_value_of_the_wrong_type_is_refused_though_boto3_lets_it_pass(store: Store) -> None:
    item: Any = {"room_id": {"S": "general"}, "place": {"S": 5}}
    with pytest.raises(Unavailable) as error, dynamodb.unavailable():
        store.client.put_item(TableName=MEMBERSHIPS, Item=item)
    assert isinstance(error.value.__cause__, ClientError)
    assert error.value.__cause__.response["Error"]["Code"] == "SerializationException"
    assert store.items(MEMBERSHIPS) == []
