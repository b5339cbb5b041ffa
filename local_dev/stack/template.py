"""A SAM template, read and transformed to CloudFormation by AWS's own translator, cached by content.

The translator takes about two seconds to import, so its result is kept under the user's cache
directory. The key covers everything that can change the result: the template with its includes, the
parameters, and the translator's version.
"""

import contextlib
import hashlib
import json
import math
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import samtranslator  # the package's own module is nearly empty

from ..errors import TemplateError
from .code import cache_folder, code_folder, point_at_disk
from .document import KeyPath, Lines, parse
from .intrinsics import NoResources, Resolver, is_list, list_items, text_of
from .loops import LOOP, expand, made_by_loops
from .nested import leave_published, with_nested_stacks
from .values import number

__all__ = ["Template", "check_parameters", "code_folder", "read_template", "transform"]

SAM = "AWS::Serverless-2016-10-31"
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
KNOWN_TRANSFORMS = frozenset({SAM, LANGUAGE_EXTENSIONS})
"""SAM's is AWS's own; of the language extensions the functions and loops are known."""


LeftOut = tuple[KeyPath, str]
"""A place in a template, and a text that says what of it was left out."""


class Template(dict[str, Any]):
    """A template's content, and where it stands in its file. `files` are all that it was read from: its own, those
    that it includes and, once it is transformed, those of the stacks nested in it.
    """

    def __init__(
        self,
        content: Mapping[str, Any],
        *,
        path: Path,
        lines: Lines,
        left_out: Sequence[LeftOut] = (),
        files: Iterable[Path] = (),
    ) -> None:
        super().__init__(content)
        self.path, self.lines, self.left_out = path, lines, tuple(left_out)
        self.files = {path, *files}


def read_template(path: Path) -> Template:
    """The template at `path` (YAML or JSON), its `AWS::Include` transforms replaced by the files they name."""
    content, lines = _read(path)
    includes = _Includes(path.parent, lines)
    template = includes.resolved(content)
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError(f"{path}: not a CloudFormation template: there is no Resources section")
    return Template(template, path=path, lines=lines, left_out=includes.left_out, files=includes.files)


def _read(path: Path) -> tuple[Any, Lines]:
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: cannot be read: {error}") from None


