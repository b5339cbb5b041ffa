"""The canonical form of a request, which its signature covers. Pure.

Texts here are bytes of the wire, decoded as Latin-1.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

_BLANKS = re.compile(r"[ \t]+")
_UNSETTLED = re.compile(r"//|/\.")
_PLAIN = re.compile(r"[A-Za-z0-9/~._%-]+")


def headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name in lower case: blanks around and between words folded, repeated ones joined."""
    folded: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.lower(), value.strip(" \t")
        if "  " in text or "\t" in text:
            text = _BLANKS.sub(" ", text)
        folded[key] = f"{folded[key]},{text}" if key in folded else text
    return folded


@lru_cache(maxsize=256)
def header_names(signed: str) -> tuple[str, ...]:
    """The names in a SignedHeaders field, in order."""
    return tuple(sorted(set(signed.lower().split(";"))))


def head(method: str, path: str, query: str, names: Iterable[str], given: Mapping[str, str]) -> str:
    """The canonical request up to the payload's hash. The path is encoded once more than on the wire, as for
    every service but S3: `%3D` is signed as `%253D`, and a plain `=` as `%3D`.
    """
    lines = "".join([f"{name}:{given.get(name, '')}\n" for name in names])
    return f"{method}\n{_path(path)}\n{_query(query)}\n{lines}\n{';'.join(names)}\n"


def parameters(query: str) -> dict[str, str]:
    """Decoded parameters; of a repeated name the first."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        found.setdefault(_decoded(name), _decoded(value))
    return found


def without(query: str, name: str) -> str:
    """The query string without a parameter."""
    return "&".join(part for part in query.split("&") if _decoded(part.partition("=")[0]) != name)


def _path(path: str) -> str:
    if _PLAIN.fullmatch(path) and not _UNSETTLED.search(path):
        return path.replace("%", "%25")  # what `quote` makes of it, sooner
    if _UNSETTLED.search(path):
        path = _settled(path)
    return quote(path.encode("latin-1", "replace"), safe="/~") or "/"


def _settled(path: str) -> str:
    """The path without empty and dot segments."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return f"/{'/'.join(kept)}{'/' if kept and path.endswith('/') else ''}"


def _query(query: str) -> str:
    if not query:
        return ""
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(
        [f"{name}={value}" for name, value in sorted((_coded(n), _coded(v)) for n, _, v in pairs)]
    )


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.encode("latin-1", "replace")).decode("latin-1")


def _coded(text: str) -> str:
    return quote(unquote_to_bytes(text.encode("latin-1", "replace")), safe="-_.~")
