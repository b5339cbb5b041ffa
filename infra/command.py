"""What the commands of this folder have in common: which stack they mean, how they ask AWS, and how they fail.

They are told the stack by `--stack` and `--region`, or by samconfig.toml, as `sam deploy` is.
"""

import argparse
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from botocore import exceptions as aws
from botocore.config import Config

SAMCONFIG = Path(__file__).parents[1] / "samconfig.toml"

CONFIG = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=60)
"""For every client: what is throttled or fails for the moment is tried again, with growing pauses."""


class CommandError(Exception):
    """Ends a command. Its text is one line for the person who ran it."""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser that knows `--stack` and `--region`."""
    said = settings()
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stack", default=said.get("stack_name"), help="default: samconfig.toml's")
    parser.add_argument(
        "--region", default=said.get("region"), help="default: samconfig.toml's, or the environment's"
    )
    return parser


def settings() -> dict[str, str]:
    """What samconfig.toml says about deploying."""
    if not SAMCONFIG.is_file():
        return {}
    commands = tomllib.loads(SAMCONFIG.read_text(encoding="utf-8")).get("default", {})
    found: dict[str, str] = {}
    for command in ("global", "deploy"):
        found |= commands.get(command, {}).get("parameters", {})
    return found


def ended(name: str, act: Callable[[], None]) -> int:
    """Do it; the exit code of the command of that name: 0, or another with one line on the standard error."""
    try:
        act()
    except CommandError as error:
        text = str(error)
    except (aws.BotoCoreError, aws.ClientError) as error:
        text = explained(error)
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return 130
    else:
        return 0
    print(f"{name}: {text}", file=sys.stderr)
    return 1


_DENIED = ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation")
_BAD_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
_BUSY = ("SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")


def explained(error: aws.BotoCoreError | aws.ClientError) -> str:
    """One line for a person about an error of botocore."""
    if isinstance(error, aws.ClientError):
        return _refused(error)
    match error:
        case aws.NoCredentialsError() | aws.PartialCredentialsError() | aws.TokenRetrievalError():
            return "no AWS credentials: `aws configure`, `aws sso login` or the environment's AWS_PROFILE"
        case aws.SSOError():
            return f"the AWS login is not valid any more: `aws sso login` ({_line(error)})"
        case aws.NoRegionError():
            return "no region: give REGION=… (--region), or set AWS_REGION"
        case aws.ConnectionError() | aws.HTTPClientError():
            return f"AWS cannot be reached: {_line(error)}"
        case _:
            return _line(error)


def _refused(error: aws.ClientError) -> str:
    code = error.response["Error"].get("Code", "")
    operation = error.operation_name
    if code in _DENIED:
        return f"not allowed to {operation}: {error.response['Error'].get('Message') or code}"
    if code in _BAD_CREDENTIALS:
        return f"AWS does not take these credentials any more, or never did ({code})"
    if code in _BUSY:
        return f"AWS had no time for {operation} ({code}), however often it was asked; try again"
    return f"AWS refused {operation}: {error.response['Error'].get('Message') or code}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
