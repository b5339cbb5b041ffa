"""Takes the stack down: empties the page's bucket, without which it could not be deleted, and runs `sam delete`."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import NoRegionError

from .command import CONFIG, CommandError, arguments, ended
from .stack import described

STAYS = """\
What stays, where it is there:
- the role and the setting by which API Gateway writes logs (AccountLogRole=create), which other APIs may use by now
- DynamoDB's backups of the tables, for 35 days, free of charge
- the SAM CLI's own stack with its bucket, aws-sam-cli-managed-default, which other applications may use
- a stack of infra/us-east-1.yaml: aws cloudformation delete-stack --region us-east-1 --stack-name …
- a record that points at the site and was not made by the stack"""


def bucket_of(session: boto3.Session, stack: str) -> str | None:
    """The page's bucket, also of a stack that is there in part, which has no outputs. None if it is not there."""
    client: Any = session.client("cloudformation", config=CONFIG)
    name: str | None = stack
    for logical_id in ("Site", "Bucket"):
        pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
        resources = (item for page in pages for item in page["StackResourceSummaries"])
        name = next(
            (
                item.get("PhysicalResourceId")
                for item in resources
                if item["LogicalResourceId"] == logical_id and item["ResourceStatus"] != "DELETE_COMPLETE"
            ),
            None,
        )
        if not name:
            return None
    return name


def empty(session: boto3.Session, bucket: str) -> int:
    """Delete every object; how many there were. CommandError where some cannot be deleted."""
    s3: Any = session.client("s3", config=CONFIG)
    count = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if not keys:
            continue
        failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}).get("Errors", [])
        if failed:
            raise CommandError(f"{failed[0]['Key']} in {bucket} cannot be deleted: {failed[0]['Code']}")
        count += len(keys)
    return count


def teardown(session: boto3.Session, stack: str, *, ask: Callable[[str], str] | None) -> None:
    """Delete the stack, after `ask` was answered with its name. CommandError and botocore's errors."""
    region = session.region_name
    if region is None:
        raise NoRegionError
    sam = shutil.which("sam")
    if sam is None:
        raise CommandError("there is no `sam` on the PATH; nothing was deleted")
    described(session, stack, whole=False)
    bucket = bucket_of(session, stack)
    if ask:
        answer = ask(f"This deletes the stack {stack} in {region}, with everything that was said. Its name: ")
        if answer.strip() != stack:
            raise CommandError("that is not its name; nothing was deleted")
    if bucket:
        print(f"{bucket}: {empty(session, bucket)} files deleted")
    ended = subprocess.run(  # noqa: S603 - no shell, and the name has been found to be a stack's
        [sam, "delete", "--stack-name", stack, "--region", region, "--no-prompts"], check=False
    )
    if ended.returncode:
        raise CommandError(f"`sam delete` ended with {ended.returncode}; see the events of {stack}")
    print(STAYS)


def _ask(question: str) -> str:
    try:
        return input(question)
    except EOFError:
        return ""


def main(given: Sequence[str] | None = None, session: boto3.Session | None = None) -> int:
    """The command. 0, or 1 with one line on the standard error."""
    parser = arguments(__doc__)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(given)

    def act() -> None:
        used = session or boto3.Session(region_name=options.region)
        teardown(used, options.stack, ask=None if options.yes else _ask)

    return ended("teardown", act)


if __name__ == "__main__":
    sys.exit(main())
