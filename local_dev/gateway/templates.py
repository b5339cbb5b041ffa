"""Mapping templates of MOCK and non-proxy integrations, as far as they are JSON with simple references. Pure.

References: `$context.…`, `$stageVariables.…`, `$input.body`, `$input.json('$.…')`, `$input.path('$.…')`, the
first two in braces too, and each as what `$util.escapeJavaScript` and the like are called with. The rest of the
template language (directives, variables) does not run here; `is_supported` tells.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from .selection import evaluate, find_json

DEFAULT_TEMPLATE = "$default"
_KEYS = (DEFAULT_TEMPLATE, "application/json")

_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "'": "\\'", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
    | {"\t": "\\t"}
)


def _escaped(text: str) -> str:
    """As Java's escapeEcmaScript has it, which AWS names as its function's."""
    return "".join(char if " " <= char <= "~" else _in_utf16(char) for char in text.translate(_ESCAPES))


def _in_utf16(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex().upper()}" for at in range(0, len(units), 2))


_UTILITIES: dict[str, Callable[[str], str]] = {
    "base64Decode": lambda text: base64.b64decode(text + "==").decode("utf-8", "replace"),
    "base64Encode": lambda text: base64.b64encode(text.encode()).decode(),
    "escapeJavaScript": _escaped,
    "urlDecode": unquote_plus,
    "urlEncode": quote_plus,
}

_REFERENCE = re.compile(
    r"""(?:\$util\.(?P<utility>UTILITIES)\(\s*)?(?:
    \$\{(?P<braced>(?:context|stageVariables)(?:\.\w+)+)\}
    |\$(?P<plain>(?:context|stageVariables)(?:\.\w+)+)
    |\$input\.(?P<body>body)\b
    |\$input\.(?P<function>json|path)\(\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)")\s*\)
    )(?(utility)\s*\))""".replace("UTILITIES", "|".join(_UTILITIES)),
    re.VERBOSE,
)
_LANGUAGE = re.compile(r"\$!?\{?[A-Za-z_]|#[#*{A-Za-z]")


def is_supported(template: str) -> bool:
    """Whether the template has nothing in it that does not run here."""
    return not _LANGUAGE.search(_REFERENCE.sub("", template))


def choose(templates: Mapping[str, str], selection: str | None, body: str) -> str | None:
    """The template that the selection expression picks for the message, else the default, else none."""
    selected = evaluate(selection, body) if selection else None
    for key in (selected, *_KEYS):
        if key is not None and key in templates:
            return templates[key]
    return None


def fill(template: str, *, event: Mapping[str, Any], body: str) -> str:
    """The template with its references replaced: by what is in the event, `$input` by what is in `body`. What
    is not there becomes "".
    """
    roots = {"context": event.get("requestContext", {}), "stageVariables": event.get("stageVariables", {})}

    def replace(match: re.Match[str]) -> str:
        text = referred(match)
        try:
            return _UTILITIES[match["utility"]](text) if match["utility"] else text
        except ValueError:  # it is no base64
            return ""

    def referred(match: re.Match[str]) -> str:
        if match["body"]:
            return body
        if match["function"]:
            path = (match["single"] if match["single"] is not None else match["double"]).removeprefix("$")
            if match["function"] == "json":
                return find_json(path, body)
            return evaluate(f"${{request.body{path}}}", body) or ""
        root, *names = (match["braced"] or match["plain"]).split(".")
        value: Any = roots[root]
        for name in names:
            value = value.get(name, "") if isinstance(value, Mapping) else ""
        return str(value)

    return _REFERENCE.sub(replace, template)
