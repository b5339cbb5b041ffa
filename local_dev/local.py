"""A whole local deployment: the stack, its functions, its gateways, its event sources, one server for all."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .ahead import Ahead
from .background import background
from .faults.faults import Faults
from .gateway.gateway import Gateway
from .gateway.throttles import AccountLimits
from .http_api.gateway import HttpGateway
from .iam.credentials import CredentialStore
from .iam.guard import ConnectionsGuard, InvokeGuard, StackPermissions
from .interception import relayed
from .journal import Journal
from .listener import address_of, listen, url_of
from .options import Options
from .runtime.debugger import attach_notice, debug_ports
from .runtime.functions import LocalFunctions
from .services import Services
from .stack.clients import Clients, make_client
from .stack.cloud import CREDENTIALS, Cloud
from .stack.deploy import Deployed, deployed
from .stack.http_model import HttpApi
from .stack.model import Api, Stack
from .warm_up import warm_up_order
from .web.addresses import Addresses, by_path
from .web.behind import nobody
from .web.edge import EdgeFunction
from .web.proxy import EndpointProxy

if TYPE_CHECKING:
    from .tls_front.entrance import Entrance
    from .web.server import Server

log = logging.getLogger(__package__)


@dataclass(frozen=True)
class Deployment:
    """A running deployment. `gateways` and `http_gateways` by their path under `url`; `services` is what functions find
    around them.
    """

    url: str
    stack: Stack
    cloud: Cloud
    functions: LocalFunctions
    services: Services
    gateways: Mapping[str, Gateway]
    http_gateways: Mapping[str, HttpGateway]
    server: "Server"
    entrance: "Entrance | None" = None
    """Where clients come in over TLS."""


@contextlib.asynccontextmanager
async def deployment(options: Options, started: Ahead | None = None) -> AsyncIterator[Deployment]:
    """Start everything, give it, and take it all down again; LocalError says in one line what stood in the
    way. `started` are processes that load already.
    """
    async with contextlib.AsyncExitStack() as cleanup:
        loading = asyncio.create_task(asyncio.to_thread(_load))
        cleanup.push_async_callback(asyncio.wait, [loading])
        sock = cleanup.enter_context(listen(options.host, options.port))
        url = url_of(sock)
        entrance = cleanup.enter_context(_entrance(options))
        if started is None:
            started = await cleanup.enter_async_context(Ahead(options.region))
        found = await cleanup.enter_async_context(
            deployed(
                options.template,
                parameters=options.parameters,
                region=options.region,
                endpoints=options.endpoints,
                moto=started.moto,
                ttl_sweep=options.ttl_sweep,
                address=(entrance.url if entrance else url).partition("://")[2],
            )
        )
        stack, cloud = found.stack, found.cloud
        apis = by_path(stack.apis)
        http_apis = by_path(stack.http_apis, taken=apis)
        hosts = Addresses(apis).hosts | Addresses(http_apis).hosts
        proxy = await cleanup.enter_async_context(EndpointProxy(hosts=hosts, target=address_of(sock)))
        journal = Journal()
        faults = Faults(options.faults, journal=journal) if options.faults else None
        credentials = CredentialStore(cloud.account)
        through = await cleanup.enter_async_context(relayed(found, credentials, faults, options))
        services = Services(
            stack,
            apis,
            cloud,
            url=url,
            credentials=credentials,
            endpoints=options.endpoints,
            proxy=proxy.environment(),
            through=through,
            withheld=options.withheld,
        )
        if options.check_roles:
            from .iam.mapping_check import checked  # noqa: PLC0415 (seldom needed)

            stack = checked(stack, services.principal)
            found = replace(found, stack=stack)
        if faults:
            faults.callers = services.callers
            options.notice(f"faults are injected, seed {faults.seed}")
        clients = Clients(_endpoint(found, options), region=cloud.region, credentials=CREDENTIALS)
        functions = _functions(
            stack,
            services=services,
            started=started,
            faults=faults,
            journal=journal,
            options=options,
            clients=clients,
        )
        cleanup.push_async_callback(functions.stop)
        if options.warm:
            warming = asyncio.create_task(_outlive(functions.warm(*warm_up_order(stack))))
            cleanup.push_async_callback(_end, [warming])
        await loading
        gateways, http_gateways = _gateways(
            apis, http_apis, functions, credentials=credentials, journal=journal, options=options
        )
        server, closing = _server(
            found,
            functions,
            gateways,
            http_gateways,
            services=services,
            faults=faults,
            journal=journal,
            options=options,
            entrance=entrance,
        )
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        going_on = [
            asyncio.create_task(_outlive(work))
            for work in background(found, functions, gateways, clients, options)
        ]
        cleanup.push_async_callback(_end, going_on)
        ending: list[Gateway | HttpGateway] = [*gateways.values(), *http_gateways.values()]
        if entrance:
            cleanup.push_async_callback(entrance.close)  # after what follows: it passes on how sockets end
        cleanup.push_async_callback(_close, serving, server, ending, closing, functions)
        if entrance:
            await entrance.open(address_of(sock))
        yield Deployment(url, stack, cloud, functions, services, gateways, http_gateways, server, entrance)


def _entrance(options: Options) -> "contextlib.AbstractContextManager[Entrance | None]":
    if options.https_port is None:
        return contextlib.nullcontext()
    from .tls_front.entrance import Entrance  # noqa: PLC0415 (seldom needed)

    return Entrance(options.host, options.https_port)


def _load() -> None:
    """Import what takes long; in a thread, while moto and the stack in it come up."""
    import certifi  # noqa: F401, PLC0415 (these first: workers wait for what they are for)
    import trustme  # noqa: F401, PLC0415

    from .inspector import inspector  # noqa: F401, PLC0415
    from .web import app, invoke_api, server  # noqa: F401, PLC0415


def _functions(
    stack: Stack,
    *,
    services: Services,
    started: Ahead,
    faults: Faults | None,
    journal: Journal,
    options: Options,
    clients: Clients,
) -> LocalFunctions:
    debug = debug_ports(options.debug, stack.functions)
    for name, where in debug.items():
        options.notice(attach_notice(stack.functions[name].label, where))
    return LocalFunctions(
        stack.functions,
        service_for=services.of,
        output=options.output,
        journal=journal,
        debug=debug,
        preloaded=started.preloaded,
        faults=faults,
        waiting={
            route.integration.function
            for api in stack.http_apis
            for route in api.routes.values()
            if route.integration
        },
        clients=clients,
    )


def _gateways(
    apis: Mapping[str, Api],
    http_apis: Mapping[str, HttpApi],
    functions: LocalFunctions,
    *,
    credentials: CredentialStore,
    journal: Journal,
    options: Options,
) -> tuple[dict[str, Gateway], dict[str, HttpGateway]]:
    limits = AccountLimits(clock=options.clock.real)
    permissions = StackPermissions(credentials.find, region=options.region, clock=options.clock.time)
    shared: dict[str, Any] = {"clock": options.clock, "limits": limits, "journal": journal}
    checked = permissions if options.iam else None
    gateways = {
        path: Gateway(api, functions, assumptions=options.assumptions, permissions=checked, **shared)
        for path, api in apis.items()
    }
    return gateways, {
        path: HttpGateway(api, functions, callers=checked, **shared) for path, api in http_apis.items()
    }


def _server(
    found: Deployed,
    functions: LocalFunctions,
    gateways: Mapping[str, Gateway],
    http_gateways: Mapping[str, HttpGateway],
    *,
    services: Services,
    faults: Faults | None,
    journal: Journal,
    options: Options,
    entrance: "Entrance | None",
) -> tuple["Server", Callable[[], None]]:
    """The server, and what to call before it is told to stop."""
    from .inspector.inspector import add_inspector  # noqa: PLC0415 (with the server's imports, see above)
    from .web.app import make_app  # noqa: PLC0415
    from .web.invoke_api import add_invoke_routes  # noqa: PLC0415
    from .web.server import make_server  # noqa: PLC0415

    stack, cloud = found.stack, found.cloud
    find, clock = services.credentials.find, options.clock.time
    invoke_guard = InvokeGuard(find, region=cloud.region, clock=clock) if options.iam else None
    app = make_app(
        gateways=gateways,
        http_gateways=http_gateways,
        edges=[] if stack.distribution else [EdgeFunction(source) for source in stack.edge_sources],
        distribution=stack.distribution,
        site=options.site,
        secure=entrance.url if entrance else None,
        assumptions=options.assumptions,
        guard=ConnectionsGuard(find, clock=clock) if options.iam else None,
        faults=faults,
        extra=[
            lambda app: add_invoke_routes(
                app,
                functions,
                names={function.label: name for name, function in stack.functions.items()}
                | {name: name for name in stack.functions},
                account=cloud.account,
                region=cloud.region,
                guard=invoke_guard,
            )
        ],
    )
    inspector = add_inspector(
        app,
        gateways=gateways,
        http_gateways=http_gateways,
        journal=journal,
        functions=stack.functions,
        tables=stack.tables,
        dynamodb=lambda: _client("dynamodb", found, options),
        secrets=stack.secrets,
        secretsmanager=lambda: _client("secretsmanager", found, options),
        notes=stack.notes,
        host=options.host,
        faults=faults,
        clock=options.clock,
        handshakes=entrance.ring.all if entrance else None,
    )
    server = make_server(
        app,
        assumptions=options.assumptions,
        post=app.state.post,
        elsewhere=app.state.http_plane.prefixes,
        behind=entrance.clients.of if entrance else nobody,
    )
    return server, inspector.close


def _endpoint(found: Deployed, options: Options) -> Callable[[str], str]:
    return lambda service: options.endpoints.of(service) or found.cloud.endpoint_url


def _client(service: str, found: Deployed, options: Options) -> Any:
    endpoint = _endpoint(found, options)(service)
    return make_client(service, endpoint, region=found.cloud.region, credentials=CREDENTIALS)


async def _outlive(work: Coroutine[Any, Any, None]) -> None:
    """Nothing that goes on beside takes the deployment down."""
    try:
        await work
    except Exception as error:
        log.exception("something that should go on has ended: %r", error)  # noqa: TRY401


async def _close(
    serving: asyncio.Task[None],
    server: "Server",
    gateways: Iterable[Gateway | HttpGateway],
    closing: Callable[[], None],
    functions: LocalFunctions,
) -> None:
    """End the connections, then what runs for them, which the server would wait for, then the server."""
    await asyncio.gather(*(gateway.shut_down() for gateway in gateways), return_exceptions=True)
    closing()
    server.should_exit = True
    await functions.stop()
    await asyncio.gather(serving, return_exceptions=True)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
