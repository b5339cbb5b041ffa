"""Puts the page where CloudFront finds it: uploads what changed, deletes what is gone, makes the edges ask again.

The page's modules have no fingerprints in their names, as there is no build step. So a browser asks each time whether
it has the latest, which the nearest edge answers; and the edges keep everything until they are told otherwise, or for
an hour.
"""

import hashlib
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .command import CONFIG, CommandError, arguments, ended, explained
from .stack import Site, read_site

FOLDER = Path(__file__).parents[1] / "site"

ENTRY = "index.html"
"""What `/` is. Uploaded last: it names the others."""

CACHE_CONTROL = "public, max-age=0, must-revalidate, s-maxage=3600"

WORKER = "sw.js"
"""The service worker. Uploaded late, as it names the others; and no edge keeps it: it is the way to be rid of one that
does harm, which must not depend on an invalidation.
"""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """Keys of the bucket, each list sorted, but for the entry, which is last."""

    new: list[str]
    changed: list[str]
    gone: list[str]


def files(folder: Path) -> dict[str, Path]:
    """The page's files by their key. CommandError where there is no page, or a file of an unknown type."""
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(".d.ts")
    }
    if ENTRY not in found:
        raise CommandError(f"there is no {ENTRY} in {folder}")
    for path in found.values():
        if path.suffix not in TYPES:
            raise CommandError(f"{path}: TYPES in infra/publish.py has no content type for it")
    return found


def plan(ours: Mapping[str, str], theirs: Mapping[str, str], *, everything: bool = False) -> Plan:
    """What makes `theirs` `ours`: both are digests by key. `everything` takes what is the same for changed."""
    return Plan(
        new=_ordered(ours.keys() - theirs.keys()),
        changed=_ordered(
            key for key in ours.keys() & theirs.keys() if everything or ours[key] != theirs[key]
        ),
        gone=_ordered(theirs.keys() - ours.keys()),
    )


def _ordered(keys: Iterable[str]) -> list[str]:
    return sorted(keys, key=lambda key: (key == ENTRY, key == WORKER, key))


def publish(session: boto3.Session, site: Site, folder: Path, say: Say, *, everything: bool = False) -> None:
    """Make the bucket hold `folder`, and the edges show it. CommandError and botocore's errors.

    What was put in place of something is invalidated even if something after it fails.
    """
    s3: Any = session.client("s3", config=CONFIG)
    paths = files(folder)
    ours = {
        key: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for key, path in paths.items()
    }
    todo = plan(ours, _bucket(s3, site.bucket), everything=everything)
    if not (todo.new or todo.changed or todo.gone):
        say("nothing has changed")
        return
    stale: list[str] = []
    try:
        for key in _ordered([*todo.new, *todo.changed]):
            s3.put_object(
                Bucket=site.bucket,
                Key=key,
                Body=paths[key].read_bytes(),
                ContentType=TYPES[paths[key].suffix],
                CacheControl="no-cache" if key == WORKER else CACHE_CONTROL,
            )
            if key in todo.changed:
                stale.append(key)
            say(f"{'changed' if key in todo.changed else 'new':<8} {key}")
        for key in todo.gone:
            s3.delete_object(Bucket=site.bucket, Key=key)
            stale.append(key)
            say(f"gone     {key}")
    finally:
        if stale:
            _invalidate(session, site, stale, say)


def _bucket(s3: Any, bucket: str) -> dict[str, str]:
    """What is in the bucket: for objects that are put in one piece and encrypted by S3, as here, an ETag is an MD5."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"]: item["ETag"].strip('"') for page in pages for item in page.get("Contents", [])}


def _invalidate(session: boto3.Session, site: Site, keys: Sequence[str], say: Say) -> None:
    paths = [f"/{quote(key)}" for key in keys] + (["/"] if ENTRY in keys else [])
    try:
        made = session.client("cloudfront", config=CONFIG).create_invalidation(
            DistributionId=site.distribution,
            InvalidationBatch={
                "Paths": {"Quantity": len(paths), "Items": paths},
                "CallerReference": str(uuid.uuid4()),
            },
        )
    except (BotoCoreError, ClientError) as error:
        raise CommandError(
            f"{explained(error)}. The page is uploaded, and the edges may show the old one for an hour; "
            "`make publish ARGS=--all` tries both again"
        ) from None
    say(f"edges forget {' '.join(paths)} ({made['Invalidation']['Id']}); that takes a minute or two")


def main(given: Sequence[str] | None = None, session: boto3.Session | None = None) -> int:
    """The command. 0, or 1 with one line on the standard error."""
    parser = arguments(__doc__)
    parser.add_argument("--site", type=Path, default=FOLDER, help="folder of the page")
    parser.add_argument("--all", action="store_true", help="upload and invalidate what has not changed, too")
    options = parser.parse_args(given)

    def act() -> None:
        used = session or boto3.Session(region_name=options.region)
        site = read_site(used, options.stack)
        publish(used, site, options.site, print, everything=options.all)
        print(site.url)

    return ended("publish", act)


if __name__ == "__main__":
    sys.exit(main())
