"""The probe application, deployed once for all rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.running import Running, running


@pytest.fixture(scope="session")
def probe() -> Iterator[Running]:
    """The probe's deployment."""
    with running(Path(__file__).parent / "app" / "template.yaml") as deployed:
        yield deployed


@pytest.fixture(scope="session")
def management(probe: Running) -> Any:
    """boto3's client of the probe's management API."""
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"{probe.url}/probe",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