class _Includes:
    """The transforms in a template, replaced by what they include from files; `lines` learn of its keys."""

    def __init__(self, base: Path, lines: Lines) -> None:
        self._base, self._lines = base, lines
        self.left_out: list[LeftOut] = []
        self.files: list[Path] = []

    def resolved(self, node: Any, path: KeyPath = ()) -> Any:
        """`node`, which stands at `path`, with what it includes."""
        if isinstance(node, list):
            return [self.resolved(item, (*path, str(index))) for index, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        result = {
            key: self.resolved(value, (*path, str(key)))
            for key, value in node.items()
            if key != "Fn::Transform"
        }
        transform = node.get("Fn::Transform")
        return result if transform is None else result | self._included(transform, path)

    def _included(self, transform: Any, path: KeyPath) -> dict[str, Any]:
        name = transform.get("Name") if isinstance(transform, dict) else transform
        parameters = transform.get("Parameters") if isinstance(transform, dict) else None
        location = parameters.get("Location") if isinstance(parameters, dict) else None
        if name != "AWS::Include" or not isinstance(location, str) or "://" in location:
            what = f"of {location}" if name == "AWS::Include" else f"{name}"
            text = f"only an AWS::Include of a local file is run here; the transform {what} is left out"
            self.left_out.append(((*path, "Fn::Transform"), text))
            return {}
        file = self._base / location
        content = _read(file)[0]
        if not isinstance(content, dict):
            raise TemplateError(f"{file}: an included file must be a mapping")
        self.files.append(file)
        self._lines.included(content, path)
        included: dict[str, Any] = self.resolved(content, path)
        return included


def check_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """`given` if the template declares every one of them, allows its value and misses none; else
    TemplateError.
    """
    declared: Mapping[str, Any] = template.get("Parameters") or {}
    for name, spec in declared.items() if isinstance(declared, dict) else [("Parameters", None)]:
        if not isinstance(spec, dict):
            raise TemplateError(f"parameter {name}: its definition is no mapping")
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise TemplateError(f"parameter {name}: the template has no such parameter (it has: {known})")
        _check_value(name, value, declared[name])
    for name, spec in declared.items():
        if "Default" not in spec and name not in given:
            raise TemplateError(f"parameter {name}: has no default; give it with --param {name}=…")
    return dict(given)


def _check_value(name: str, value: str, spec: Mapping[str, Any]) -> None:
    kind = str(spec.get("Type"))
    allowed = [text_of(item) for item in spec.get("AllowedValues") or ()]
    items = [value] if not is_list(kind) else list_items(value) if value else []
    for item in items:  # of a list's items all of this is documented, of their size nothing
        if allowed and item not in allowed:
            raise TemplateError(f"parameter {name}: {item!r} is not one of {', '.join(allowed)}")
        if kind in ("Number", "List<Number>"):
            _check_number(name, item)
        else:
            _check_pattern(name, item, spec)
    if kind == "Number":
        _check_size(f"parameter {name}: {value}", float(value), spec.get("MinValue"), spec.get("MaxValue"))
    elif kind == "String":
        what = f"parameter {name}: its length, {len(value)},"
        _check_size(what, len(value), spec.get("MinLength"), spec.get("MaxLength"))


def _check_number(name: str, value: str) -> None:
    try:
        float(value)
    except ValueError:
        raise TemplateError(f"parameter {name}: {value!r} is not a number") from None


def _check_size(what: str, size: float, low: Any, high: Any) -> None:
    if size < number(low, -math.inf):
        raise TemplateError(f"{what} is below {low}")
    if size > number(high, math.inf):
        raise TemplateError(f"{what} is above {high}")


def _check_pattern(name: str, value: str, spec: Mapping[str, Any]) -> None:
    pattern = spec.get("AllowedPattern")
    if pattern is not None:
        try:
            with warnings.catch_warnings(action="ignore"):  # of what Python may one day read in another way
                fits = re.fullmatch(str(pattern), value) is not None
        except re.error:  # CloudFormation's are Java's
            fits = True
        if not fits:
            hint = spec.get("ConstraintDescription") or f"it should look like {pattern}"
            raise TemplateError(f"parameter {name}: {value!r} is not allowed: {hint}")


def transform(
    template: Mapping[str, Any], *, base: Path, parameters: Mapping[str, str], within: Sequence[Path] = ()
) -> dict[str, Any]:
    """`template` with its SAM resources turned into CloudFormation, and with its nested stacks in it. Local code
    folders are relative to `base`; `within` are the templates that this one is nested in.
    """
    prepared = json.loads(json.dumps(template, default=str))
    if LOOP in json.dumps(prepared):
        prepared = _expanded(prepared, template, parameters)
    if not _is_sam(template):
        _refuse_sam(prepared["Resources"], template)
    point_at_disk(prepared, base=base, parameters=parameters)
    leave_published(prepared["Resources"])
    made = _transformed(prepared, parameters, template) if _is_sam(template) else prepared
    here = [template.path.resolve()] if isinstance(template, Template) else []

    def read(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        nested, made = _read_nested(path, given, within=[*within, *here])
        if isinstance(template, Template):
            template.files |= nested.files
        return made

    return with_nested_stacks(made, read)


def _read_nested(
    path: Path, given: Mapping[str, Any], *, within: Sequence[Path]
) -> tuple[Template, dict[str, Any]]:
    if path in within:
        raise TemplateError(f"{path} is nested in itself")
    template = read_template(path)
    for name in given:
        # SAM is not to take the default for what somebody else gives.
        if isinstance((template.get("Parameters") or {}).get(name), dict):
            template["Parameters"][name].pop("Default", None)
    known = {name: str(value) for name, value in given.items() if not isinstance(value, (dict, list))}
    return template, transform(template, base=path.parent, parameters=known, within=within)


def _refuse_sam(resources: Mapping[str, Any], template: Mapping[str, Any]) -> None:
    for logical_id, resource in resources.items():
        kind = str(resource.get("Type")) if isinstance(resource, dict) else ""
        if kind.startswith("AWS::Serverless::"):
            place = _place(template, [logical_id])
            raise TemplateError(f"{place}{logical_id}: {kind} takes a transform: add Transform: {SAM}")


def _expanded(
    prepared: dict[str, Any], template: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any]:
    resolver = Resolver(prepared, parameters=parameters, pseudo={}, resources=NoResources())
    if isinstance(template, Template):
        for logical_id, key in made_by_loops(prepared["Resources"], resolver.items):
            template.lines.made(logical_id, by=key)
    return cast("dict[str, Any]", expand(prepared, resolver.items))


def _transformed(
    prepared: dict[str, Any], parameters: Mapping[str, str], template: Mapping[str, Any]
) -> dict[str, Any]:
    """What SAM makes of it, from the cache if it is there."""
    key = hashlib.sha256(
        json.dumps([prepared, sorted(parameters.items()), samtranslator.__version__]).encode()
    ).hexdigest()
    cached = cache_folder() / "templates" / f"{key}.json"
    try:
        result: dict[str, Any] = json.loads(cached.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        result = _translate(prepared, parameters, template)
        _write_cache(cached, result)
    return result


def _translate(
    prepared: dict[str, Any], parameters: Mapping[str, str], template: Mapping[str, Any]
) -> dict[str, Any]:
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks boto3 for a region
    from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    try:
        result: dict[str, Any] = Translator({}, Parser()).translate(prepared, dict(parameters))
    except InvalidDocumentException as error:
        culprits = [getattr(cause, "_logical_id", None) for cause in error.causes]
        causes = "; ".join(" ".join(cause.message.split()) for cause in error.causes)
        raise TemplateError(f"{_place(template, culprits)}not a valid SAM template: {causes}") from None
    except ExceptionWithMessage as error:
        raise TemplateError(f"not a valid SAM template: {' '.join(error.message.split())}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # The translator checks most of what it reads, not all of it.
        raise TemplateError(f"not a valid SAM template: {type(error).__name__}: {error}") from None
    return result


def _place(template: Mapping[str, Any], logical_ids: Sequence[str | None]) -> str:
    """`<file>:<line>: ` of the first of these resources whose line is known, or nothing."""
    if isinstance(template, Template):
        for logical_id in logical_ids:
            line = template.lines.of_resource(logical_id) if logical_id else None
            if line:
                return f"{template.path}:{line}: "
    return ""


def colliding_routes(template: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The routes of SAM WebSocket APIs that SAM makes one of, since it names what it generates after their keys
    with the first letter in upper case and no `$` (contract S05): logical id, and the keys.
    """
    for logical_id, resource in (template.get("Resources") or {}).items():
        if not isinstance(resource, dict) or resource.get("Type") != "AWS::Serverless::WebSocketApi":
            continue
        routes = (resource.get("Properties") or {}).get("Routes")
        by_name: dict[str, list[str]] = {}
        for key in routes if isinstance(routes, dict) else ():
            name = str(key).removeprefix("$")
            by_name.setdefault(name[:1].upper() + name[1:], []).append(str(key))
        yield from ((logical_id, keys) for keys in by_name.values() if len(keys) > 1)


def transforms(template: Mapping[str, Any]) -> list[str]:
    """The names of the transforms that the whole template asks for."""
    asked = template.get("Transform") or []
    listed = asked if isinstance(asked, list) else [asked]
    return [str(item.get("Name")) if isinstance(item, dict) else str(item) for item in listed]


def _is_sam(template: Mapping[str, Any]) -> bool:
    return SAM in transforms(template)


def _write_cache(path: Path, result: Mapping[str, Any]) -> None:
    # Written beside and renamed, so that two gateways starting at once never read half a file.
    scratch = path.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(result), encoding="utf-8")
        scratch.replace(path)
