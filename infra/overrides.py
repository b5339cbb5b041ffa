"""Refuses a deployment that would send parameters which nobody has named for it; `make deploy` asks first.

CloudFormation keeps the value of a parameter that is not sent. What samconfig.toml has is sent each time, over whatever
was set since then; and the guide sends every parameter, by the template's defaults. Either way a chat that was closed
could be open again, unasked.
"""

import sys
from collections.abc import Sequence

from .command import CommandError, ended, settings


def check(options: Sequence[str]) -> None:
    """CommandError where samconfig.toml, or the guide, would send more than these options of `sam deploy` say."""
    if "parameter_overrides" in settings():
        raise CommandError(
            "samconfig.toml has parameter_overrides, which every deployment would send, over what has been set since. "
            "Take them out: the stack keeps its values, and ARGS='--parameter-overrides Key=Value' changes one"
        )
    if {"--guided", "-g"} & set(options):
        raise CommandError(
            "the guide would set every parameter, to the template's defaults where you only press Enter. It is not "
            "needed: make deploy STACK=… REGION=… ARGS='--parameter-overrides Key=Value'"
        )


def main(given: Sequence[str] | None = None) -> int:
    """The command. 0, or 1 with one line on the standard error."""
    return ended("deploy", lambda: check(sys.argv[1:] if given is None else given))


if __name__ == "__main__":
    sys.exit(main())
