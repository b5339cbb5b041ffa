"""The probe, deployed once for all rows: on this machine, or by somebody at `--url wss://…/probe`."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from local_dev.gateway.assumptions import Assumptions
from tests.conformance.clock import MovedClock
from tests.conformance.report import Report
from tests.conformance.target import Probe, given_url, local_probe, new_tag, remote_probe
from tests.running import running

TEMPLATE = Path(__file__).parent / "probe" / "template.yaml"
DOMAIN = "probe.example.com"


def every_switch_at(place: int) -> tuple[str, ...]:
    """`name=value` of each switch's choice at that place, for those that have so many."""
    return tuple(
        f"{switch.name}={switch.metadata['choices'][place]}"
        for switch in fields(Assumptions)
        if len(switch.metadata["choices"]) > place
    )


SECOND = (*every_switch_at(1), "too_large_reason=too large")
THIRD = every_switch_at(2)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--url` and `--rows`, known when this folder is named on the command line."""
    group = parser.getgroup("conformance")
    group.addoption("--url", dest="conformance_url", help="test the probe deployed at this wss:// address")
    group.addoption("--rows", action="store_true", help="print the contract's rows with their results")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks and the report."""
    config.addinivalue_line("markers", "local_only(reason): cannot be tried against a deployed stage")
    config.addinivalue_line("markers", "remote_only(reason): can only be tried against a deployed stage")
    if config.getoption("rows", False):
        config.pluginmanager.register(Report(url=target_url(config)), "conformance-report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with its reason, what cannot run where the probe is."""
    elsewhere = "local_only" if target_url(config) else "remote_only"
    for item in items:
        mark = item.get_closest_marker(elsewhere)
        if mark:
            item.add_marker(pytest.mark.skip(reason=f"{elsewhere}: {mark.args[0]}"))


def target_url(config: pytest.Config) -> str | None:
    """The deployed stage that is tested, None for a deployment on this machine."""
    return given_url(config.getoption("conformance_url", None))


@pytest.fixture(scope="session")
def probe(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """The probe under the default assumptions."""
    url = target_url(request.config)
    if url:
        reached = remote_probe(url)
        yield reached
        reached.close()
    else:
        yield from deployed_here(DomainName=DOMAIN)


@pytest.fixture(scope="session")
def second() -> Iterator[Probe]:
    """A local probe with every switch at its second choice."""
    yield from deployed_here(assume=SECOND)


@pytest.fixture(scope="session")
def third() -> Iterator[Probe]:
    """A local probe with the third choices."""
    yield from deployed_here(assume=THIRD)


def deployed_here(*, assume: tuple[str, ...] = (), **parameters: Any) -> Iterator[Probe]:
    """Deploy the probe on this machine, with a clock that can be moved."""
    clock = MovedClock()
    with running(TEMPLATE, assume=assume, clock=clock, **parameters) as deployed:
        reached = local_probe(deployed, clock)
        yield reached
        reached.close()


@pytest.fixture
def tag() -> str:
    """A tag for this test's connections."""
    return new_tag()


@pytest.fixture
def management(probe: Probe) -> Any:
    """boto3's client of the probe's management API."""
    return probe.management()
