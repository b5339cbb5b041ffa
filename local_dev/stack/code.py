"""Where the code of functions and layers is on this disk.

A local folder travels through the SAM transform, which asks for an address in S3, as
s3://local-code/<percent-encoded path>.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ..errors import TemplateError
from .intrinsics import NoResources, Resolver

CODE_BUCKET = "local-code"

_SAM_KEYS = ("CodeUri", "ContentUri", "DefinitionUri", "SchemaUri", "Location")
"""Where SAM resources name a file or folder that `sam package` would upload."""

_RAW_KEYS = {
    "AWS::Lambda::Function": ("Code", "S3Bucket", "S3Key"),
    "AWS::Lambda::LayerVersion": ("Content", "S3Bucket", "S3Key"),
}


def point_at_disk(template: dict[str, Any], *, base: Path, parameters: Mapping[str, str]) -> None:
    """Replace every local path to code in `template`, which is relative to `base`, by its address in the bucket
    that stands for this disk.
    """
    resolver = Resolver(
        template,
        parameters=parameters,
        pseudo={"AWS::Region": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"), "AWS::Partition": "aws"},
        resources=NoResources(),
    )

    def resolved(value: Any) -> Any:
        if not isinstance(value, dict) or len(value) != 1:
            return value
        try:
            found = resolver.value(value)
        except TemplateError:
            return value
        return found if isinstance(found, str) else value

    defaults = template.get("Globals")
    default = (defaults.get("Function") or {}) if isinstance(defaults, dict) else {}
    for resource in template["Resources"].values():
        if not isinstance(resource, dict):
            continue
        if not isinstance(resource.get("Properties"), dict):
            resource["Properties"] = {}
        properties = resource["Properties"]
        kind = str(resource.get("Type"))
        if kind == "AWS::Serverless::Function":
            _complete_function(properties, default)
        elif kind == "AWS::Serverless::LayerVersion":
            properties.setdefault("ContentUri", ".")
        if kind.startswith("AWS::Serverless::"):
            for key in _SAM_KEYS:
                if key in properties:
                    properties[key] = _address(resolved(properties[key]), base)
        elif kind in _RAW_KEYS:
            _point_raw(resource, *_RAW_KEYS[kind], base=base, resolved=resolved)


def _complete_function(properties: dict[str, Any], default: Mapping[str, Any]) -> None:
    """Give a SAM function the CodeUri that it inherits, unless its code is inline or in an image."""
    if "InlineCode" in properties:
        return
    if "Image" in (properties.get("PackageType"), default.get("PackageType")) or "ImageUri" in properties:
        properties.setdefault("ImageUri", default.get("ImageUri", "not-built"))  # SAM's CLI would fill it in
        return
    if "CodeUri" not in properties:
        properties["CodeUri"] = default.get("CodeUri", ".")


def _point_raw(
    resource: dict[str, Any], key: str, bucket: str, object_key: str, *, base: Path, resolved: Any
) -> None:
    metadata = resource["Metadata"] if isinstance(resource.get("Metadata"), dict) else {}
    properties = resource["Properties"]
    value = resolved(properties.get(key))
    asset = metadata.get("aws:asset:path")
    if isinstance(asset, str) and str(metadata.get("aws:asset:property", key)).split(".")[0] == key:
        value = asset  # the CDK's way to say where it has put the code
    if isinstance(value, str):
        name, _, path = _address(value, base).removeprefix("s3://").partition("/")
        properties[key] = {bucket: name, object_key: path}


def _address(value: Any, base: Path) -> Any:
    if isinstance(value, str) and "://" not in value and not value.startswith("arn:"):
        return f"s3://{CODE_BUCKET}/{quote(str((base / value).resolve()), safe='')}"
    return value


def code_folder(code: Mapping[str, Any]) -> Path | None:
    """The local folder (or zip file) behind a transformed function's `Code`, or None where its code is not on
    this disk.
    """
    if code.get("S3Bucket") != CODE_BUCKET:
        return None
    return Path(unquote(str(code["S3Key"])))


def unpacked(path: Path) -> Path:
    """The folder at `path`; a zip file's content is unpacked once, into the user's cache. TemplateError where it
    is neither.
    """
    if not path.is_file():
        return path
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    folder = cache_folder() / "code" / digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Unpacked beside and renamed, so that half an archive is never taken for all of it.
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(scratch)
        scratch.replace(folder)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        shutil.rmtree(scratch, ignore_errors=True)
        if not folder.is_dir():  # another gateway may have been faster
            raise TemplateError(f"{path}: neither a folder nor a zip file: {error}") from None
    return folder


def cache_folder() -> Path:
    """Where what can be made again is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parley"
