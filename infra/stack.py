"""The deployed stack, as the commands in this folder find it, and what they say when AWS refuses.

Both commands are told which stack by `--stack` and `--region`, or by samconfig.toml, as `sam deploy` is.
"""

import argparse
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore import exceptions as aws
from botocore.config import Config

SAMCONFIG = Path(__file__).parents[1] / "samconfig.toml"

CONFIG = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=60)
"""For every client: what is throttled or fails for the moment is tried again, with growing pauses."""

WHOLE = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    }
)
"""States in which all of a stack is there. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html"""


class CommandError(Exception):
    """Ends a command. Its text is one line for the person who ran it."""


class NoStack(CommandError):
    """There is no stack of that name."""


@dataclass(frozen=True)
class Site:
    """Where the page goes: a bucket, the distribution in front of it, and the address that people open."""

    bucket: str
    distribution: str
    url: str


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser that knows `--stack` and `--region`."""
    settings = _settings()
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stack", default=settings.get("stack_name"), help="default: samconfig.toml's")
    parser.add_argument(
        "--region", default=settings.get("region"), help="default: samconfig.toml's, or the environment's"
    )
    return parser


def _settings() -> dict[str, str]:
    """What samconfig.toml says about deploying."""
    if not SAMCONFIG.is_file():
        return {}
    commands = tomllib.loads(SAMCONFIG.read_text(encoding="utf-8")).get("default", {})
    found: dict[str, str] = {}
    for command in ("global", "deploy"):
        found |= commands.get(command, {}).get("parameters", {})
    return found


def read_site(session: boto3.Session, stack: str) -> Site:
    """The site of a stack that is wholly there. CommandError where it is not; botocore's errors."""
    outputs = outputs_of(described(session, stack))
    missing = [name for name in ("SiteBucket", "DistributionId", "SiteUrl") if name not in outputs]
    if missing:
        raise CommandError(f"the stack {stack} has no output {missing[0]}: run `make deploy`")
    return Site(outputs["SiteBucket"], outputs["DistributionId"], outputs["SiteUrl"])


def described(session: boto3.Session, stack: str, *, whole: bool = True) -> Mapping[str, Any]:
    """DescribeStacks' answer about one stack. NoStack where there is none; CommandError where the last deploy has not
    ended well and it has to be `whole`.
    """
    client = session.client("cloudformation", config=CONFIG)
    try:
        [found] = client.describe_stacks(StackName=stack)["Stacks"]
    except aws.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
            raise NoStack(f"there is no stack {stack} in {client.meta.region_name}") from None
        raise
    status = found["StackStatus"]
    if whole and status not in WHOLE:
        hint = "wait for it to end" if status.endswith("_IN_PROGRESS") else "see its events, and deploy again"
        raise CommandError(f"the stack {stack} is in {status}: {hint}")
    return found


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """A stack's outputs by name."""
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


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
