import boto3
import pytest
from botocore.stub import Stubber
from chat.errors import Unavailable
from chat.secret_values import FRESH_SECONDS, RETRY_SECONDS, SecretValue
from moto import mock_aws

from tests.functions.conftest import Time

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:parley-AbCdEf"


@pytest.fixture
def secret(environment: None, time: Time) -> SecretValue:
    return SecretValue(ARN, now=lambda: time.now_ms / 1000)


@pytest.fixture
def answers(secret: SecretValue) -> Stubber:
    """What Secrets Manager answers, in order; botocore itself checks that it may."""
    stubber = Stubber(secret._client)
    stubber.activate()
    return stubber


def _gives(answers: Stubber, current: str, previous: str | None) -> None:
    answers.add_response(
        "get_secret_value", {"SecretString": current}, {"SecretId": ARN, "VersionStage": "AWSCURRENT"}
    )
    if previous:
        answers.add_response(
            "get_secret_value", {"SecretString": previous}, {"SecretId": ARN, "VersionStage": "AWSPREVIOUS"}
        )
    else:
        answers.add_client_error("get_secret_value", "ResourceNotFoundException")


def test_a_secret_that_was_never_rotated_is_asked_for_once_in_a_while(
    secret: SecretValue, answers: Stubber, time: Time
) -> None:
    _gives(answers, "one", None)
    assert secret.valid() == ("one",)
    _gives(answers, "two", "one")
    assert secret.valid() == ("one",)
    time.now_ms += round(FRESH_SECONDS * 1000)
    assert secret.valid() == ("two", "one")
    answers.assert_no_pending_responses()


def test_where_it_cannot_be_read_nobody_is_let_in(secret: SecretValue, answers: Stubber) -> None:
    answers.add_client_error("get_secret_value", "ResourceNotFoundException")
    with pytest.raises(Unavailable):
        secret.valid()
    answers.add_client_error("get_secret_value", "AccessDeniedException")
    with pytest.raises(Unavailable):
        secret.valid()
    _gives(answers, "one", None)
    assert secret.valid() == ("one",)


def test_what_is_known_serves_while_the_service_fails(
    secret: SecretValue, answers: Stubber, time: Time
) -> None:
    _gives(answers, "one", None)
    assert secret.valid() == ("one",)
    time.now_ms += round(FRESH_SECONDS * 1000)
    answers.add_client_error("get_secret_value", "InternalServiceError")
    assert secret.valid() == secret.valid() == ("one",)
    time.now_ms += round(RETRY_SECONDS * 1000)
    _gives(answers, "two", "one")
    assert secret.valid() == ("two", "one")


def test_it_reads_what_secrets_manager_has(environment: None) -> None:
    with mock_aws():
        client = boto3.client("secretsmanager")
        arn = client.create_secret(Name="parley", SecretString="one")["ARN"]
        assert SecretValue(arn).valid() == ("one",)
        client.put_secret_value(SecretId=arn, SecretString="two")
        assert SecretValue(arn).valid() == ("two", "one")
