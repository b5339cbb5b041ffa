"""The gateway's own clients of the back end."""

from pathlib import Path

import pytest

from local_dev.errors import DeployError
from local_dev.stack.clients import make_client
from local_dev.stack.cloud import CREDENTIALS, Cloud
from local_dev.stack.endpoints import environment, read_endpoints

TEMPLATE = {
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue"},
        "Name": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/n", "Type": "String", "Value": "x"}},
    }
}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A shell that is set up for a real AWS, and not well."""
    (tmp_path / "config").write_text("[profile broken\n", encoding="utf-8")
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


@pytest.mark.usefixtures("elsewhere")
def test_a_client_and_an_endpoint_do_without_the_users_profile() -> None:
    client = make_client("sqs", "http://127.0.0.1:9", region="us-east-1", credentials=CREDENTIALS)
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    endpoints = read_endpoints(["dynamodb=http://127.0.0.1:9"])
    assert environment(endpoints)["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:9"


@pytest.mark.anyio
@pytest.mark.usefixtures("elsewhere")
async def test_moto_does_without_the_users_profile() -> None:
    cloud = await Cloud.start(TEMPLATE, parameters={}, region="eu-west-1", stack="s")
    await cloud.stop()
    assert cloud.notes == ()
    assert cloud.region == "eu-west-1"


@pytest.mark.anyio
async def test_a_region_that_there_is_not() -> None:
    with pytest.raises(DeployError, match="--region nowhere-1: there is no such region"):
        await Cloud.start(TEMPLATE, parameters={}, region="nowhere-1", stack="s")
