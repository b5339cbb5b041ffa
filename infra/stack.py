"""The deployed stack, as the commands in this folder find it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from .command import CONFIG, CommandError

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


class NoStack(CommandError):
    """There is no stack of that name."""


@dataclass(frozen=True)
class Site:
    """Where the page goes: a bucket, the distribution in front of it, and the address that people open."""

    bucket: str
    distribution: str
    url: str


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
    except ClientError as error:
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
