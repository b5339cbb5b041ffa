"""Where the code of functions and layers is on this disk.

A local folder travels through the SAM transform, which asks for an address in S3, as
s3://local-code/<percent-encoded path>.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
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
            if kind == "AWS::Serverless::LayerVersion":
                properties["ContentUri"] = _as_built(properties["ContentUri"], resource.get("Metadata"))
        elif kind == "AWS::CloudFormation::Stack":
            _point_nested(resource, base=base, resolved=resolved)
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
    resource: dict[str, Any],
    key: str,
    bucket: str,
    object_key: str,
    *,
    base: Path,
    resolved: Callable[[Any], Any],
) -> None:
    metadata = resource["Metadata"] if isinstance(resource.get("Metadata"), dict) else {}
    properties = resource["Properties"]
    value = resolved(properties.get(key))
    asset = metadata.get("aws:asset:path")
    if isinstance(asset, str) and str(metadata.get("aws:asset:property", key)).split(".")[0] == key:
        value = asset  # the CDK's way to say where it has put the code
    if isinstance(value, dict):
        value = _packaged(resolved(value.get(object_key)), base) or value
    if isinstance(value, str):
        name, _, path = _address(value, base).removeprefix("s3://").partition("/")
        properties[key] = {bucket: name, object_key: path}


def _point_nested(resource: dict[str, Any], *, base: Path, resolved: Callable[[Any], Any]) -> None:
    metadata = resource["Metadata"] if isinstance(resource.get("Metadata"), dict) else {}
    properties = resource["Properties"]
    asset = metadata.get("aws:asset:path")
    value = asset if isinstance(asset, str) else resolved(properties.get("TemplateURL"))
    if isinstance(value, str):
        properties["TemplateURL"] = _address(value, base)


def _packaged(key: Any, base: Path) -> str | None:
    """Where what is to be uploaded under `key` lies beside the template: as the CDK's list of assets has it, or,
    as the Serverless Framework leaves it, under its own name.
    """
    if not isinstance(key, str):
        return None
    for listing in sorted(base.glob("*.assets.json")):
        try:
            files = json.loads(listing.read_text(encoding="utf-8"))["files"].values()
            for file in files:
                if any(to["objectKey"] == key for to in file["destinations"].values()):
                    return str(file["source"]["path"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # whatever it is, it is not the CDK's
    name = key.rpartition("/")[2]
    return name if name.endswith(".zip") and (base / name).is_file() else None


def _as_built(address: Any, metadata: Any) -> Any:
    """The address of a layer's folder; of one that only `sam build` would put under `python/`, the address of
    a folder in the cache in which it is there.
    """
    method = metadata.get("BuildMethod") if isinstance(metadata, dict) else None
    if not isinstance(address, str) or not str(method).startswith("python"):
        return address
    bucket, _, key = address.removeprefix("s3://").partition("/")
    source = code_folder({"S3Bucket": bucket, "S3Key": key})
    if source is None or not source.is_dir() or (source / "python").exists():
        return address
    folder = cache_folder() / "layers" / hashlib.sha256(str(source).encode()).hexdigest()[:32]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "python").is_symlink():
            (folder / "python").symlink_to(source)
    except OSError:  # no links here, or another gateway was faster
        return address if not (folder / "python").exists() else _address(str(folder), source)
    return _address(str(folder), source)


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


def address_path(address: Any) -> Path | None:
    """The file at an address in the bucket that stands for this disk, or None for any other address."""
    prefix = f"s3://{CODE_BUCKET}/"
    if not isinstance(address, str) or not address.startswith(prefix):
        return None
    return Path(unquote(address.removeprefix(prefix)))


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
