"""Command line: `python -m local_dev --template template.yaml` serves the template until Ctrl-C."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from .console import Console
from .errors import LocalError
from .local import Options, deployment, warm_up_order


def main(arguments: list[str] | None = None) -> int:
    """Run the gateway; the exit status: 0 after Ctrl-C, 1 where it cannot start, 2 for a bad command line."""
    options = _parse(arguments)
    console = Console()
    handler = _ConsoleHandler(console)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(__package__).setLevel(logging.INFO)
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of metrics that nobody collects
    try:
        asyncio.run(_run(options, console))
    except LocalError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 1
    return 0


async def _run(arguments: argparse.Namespace, console: Console) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    template: Path = arguments.template
    site: Path | None = arguments.site or template.resolve().parent / "site"
    options = Options(
        template=template,
        host=arguments.host,
        port=arguments.port,
        region=arguments.region,
        parameters=dict(arguments.param),
        site=site if site and site.is_dir() else None,
        output=console.function,
    )
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
    async with deployment(options) as running:
        out = sys.stdout
        if options.site:
            out.write(f"page       {running.url}/\n")
        for api in running.stack.apis:
            ws = running.url.replace("http", "ws", 1)
            out.write(f"{api.logical_id}  {ws}/{api.stage}\n")
        out.write("Ctrl-C ends it.\n")
        out.flush()
        warming = asyncio.create_task(running.functions.warm(warm_up_order(running.stack)))
        await stop.wait()
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local_dev",
        description="Run a SAM template with a WebSocket API on this machine: no account, no Docker, no network.",
    )
    parser.add_argument(
        "--template", type=Path, default=Path("template.yaml"), help="SAM or CloudFormation template"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8000, help="port; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--region", default="us-east-1", help="AWS region to play (default: %(default)s)")
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        type=_parameter,
        metavar="KEY=VALUE",
        help="a parameter of the template; may be repeated",
    )
    parser.add_argument("--site", type=Path, help="folder served at / (default: site/ beside the template)")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def _parameter(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.line("gateway", f"{record.levelname} {self.format(record)}")


if __name__ == "__main__":
    sys.exit(main())
