"""A whole local deployment: the stack in moto, its functions, its gateways, its stream mappings, one
server for all.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ListenError
from .gateway.gateway import Gateway
from .runtime.functions import LocalFunctions
from .runtime.streams import INVOKE_TIMEOUT, MappingPoller, MotoStream, failure_message
from .stack.cloud import CREDENTIALS, Cloud
from .stack.model import Api, Function, Stack, StreamMapping
from .stack.reader import read_stack
from .stack.template import check_parameters, read_template, transform
from .web.edge import EdgeFunction

if TYPE_CHECKING:
    from .web.server import Server

log = logging.getLogger(__package__)

STACK_NAME = "local"
MANAGEMENT_VARIABLE = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
"""botocore's variable for the endpoint of the management API: how a handler finds the gateway."""


@dataclass(frozen=True)
class Options:
    """What to run and where. `output` gets each line a function prints, with the function's logical id."""

    template: Path
    host: str
    port: int
    region: str
    parameters: Mapping[str, str]
    site: Path | None
    output: Callable[[str, str], None]


@dataclass(frozen=True)
class Deployment:
    """A running deployment."""

    url: str
    stack: Stack
    cloud: Cloud
    functions: LocalFunctions
    server: "Server"


@contextlib.asynccontextmanager
async def deployment(options: Options) -> AsyncIterator[Deployment]:
    """Start everything, give it, and take it all down again; LocalError says in one line what stood in the
    way.
    """
    async with contextlib.AsyncExitStack() as cleanup:
        template = read_template(options.template)
        parameters = check_parameters(template, options.parameters)
        with listen(options.host, options.port) as sock:
            base = options.template.resolve().parent
            cloudformation = transform(template, base=base, parameters=parameters)
            starting = asyncio.create_task(
                Cloud.start(cloudformation, parameters=parameters, region=options.region, stack=STACK_NAME)
            )
            await asyncio.sleep(0)  # let the other process start while this one imports
            from .web.app import make_app  # noqa: PLC0415
            from .web.server import make_server  # noqa: PLC0415

            cloud = await starting
            cleanup.push_async_callback(cloud.stop)
            stack = read_stack(cloud.resources, account=cloud.account, region=cloud.region)
            host, port = sock.getsockname()[:2]
            url = f"http://{_reachable(host)}:{port}"
            functions = LocalFunctions(
                stack.functions,
                service_for=lambda function: _service(function, stack.apis, cloud, url),
                output=options.output,
            )
            cleanup.push_async_callback(functions.stop)
            gateways = {api.stage: Gateway(api, functions) for api in stack.apis}
            app = make_app(
                gateways=gateways,
                edges=[EdgeFunction(source) for source in stack.edge_sources],
                site=options.site,
            )
            server = make_server(app)
            tasks = [asyncio.create_task(server.serve(sockets=[sock]))]
            tasks += [
                asyncio.create_task(_serve_mapping(mapping, functions, cloud))
                for mapping in stack.stream_mappings
            ]
            cleanup.push_async_callback(_finish, tasks, server, list(gateways.values()))
            yield Deployment(url, stack, cloud, functions, server)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; ListenError where it cannot be had. Port 0 takes a free one."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(4096)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ListenError(f"cannot listen on {host}:{port}: {reason}") from None
    return sock


def warm_up_order(stack: Stack) -> list[str]:
    """The functions in the order in which a first client needs them."""
    names: list[str] = []
    for api in stack.apis:
        for key in ("$connect", "$default", *api.routes):
            route = api.routes.get(key)
            if route and route.authorizer:
                names.append(route.authorizer.function)
            if route and route.integration and route.integration.function:
                names.append(route.integration.function)
    names += [mapping.function for mapping in stack.stream_mappings]
    return list(dict.fromkeys(names))


def _service(function: Function, apis: Sequence[Api], cloud: Cloud, url: str) -> dict[str, str]:
    """Environment that points a function at the local services instead of AWS's."""
    asked = function.environment.get(MANAGEMENT_VARIABLE, "")
    api = next((api for api in apis if api.id in asked), apis[0])
    return {
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        MANAGEMENT_VARIABLE: f"{url}/{api.stage}",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


async def _serve_mapping(mapping: StreamMapping, functions: LocalFunctions, cloud: Cloud) -> None:
    import boto3  # noqa: PLC0415 (a third of a second that only a template with a stream has to spend)

    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=CREDENTIALS["AWS_SESSION_TOKEN"],
        region_name=cloud.region,
    )

    async def invoke(records: Sequence[Mapping[str, Any]]) -> Any:
        return await functions.invoke(mapping.function, {"Records": records}, wait=INVOKE_TIMEOUT)

    async def discard(records: Sequence[dict[str, Any]], reason: str) -> None:
        log.error("%d stream record(s) given up after all retries: %s", len(records), reason)
        if mapping.on_failure and ":sqs:" in mapping.on_failure:
            account, name = mapping.on_failure.split(":")[-2:]
            queues = session.client("sqs", endpoint_url=cloud.endpoint_url)
            await asyncio.to_thread(
                queues.send_message,
                QueueUrl=f"{cloud.endpoint_url}/{account}/{name}",
                MessageBody=failure_message(mapping, records, reason),
            )

    async def changed(timeout: float) -> None:
        await cloud.stream_changed(mapping.stream, timeout=timeout)

    client = session.client("dynamodbstreams", endpoint_url=cloud.endpoint_url)
    stream = MotoStream(client, mapping.stream, cloud.region, changed)
    poller = MappingPoller(mapping, stream, invoke=invoke, discard=discard)
    while True:
        try:
            await poller.run()
        except Exception as error:  # a mapping outlives whatever happens to one batch
            log.error("the stream %s could not be processed, going on: %r", mapping.stream, error)  # noqa: TRY400
            await asyncio.sleep(1)


async def _finish(tasks: Sequence[asyncio.Task[None]], server: "Server", gateways: Sequence[Gateway]) -> None:
    await asyncio.gather(*(gateway.shut_down() for gateway in gateways), return_exceptions=True)
    server.should_exit = True
    serving, *pollers = tasks
    for poller in pollers:
        poller.cancel()
    await asyncio.gather(serving, *pollers, return_exceptions=True)


def _reachable(host: str) -> str:
    """The address under which the workers, on this machine, reach a socket bound to `host`."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{address}]" if ":" in address else address
