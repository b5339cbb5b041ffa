"""What goes on by itself as long as a deployment runs: cuts, event sources, and looking for code that is saved."""

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from .gateway.gateway import Gateway
from .options import Options
from .runtime.bytecode import prune
from .runtime.checkpoints import Checkpoints, checkpoint_folder
from .runtime.functions import LocalFunctions
from .runtime.sources import serve_queue, serve_stream
from .runtime.watch import watch
from .stack.clients import Clients
from .stack.deploy import Deployed


def background(
    found: Deployed,
    functions: LocalFunctions,
    gateways: Mapping[str, Gateway],
    clients: Clients,
    options: Options,
) -> Iterable[Coroutine[Any, Any, None]]:
    """Each of it, to be run as a task. `clients` reach what the sources are read from."""
    stack, cloud = found.stack, found.cloud
    for gateway in gateways.values():
        yield gateway.run_cuts()
    there = options.endpoints.of("dynamodbstreams")
    here = there is None
    for mapping in stack.stream_mappings:
        stream = found.elsewhere.stream(mapping.stream)
        yield serve_stream(
            mapping,
            functions,
            clients,
            changed=cloud.changes(mapping.stream) if here else None,
            stream=stream,
            from_start=True if here else None,  # a stream that is as new as the deployment
            checkpoints=_checkpoints(there, stream, mapping.function) if there else None,
        )
    for queue in stack.queue_mappings:
        signalled = options.endpoints.of("sqs") is None
        yield serve_queue(
            queue,
            functions,
            clients,
            changed=cloud.changes(queue.queue) if signalled else None,
        )
    if options.watch:
        yield watch(stack.functions, functions.reload, templates=found.files, notice=options.notice)


def _checkpoints(endpoint: str, stream: str, function: str) -> Checkpoints:
    folder = checkpoint_folder()
    prune(folder)
    return Checkpoints(folder, endpoint=endpoint, stream=stream, function=function)
