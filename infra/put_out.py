"""Puts a client out of a room: its connections there are closed, and it is not let in again for some minutes.

Whoever may invoke the stack's function for that (lambda:InvokeFunction) may do it.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

import boto3

from .command import CONFIG, CommandError, arguments, ended
from .stack import described, outputs_of


def put_out(
    session: boto3.Session, function: str, asked: dict[str, Any], *, url: str | None
) -> dict[str, Any]:
    """What the function answers (functions/expel.py). CommandError where it does not, or says that what was asked
    makes no sense; botocore's errors.
    """
    client: Any = session.client("lambda", config=CONFIG, endpoint_url=url)
    answer = client.invoke(FunctionName=function, Payload=json.dumps(asked).encode())
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise CommandError(
            f"the function failed: {told.get('errorType', 'unknown')}; see its log, and try again"
        )
    if "error" in told:
        raise CommandError(f"{told['content']} ({told['error']})")
    return told


def main(given: Sequence[str] | None = None, session: boto3.Session | None = None) -> int:
    """The command. 0, or 1 with one line on the standard error."""
    parser = arguments(__doc__)
    parser.add_argument("--room", required=True)
    parser.add_argument("--client", required=True)
    parser.add_argument("--minutes", type=int, default=10, help="1 to 1440 (default: %(default)s)")
    parser.add_argument("--function", help="its name (default: the output PutOutFunctionName of the stack)")
    parser.add_argument("--url", help="a local gateway's address, http://127.0.0.1:8000")
    options = parser.parse_args(given)
    asked = {"room": options.room, "client": options.client, "minutes": options.minutes}

    def act() -> None:
        used = session or _session(options.region, local=options.url is not None)
        function = options.function or ("PutOutFunction" if options.url else _function(used, options.stack))
        told = put_out(used, function, asked, url=options.url)
        print(
            f"{told['client']} is out of {told['room']} until {told['until']}; connections closed: {told['closed']}"
        )

    return ended("put-out", act)


def _session(region: str | None, *, local: bool) -> boto3.Session:
    if not local:
        return boto3.Session(region_name=region)
    # The local gateway's own key for the person at the keyboard.
    return boto3.Session("local", "local", region_name=region or "us-east-1")


def _function(session: boto3.Session, stack: str) -> str:
    outputs = outputs_of(described(session, stack))
    if "PutOutFunctionName" not in outputs:
        raise CommandError(f"the stack {stack} has no output PutOutFunctionName: run `make deploy`")
    return outputs["PutOutFunctionName"]


if __name__ == "__main__":
    sys.exit(main())
