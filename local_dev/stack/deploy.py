"""From a template to what runs: read, transformed, deployed into moto, put elsewhere where that is asked
for, read back.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import DeployError
from .clients import make_client
from .cloud import CREDENTIALS, TTL_SWEEP, Cloud
from .elsewhere import Elsewhere, create_elsewhere
from .endpoints import Endpoints
from .http_apis import document_path
from .model import Stack
from .reader import read_stack
from .template import Template, check_parameters, read_template, transform

STACK_NAME = "local"

STRANGER = {"AWS_ACCESS_KEY_ID": "ASIASTRANGERSTRANGER", "AWS_SECRET_ACCESS_KEY": "stranger"}
"""Another access key, to see whether a back end keeps the tables of each apart."""


@dataclass(frozen=True)
class Deployed:
    """A deployed stack, and where what it needs has been put. `files` are those that say what is in it, the template
    ahead of what belongs to it.
    """

    cloud: Cloud
    stack: Stack
    elsewhere: Elsewhere
    files: tuple[Path, ...]


@contextlib.asynccontextmanager
async def deployed(
    path: Path,
    *,
    parameters: Mapping[str, str],
    region: str,
    endpoints: Endpoints,
    moto: asyncio.subprocess.Process,
    ttl_sweep: float = TTL_SWEEP,
    address: str = "",
) -> AsyncIterator[Deployed]:
    """Deploy the template at `path` into `moto`, which deletes expired items each `ttl_sweep` seconds; LocalError
    says what is in the way. `address` is the host and port at which a distribution is played.
    """
    async with contextlib.AsyncExitStack() as cleanup:
        template = read_template(path)
        checked = check_parameters(template, parameters)
        cloudformation = transform(template, base=path.resolve().parent, parameters=checked)
        try:
            cloud = await Cloud.start(
                cloudformation,
                parameters=checked,
                region=region,
                stack=STACK_NAME,
                process=moto,
                ttl_sweep=ttl_sweep,
                address=address,
            )
        except DeployError as error:
            raise _located(error, template) from None
        cleanup.push_async_callback(cloud.stop)
        elsewhere = await create_elsewhere(
            cloud.resources,
            endpoints,
            client_for=lambda service, url: make_client(service, url, region=region, credentials=CREDENTIALS),
            stranger=lambda service, url: make_client(service, url, region=region, credentials=STRANGER),
        )
        stack = read_stack(
            cloud.resources, account=cloud.account, region=region, template=template, notes=cloud.notes
        )
        files = (path, *template.files, *map(document_path, cloud.resources.values()))
        yield Deployed(
            cloud,
            replace(stack, notes=(*stack.notes, *elsewhere.notes)),
            elsewhere,
            tuple(dict.fromkeys(file.resolve() for file in files if file)),
        )


def _located(error: DeployError, template: Template) -> DeployError:
    line = template.lines.of_resource(error.logical_id) if error.logical_id else None
    return DeployError(f"{template.path}:{line}: {error}") if line else error
