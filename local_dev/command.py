"""What the command does: serves a template until Ctrl-C."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from typing import TYPE_CHECKING

from .ahead import Ahead
from .command_line import read_options
from .console import Console, complaint
from .errors import LocalError
from .files import raise_limit
from .options import Options

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from .local import Deployment


def run(arguments: list[str] | None = None) -> int:
    """Serve what `arguments`, or the process's own, say; the exit status."""
    gc.disable()  # nothing of what is loaded becomes garbage: a tenth of the time
    console = Console()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_ConsoleHandler(console)])
    logging.getLogger(__package__).setLevel(logging.INFO)
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of metrics that nobody collects
    try:
        asyncio.run(_run(read_options(arguments, console)))
    except LocalError as error:
        sys.stderr.write(complaint(error))
        return 1
    return 0


async def _run(options: Options) -> None:
    stop, serving = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)
    deployed = asyncio.create_task(_serve(options, serving, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({deployed, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not deployed.done():
        # Ctrl-C: what serves sees it and winds down, what still starts is given up; a second one does not wait. But a
        # terminal's end is often told twice, by the shell and by the system.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        if not serving.is_set():
            deployed.cancel()
    stopping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await deployed


def ending_signals() -> list[signal.Signals]:
    """The signals that end it in order: Ctrl-C, `kill`, and the end of its terminal unless it is to outlive that, as
    under `nohup`.
    """
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if outlives else [signal.SIGHUP])]


async def _serve(options: Options, serving: asyncio.Event, stop: asyncio.Event) -> None:
    raise_limit(options.notice)
    async with Ahead(options.region) as ahead, _deployment(options, ahead) as running:
        gc.freeze()
        gc.enable()
        serving.set()
        for note in running.stack.notes:
            place = f"{options.template.name}:{note.line}: " if note.line else ""
            options.notice(f"{place}{note.logical_id}: {note.text}")
        sys.stdout.write("".join(f"{name:<10} {what}\n" for name, what in _addresses(options, running)))
        sys.stdout.write("Ctrl-C ends it.\n")
        sys.stdout.flush()
        await stop.wait()


def _deployment(options: Options, ahead: Ahead) -> "AbstractAsyncContextManager[Deployment]":
    from .local import deployment  # noqa: PLC0415 (a quarter of a second, in which the others load already)

    return deployment(options, ahead)


def _addresses(options: Options, running: "Deployment") -> list[tuple[str, str]]:
    """What to print: a name and an address on each line."""
    entrance = running.entrance
    lines = [("page", f"{entrance.url if entrance else running.url}/")] if options.site else []
    ws = running.url.replace("http", "ws", 1)
    lines += [(gateway.api.logical_id, f"{ws}/{path}") for path, gateway in running.gateways.items()]
    lines += [
        (gateway.api.logical_id, f"{running.url}/{path}") for path, gateway in running.http_gateways.items()
    ]
    lines += [
        (f"/{path}", f"x-api-key: {key}")
        for path, gateway in running.gateways.items()
        for key in sorted(gateway.api.api_keys)
    ]
    if entrance:
        lines.append(("trust", f"{entrance.certificate.authority}: the authority of {entrance.url}"))
    return [*lines, ("look", f"{running.url}/_local/")]


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.line("gateway", f"{record.levelname} {self.format(record)}")
