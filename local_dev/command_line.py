"""The command's arguments."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .clock import Clock
from .console import Console
from .errors import ListenError, TemplateError
from .gateway.assumptions import assumptions
from .options import Options
from .stack.cloud import TTL_SWEEP
from .stack.endpoints import read_endpoints

if TYPE_CHECKING:
    from .faults.rules import Plan

TEMPLATES = ("template.yaml", "template.yml", "template.json")
_TEMPLATES = f"{', '.join(TEMPLATES[:-1])} or {TEMPLATES[-1]}"


def read_options(arguments: list[str] | None, console: Console) -> Options:
    """The options in `arguments`, or in the process's own; ends the process for a bad command line, LocalError
    for a value that is none.
    """
    given = _parser().parse_args(arguments)
    template = given.template or next((Path(name) for name in TEMPLATES if Path(name).exists()), None)
    if template is None:
        raise TemplateError(f"there is no {_TEMPLATES} in this folder: give --template FILE")
    if not template.is_file():
        raise TemplateError(f"{template}: no such file")  # said before anything is started
    site: Path = given.site or template.resolve().parent / "site"
    if given.site and not site.is_dir():
        raise TemplateError(f"--site {site}: no such folder")
    if given.check_roles and not given.iam:
        raise TemplateError("--check-roles: roles are not checked with --no-iam")
    if given.https and given.https_port is None:
        given.https_port = given.port and _port_beside(given.port)
    assumed = [*given.assume, *(["order=kept"] if given.ordered else [])]
    return Options(
        template=template,
        host=given.host,
        port=given.port,
        region=given.region,
        parameters=dict(given.param),
        site=site if site.is_dir() else None,
        output=console.function,
        notice=lambda text: console.line("gateway", text),
        clock=Clock(scale=given.time_scale),
        assumptions=assumptions(assumed),
        iam=given.iam,
        check_roles=given.check_roles,
        endpoints=read_endpoints(given.aws_endpoint),
        debug=tuple(given.debug),
        watch=given.reload,
        warm=True,
        https_port=given.https_port,
        ttl_sweep=given.ttl_sweep,
        faults=None if given.faults is None else _plan(given.faults or None),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parley",
        description="Run the WebSocket and HTTP APIs of a SAM or CloudFormation template on this machine: "
        "no account, no Docker, no network.",
        epilog="parley ticket --help: issue a ticket for a gateway that runs.",
    )
    add = parser.add_argument
    add("--template", type=Path, help=f"the template (default: {_TEMPLATES})")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_port, default=8000, help="port; 0 takes a free one (default: %(default)s)")
    add("--https", action="store_true", help="serve over TLS as well: HTTP/1.1, HTTP/2 and HTTP/3")
    add("--https-port", metavar="PORT", type=_port, help="the port for that (default: 443 above the other)")
    add("--region", default="us-east-1", help="AWS region to play (default: %(default)s)")
    add(
        "--param",
        metavar="KEY=VALUE",
        type=_pair,
        **_MANY,
        help="a parameter of the template; may be repeated",
    )
    add("--site", type=Path, help="folder served at / (default: site/ beside the template)")
    add("--ordered", action="store_true", help="run a connection's messages one after the other")
    add(
        "--assume",
        metavar="NAME=VALUE",
        **_MANY,
        help="a switch for what is not known of AWS for sure; may be repeated",
    )
    add("--time-scale", metavar="N", type=_scale, default=1.0, help="how fast idle time and age pass")
    add("--no-iam", dest="iam", action="store_false", help="check neither signatures nor roles")
    add(
        "--check-roles",
        action="store_true",
        help="check functions' roles at DynamoDB, SQS and the rest as well",
    )
    add(
        "--debug",
        metavar="FUNCTION[:PORT]",
        **_MANY,
        help="wait for a debugger in that function; may be repeated",
    )
    add("--no-reload", dest="reload", action="store_false", help="do not reload code when it is saved")
    add(
        "--aws-endpoint",
        metavar="[SERVICE=]URL",
        **_MANY,
        help="another back end than moto, for all services or for one; may be repeated",
    )
    add(
        "--ttl-sweep",
        metavar="SECONDS",
        type=_seconds,
        default=TTL_SWEEP,
        help="how often expired items are deleted; 0 for never (default: %(default)g)",
    )
    add(
        "--faults",
        metavar="FILE",
        nargs="?",
        type=Path,
        const=False,
        help="inject faults: those in the file, and those that are set while it runs",
    )
    add("--version", action=_Version, nargs=0, help="print the version")
    return parser


def _plan(file: Path | None) -> "Plan":
    from .faults.faults import load_plan  # noqa: PLC0415 (seldom needed)

    return load_plan(file)


_MANY: dict[str, Any] = {"action": "append", "default": []}


class _Version(argparse.Action):
    """Looks the version up only when it is asked for, which takes a while."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        import importlib.metadata  # noqa: PLC0415

        try:
            parser.exit(message=importlib.metadata.version("parley") + "\n")
        except importlib.metadata.PackageNotFoundError:
            parser.exit(message="not installed: a working copy\n")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:6]) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _port_beside(port: int) -> int:
    """The port for TLS: 8443 beside 8000."""
    if port + 443 > 65535:
        raise ListenError(f"there is no port 443 above {port}: give --https-port")
    return port + 443


def _scale(text: str) -> float:
    number = _number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _seconds(text: str) -> float:
    number = _number(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return number


def _number(text: str) -> float:
    """The number; NaN, which is in no range, where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value
