"""A local deployment in this process, in a thread of its own, with what its functions print recorded."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from local_dev.clock import Clock
from local_dev.faults.rules import Plan
from local_dev.gateway.assumptions import assumptions
from local_dev.local import Deployment, deployment
from local_dev.options import Options
from local_dev.services import Withheld
from local_dev.stack.cloud import CREDENTIALS, TTL_SWEEP
from tests.threads import in_thread

EVENT_TIMEOUT = 60.0


class Recorder:
    """Every line that a function printed, with the function's logical id."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []
        self._changed = threading.Condition()

    def record(self, name: str, line: str) -> None:
        """Take a line; the gateway's `output`."""
        with self._changed:
            self._lines.append((name, line))
            self._changed.notify_all()

    def lines(self, name: str) -> list[str]:
        """What the function has printed so far."""
        with self._changed:
            return [line for who, line in self._lines if who == name]

    def wait_for(self, name: str, wanted: Callable[[str], bool]) -> str:
        """The first line of the function that `wanted` accepts, printed already or within the time-out."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: [line for who, line in self._lines if who == name and wanted(line)], EVENT_TIMEOUT
            )
        assert found, f"{name} printed no such line among {len(self.lines(name))}"
        line: str = found[0]
        return line

    def event(self, name: str, wanted: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The first event that the function printed as `EVENT {…}` and `wanted` accepts."""

        def accepts(line: str) -> bool:
            return line.startswith("EVENT ") and bool(wanted(json.loads(line[6:])))

        event: dict[str, Any] = json.loads(self.wait_for(name, accepts)[6:])
        return event


class Running:
    """A deployment to talk to. `url` is http://127.0.0.1:<port>."""

    def __init__(self, deployed: Deployment, recorder: Recorder, loop: asyncio.AbstractEventLoop) -> None:
        self.deployed, self.recorder, self.loop = deployed, recorder, loop
        self.url = deployed.url
        self.ws_url = deployed.url.replace("http", "ws", 1)
        self.clients: dict[str, Any] = {}
        """boto3's, by service: to make one takes longer than to ask."""

    def secret(self, logical_id: str) -> str:
        """The text of a secret of the template."""
        secret = self.deployed.cloud.resources[logical_id].id
        return str(client_of(self, "secretsmanager").get_secret_value(SecretId=secret)["SecretString"])


def client_of(running: Running, service: str) -> Any:
    """boto3's client of what is behind a deployment."""
    if service not in running.clients:
        running.clients[service] = boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=running.deployed.cloud.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
    return running.clients[service]


@contextmanager
def running(
    template: Path,
    *,
    site: Path | None = None,
    assume: Iterable[str] = (),
    time_scale: float = 1.0,
    clock: Clock | None = None,
    iam: bool = True,
    check_roles: bool = False,
    withheld: Iterable[Withheld] = (),
    watch: bool = False,
    faults: Plan | None = None,
    ttl_sweep: float = TTL_SWEEP,
    https: bool = False,
    **parameters: str,
) -> Iterator[Running]:
    """Deploy `template` and take it down again. `clock` decides how long connections have been idle, `assume`
    are switches as on the command line; roles lack what is `withheld`. With `https` it is served over TLS as well.
    """
    recorder = Recorder()
    options = Options(
        template=template,
        host="127.0.0.1",
        port=0,
        region="us-east-1",
        parameters=parameters,
        site=site,
        output=recorder.record,
        notice=lambda text: recorder.record("gateway", text),
        clock=clock or Clock(scale=time_scale),
        assumptions=assumptions(assume),
        iam=iam,
        check_roles=check_roles,
        withheld=tuple(withheld),
        watch=watch,
        faults=faults,
        ttl_sweep=ttl_sweep,
        https_port=0 if https else None,
    )
    with in_thread(deployment(options)) as inside:
        yield Running(inside.value, recorder, inside.loop)
