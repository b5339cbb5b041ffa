"""What the server makes of names and messages: a table that the page's own rules are tested by, too (tests/page)."""

import json
from typing import Any

import pytest
from chat import frames, names
from chat.errors import NameRefused, ParleyError

from tests.conftest import ROOT

VECTORS = json.loads((ROOT / "tests/vectors/names.json").read_text(encoding="utf-8"))

Text = str | list[list[Any]]


def whole(text: Text) -> str:
    """A text, or pieces of one and how often each comes."""
    return text if isinstance(text, str) else "".join(piece * times for piece, times in text)


@pytest.mark.parametrize("vector", VECTORS["names"], ids=lambda vector: ascii(vector["text"]))
def test_names(vector: dict[str, Any]) -> None:
    for kind, judge in (("client", names.client), ("room", names.room)):
        try:
            assert judge(whole(vector["text"])) == whole(vector[kind]["value"])
        except NameRefused as refused:
            assert refused.code == vector[kind].get("code")


@pytest.mark.parametrize("vector", VECTORS["contents"], ids=lambda vector: ascii(vector["text"]))
def test_contents(vector: dict[str, Any]) -> None:
    try:
        frame = frames.parse(json.dumps({"content": whole(vector["text"])}, ensure_ascii=False))
        assert (frame.content if isinstance(frame, frames.Publish) else "") == whole(vector["value"])
    except ParleyError as refused:
        assert refused.code == vector.get("code")
