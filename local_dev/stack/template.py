"""A SAM template, read and transformed to CloudFormation by AWS's own translator, cached by content.

The translator takes about two seconds to import, so its result is kept under the user's cache
directory. The key covers everything that can change the result: the template with its includes, the
parameters, and the translator's version.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import yaml

from ..errors import TemplateError

CODE_BUCKET = "local-code"
"""A function's local folder travels through the transform as s3://local-code/<percent-encoded path>."""


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short intrinsics, and dates that stay text (policy versions)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_intrinsic)


def read_template(path: Path) -> dict[str, Any]:
    """The template at `path` (YAML or JSON) as a dict, its `AWS::Include` transforms replaced by the files
    they name.
    """
    template = _resolve_includes(_read_yaml(path), path.parent)
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError(f"{path}: not a CloudFormation template: there is no Resources section")
    return template


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise TemplateError(f"{where}: not YAML: {getattr(error, 'problem', None) or error}") from None


def _resolve_includes(node: Any, base: Path) -> Any:
    if isinstance(node, list):
        return [_resolve_includes(item, base) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _resolve_includes(value, base) for key, value in node.items() if key != "Fn::Transform"}
    transform = node.get("Fn::Transform")
    if transform is None:
        return result
    location = (transform.get("Parameters") or {}).get("Location") if isinstance(transform, dict) else None
    if transform.get("Name") != "AWS::Include" or not isinstance(location, str) or "://" in location:
        raise TemplateError(
            f"Fn::Transform: only AWS::Include of a local file is supported, not {transform!r}"
        )
    included = _resolve_includes(_read_yaml(base / location), base)
    if not isinstance(included, dict):
        raise TemplateError(f"{base / location}: an included file must be a mapping")
    return result | included


def check_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """`given` if the template declares every one of them, allows its value and misses none; else
    TemplateError.
    """
    declared: Mapping[str, Any] = template.get("Parameters") or {}
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise TemplateError(f"parameter {name}: the template has no such parameter (it has: {known})")
        allowed = declared[name].get("AllowedValues")
        if allowed and value not in [str(item) for item in allowed]:
            raise TemplateError(f"parameter {name}: {value!r} is not one of {', '.join(map(str, allowed))}")
        if declared[name].get("Type") == "Number":
            _check_number(name, value, declared[name])
    for name, spec in declared.items():
        if "Default" not in spec and name not in given:
            raise TemplateError(f"parameter {name}: has no default; give it with --param {name}=…")
    return dict(given)


def _check_number(name: str, value: str, spec: Mapping[str, Any]) -> None:
    try:
        number = float(value)
    except ValueError:
        raise TemplateError(f"parameter {name}: {value!r} is not a number") from None
    low, high = spec.get("MinValue"), spec.get("MaxValue")
    if low is not None and number < float(low):
        raise TemplateError(f"parameter {name}: {value} is below {low}")
    if high is not None and number > float(high):
        raise TemplateError(f"parameter {name}: {value} is above {high}")


def transform(template: Mapping[str, Any], *, base: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """`template` with its SAM resources turned into CloudFormation. Local code folders are relative to
    `base`.
    """
    prepared = json.loads(json.dumps(template))
    _point_code_at_disk(prepared, base)
    key = hashlib.sha256(
        json.dumps(
            [prepared, sorted(parameters.items()), importlib.metadata.version("aws-sam-translator")]
        ).encode()
    ).hexdigest()
    cached = _cache_folder() / f"{key}.json"
    try:
        result: dict[str, Any] = json.loads(cached.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        result = _translate(prepared, parameters)
        _write_cache(cached, result)
    return result


def code_folder(code: Mapping[str, Any]) -> Path | None:
    """The local folder behind a transformed function's `Code`, or None where its code is not on this disk."""
    if code.get("S3Bucket") != CODE_BUCKET:
        return None
    return Path(unquote(str(code["S3Key"])))


def _point_code_at_disk(template: dict[str, Any], base: Path) -> None:
    def uri(value: Any) -> Any:
        if isinstance(value, str) and not value.startswith("s3://"):
            return f"s3://{CODE_BUCKET}/{quote(str((base / value).resolve()), safe='')}"
        return value

    default = ((template.get("Globals") or {}).get("Function") or {}).get("CodeUri")
    for resource in template["Resources"].values():
        if not isinstance(resource, dict):
            continue
        properties = resource.setdefault("Properties", {}) or {}
        kind = resource.get("Type")
        if kind == "AWS::Serverless::Function" and not {"InlineCode", "ImageUri"} & properties.keys():
            properties["CodeUri"] = uri(properties.get("CodeUri", default if default is not None else "."))
        elif kind == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = uri(properties.get("ContentUri", "."))
        elif kind == "AWS::Lambda::Function" and isinstance(properties.get("Code"), str):
            bucket_key = uri(properties["Code"]).removeprefix("s3://").split("/", 1)
            properties["Code"] = {"S3Bucket": bucket_key[0], "S3Key": bucket_key[-1]}


def _translate(template: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    if not _is_sam(template):
        return template
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks boto3 for a region
    from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    try:
        result: dict[str, Any] = Translator({}, Parser()).translate(template, dict(parameters))
    except InvalidDocumentException as error:
        causes = "; ".join(" ".join(cause.message.split()) for cause in error.causes)
        raise TemplateError(f"not a valid SAM template: {causes}") from None
    except ExceptionWithMessage as error:
        raise TemplateError(f"not a valid SAM template: {' '.join(error.message.split())}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # The translator checks most of what it reads, not all of it.
        raise TemplateError(f"not a valid SAM template: {type(error).__name__}: {error}") from None
    return result


def _is_sam(template: Mapping[str, Any]) -> bool:
    transforms = template.get("Transform") or []
    return "AWS::Serverless-2016-10-31" in ([transforms] if isinstance(transforms, str) else transforms)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parley" / "templates"


def _write_cache(path: Path, result: Mapping[str, Any]) -> None:
    # Written beside and renamed, so that two gateways starting at once never read half a file.
    scratch = path.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(result), encoding="utf-8")
        scratch.replace(path)
