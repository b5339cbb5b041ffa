"""`parley ticket`: issues a ticket for a gateway that runs, signed with a secret of its template."""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from .console import complaint
from .errors import LocalError, TicketError
from .inspector.guard import ACTION_HEADER
from .ticket import AUDIENCE, Ticket, signer

URL = "http://127.0.0.1:8000"
SECRET = "TicketSecret"  # noqa: S105 (a logical id)
TIMEOUT = 10.0


def run(arguments: list[str]) -> int:
    """Print a ticket and the page's address with it; the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.room and not given.all_rooms:
        parser.error("give --room, or --all-rooms")
    ticket = Ticket(
        given.client,
        None if given.all_rooms else given.room,
        round(given.minutes * 60),
        once=given.once,
        audience=given.audience,
    )
    url = given.url.rstrip("/")
    try:
        sign = signer()
        token = sign(ticket.claims(time.time()), secret_of(url, given.secret))
    except LocalError as error:
        sys.stderr.write(complaint(error))
        return 1
    sys.stdout.write(f"{token}\n{page(url, given.room[0] if given.room else '', token)}\n")
    return 0


def page(url: str, room: str, token: str) -> str:
    """The page's address with a ticket in its fragment, which no server sees."""
    return f"{url}/#{quote(room, safe='')}&ticket={token}"


def secret_of(url: str, logical_id: str) -> str:
    """The text of a secret of the template that runs at `url`; TicketError where it cannot be had."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or not url.isprintable() or " " in url:
        raise TicketError(f"--url {url}: give the gateway's address, as in {URL}")
    request = urllib.request.Request(  # noqa: S310 (it is HTTP)
        f"{url}/_local/secrets/{quote(logical_id, safe='')}",
        method="POST",
        data=b"{}",
        headers={ACTION_HEADER: "ticket", "content-type": "application/json"},
    )
    # Whatever proxy the environment names is not for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return str(json.load(answer)["secret"])
    except urllib.error.HTTPError as error:
        raise TicketError(_said(error) or f"{url}: no local gateway runs there") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise TicketError(f"{url}: no local gateway runs there; start it, or give --url") from None


def _said(error: urllib.error.HTTPError) -> str:
    """What the gateway says stood in the way; "" where it is no gateway's answer."""
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parley ticket",
        description="Issue a ticket for a local gateway that runs, as a backend would: "
        "a JSON Web Token, and the page's address with it.",
    )
    add = parser.add_argument
    add("--client", required=True, help="whose ticket it is")
    add("--room", action="append", default=[], help="a room that it opens; may be repeated")
    add("--all-rooms", action="store_true", help="it opens every room")
    add("--minutes", type=_minutes, default=5.0, help="how long it is valid (default: %(default)g)")
    add("--once", action="store_true", help="it is good for one connection")
    add("--audience", default=AUDIENCE, help="whom it is for (default: %(default)s)")
    add("--url", default=URL, help="the gateway's address (default: %(default)s)")
    add("--secret", default=SECRET, help="logical id of the secret that signs it (default: %(default)s)")
    return parser


def _minutes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 1 / 60 <= number <= 7 * 24 * 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes, up to a week")
    return number
