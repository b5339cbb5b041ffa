"""A YAML or JSON document as CloudFormation reads it, with the line of every key, so that whatever is said of a
template can say where.
"""

import bisect
import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ..errors import TemplateError

KeyPath = tuple[str, ...]
"""The way from the document's top to a key; items of lists count as keys "0", "1", …"""

_DEEPEST = 12


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short intrinsics, and dates that stay text (policy versions)."""


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same through libyaml: ten times as fast, its errors less clear."""


def _short_intrinsic(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


for _loader in (_Loader, _FastLoader):
    _loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _loader.add_multi_constructor("!", _short_intrinsic)


class Lines:
    """Where the keys of a document stand. Lines count from 1."""

    def __init__(self, lines: Mapping[KeyPath, int] | None = None) -> None:
        self._lines = dict(lines or {})
        self._made: dict[str, str] = {}
        self._resources = [path[1] for path in self._lines if path[:-1] == ("Resources",)]

    def of(self, *path: str) -> int | None:
        """The line of the key at `path`, or of the nearest key above it that has one."""
        for length in range(len(path), 0, -1):
            line = self._lines.get(path[:length])
            if line is not None:
                return line
        return None

    def of_resource(self, logical_id: str, *below: str) -> int | None:
        """The line of a resource, or of a key below it; of what the SAM transform made, the line of what it was
        made from.
        """
        source = self.source(logical_id)
        if source is None:
            return None
        made = self._part(source, logical_id.removeprefix(source)) if source != logical_id else below
        return self.of("Resources", source, *made)

    def made(self, logical_id: str, by: str) -> None:
        """A resource was made by a loop, whose key is `by`."""
        self._made[logical_id] = by

    def included(self, content: Mapping[str, Any], at: KeyPath) -> None:
        """`content` was included by a transform at `at`, so its keys are where that is."""
        line = self.of(*at, "Fn::Transform")
        if line is None:
            return
        for key, value in content.items():
            path = (*at, str(key))
            self._lines[path] = line
            if at == ("Resources",):
                self._resources.append(path[1])
            elif path == ("Resources",) and isinstance(value, dict):
                self.included(value, path)

    def source(self, logical_id: str) -> str | None:
        """The resource as the template names it: itself, or what the SAM transform made it from, whose id its own
        id begins with.
        """
        if ("Resources", logical_id) in self._lines:
            return logical_id
        if self._made:
            by = max((name for name in self._made if logical_id.startswith(name)), key=len, default=None)
            if by is not None:
                return self._made[by]
        return max((name for name in self._resources if logical_id.startswith(name)), key=len, default=None)

    def _part(self, source: str, rest: str) -> KeyPath:
        """The event or route of a SAM resource that generated ids name after the resource's own."""
        parts = [
            path[2:]
            for path in self._lines
            if path[:2] == ("Resources", source)
            and path[2:-1] in (("Properties", "Events"), ("Properties", "Routes"))
            and rest.lower().startswith(path[-1].removeprefix("$").lower())
        ]
        return max(parts, key=lambda part: len(part[-1]), default=())


_MANY = 10_000
_DASHES = re.compile(r"(?:[-?:] +){100}")
"""What may be nested many thousands deep: there libyaml crashes, and the other loader raises."""


def parse(text: str, where: str) -> tuple[Any, Lines]:
    """What `text` says, YAML or JSON (which may be indented with tabs), and its lines. TemplateError names
    `where` and the line.
    """
    json_error = None
    try:
        if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
            try:
                return json.loads(text.removeprefix("\ufeff")), Lines(_json_lines(text))
            except ValueError as error:  # it may still be YAML in braces
                json_error = error
        if text.count("[") + text.count("{") < _MANY and _DASHES.search(text) is None:
            with contextlib.suppress(yaml.YAMLError):
                return _parse_yaml(text, _FastLoader)
        return _parse_yaml(text, _Loader)
    except RecursionError:
        raise TemplateError(f"{where}: nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(json_error, json.JSONDecodeError) and re.match(r'\s*[{[]\s*"', text):
            raise TemplateError(f"{where}:{json_error.lineno}: not JSON: {json_error.msg}") from None
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        raise TemplateError(f"{place}: not YAML: {getattr(error, 'problem', None) or error}") from None


def _parse_yaml(text: str, kind: Any) -> tuple[Any, Lines]:
    loader = kind(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, Lines()
        return loader.construct_document(node), Lines(_yaml_lines(node))
    finally:
        loader.dispose()


def _yaml_lines(root: yaml.Node) -> dict[KeyPath, int]:
    lines: dict[KeyPath, int] = {}
    seen: set[int] = set()

    def walk(node: yaml.Node, path: KeyPath) -> None:
        if id(node) in seen or len(path) > _DEEPEST:  # an alias, perhaps of what it stands in
            return
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    lines[(*path, key.value)] = key.start_mark.line + 1
                    walk(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                lines[(*path, str(index))] = value.start_mark.line + 1
                walk(value, (*path, str(index)))

    walk(root, ())
    return lines


_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def _json_lines(text: str) -> dict[KeyPath, int]:
    """The lines of the keys of a text that is known to be JSON."""
    ends = [match.start() for match in re.finditer("\n", text)]
    lines: dict[KeyPath, int] = {}
    inside: list[str] = []
    path: list[str] = []
    key_next = False
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece in ("}", "]"):
            inside.pop()
            path.pop()
            continue
        line = bisect.bisect_left(ends, match.start()) + 1
        if piece == ",":
            key_next = inside[-1] == "{"
            if not key_next:
                path[-1] = str(int(path[-1]) + 1)
            continue
        if piece == ":":
            key_next = False
            continue
        if key_next:
            path[-1] = json.loads(piece)
            lines[tuple(path)] = line
            continue
        if inside and inside[-1] == "[":
            lines[tuple(path)] = line
        if piece in ("{", "["):
            inside.append(piece)
            path.append("" if piece == "{" else "0")
            key_next = piece == "{"
    return lines
