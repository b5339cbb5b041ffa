"""The command: `parley --template template.yaml` (in a clone: `python -m local_dev …`) serves the template
until Ctrl-C.
"""

import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING

from .ahead import Ahead
from .command_line import read_options
from .console import Console
from .errors import LocalError
from .options import Options

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from .local import Deployment


def main(arguments: list[str] | None = None) -> int:
    """Run the gateway; the exit status: 0 after Ctrl-C, 1 where it cannot start, 2 for a bad command line."""
    console = Console()
    logging.basicConfig(level=logging.WARNING, handlers=[_ConsoleHandler(console)])
    logging.getLogger(__package__).setLevel(logging.INFO)
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of metrics that nobody collects
    try:
        asyncio.run(_run(read_options(arguments, console)))
    except LocalError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 1
    return 0


async def _run(options: Options) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.create_task(_serve(options, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        # Ctrl-C: `_serve` sees it and winds down; a second one does not wait for that.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    stopping.cancel()
    await starting


async def _serve(options: Options, stop: asyncio.Event) -> None:
    async with Ahead(options.region) as ahead, _deployment(options, ahead) as running:
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
    lines = [("page", f"{running.url}/")] if options.site else []
    ws = running.url.replace("http", "ws", 1)
    lines += [(gateway.api.logical_id, f"{ws}/{path}") for path, gateway in running.gateways.items()]
    lines += [
        (gateway.api.logical_id, f"x-api-key: {key}")
        for gateway in running.gateways.values()
        for key in sorted(gateway.api.api_keys)
    ]
    return [*lines, ("look", f"{running.url}/_local/")]


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.line("gateway", f"{record.levelname} {self.format(record)}")


if __name__ == "__main__":
    sys.exit(main())
