"""YAML and JSON are read with the line of every key."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import TemplateError
from local_dev.stack.document import KeyPath, Lines, parse

KEYS = st.text(min_size=1, max_size=6)
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=15,
    ),
    min_size=1,
    max_size=4,
)


def paths(value: Any, above: KeyPath = ()) -> list[KeyPath]:
    found = []
    if isinstance(value, dict):
        for key, item in value.items():
            found += [(*above, key), *paths(item, (*above, key))]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += paths(item, (*above, str(index)))
    return found


def check_lines(text: str, value: Any, lines: Lines, spelled: Any) -> None:
    rows = text.split("\n")
    for path in paths(value):
        line = lines.of(*path)
        assert line is not None
        assert spelled(path[-1]) in rows[line - 1]


@given(DOCUMENTS, st.sampled_from([None, 2, "\t"]))
def test_json_with_any_indent(document: dict[str, Any], indent: Any) -> None:
    text = json.dumps(document, indent=indent)
    value, lines = parse(text, "t.json")
    assert value == document
    check_lines(text, value, lines, json.dumps)


PLAIN = st.text("abcdefXYZ", min_size=1, max_size=6)
YAML_DOCUMENTS = st.dictionaries(
    PLAIN,
    st.recursive(
        st.integers() | PLAIN,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3) | st.dictionaries(PLAIN, inner, min_size=1, max_size=3)
        ),
        max_leaves=15,
    ),
    min_size=1,
)


@given(YAML_DOCUMENTS, st.sampled_from([False, True, None]))
def test_yaml_in_any_style(document: dict[str, Any], flow: bool | None) -> None:
    text = yaml.safe_dump(document, default_flow_style=flow)
    value, lines = parse(text, "t.yaml")
    assert value == document
    check_lines(text, value, lines, str)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, "t.yaml")
    except TemplateError as error:
        assert str(error).startswith("t.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1,\n\t"b": [}', "t:2: not JSON: Expecting value"),
        ("a: [", "t:1: not YAML"),
        ("a: !Unknown\n  - b: [c", "t:2: not YAML"),
        ("[" * 100_000, "t: nested too deeply"),
        ("a: " + "[" * 100_000, "t: nested too deeply"),
        ("a: " + "[1, " * 100_000, "t: nested too deeply"),
        ("- " * 100_000, "t: nested too deeply"),
    ],
)
def test_what_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        parse(text, "t")


def test_an_alias_of_what_it_stands_in_ends() -> None:
    _, lines = parse("Resources: &all\n  A: {Properties: *all}\n  B: *all\n", "t")
    assert lines.of("Resources", "B") == 3


def test_generated_resources_are_where_they_were_made_from() -> None:
    _, lines = parse(
        "Resources:\n"
        "  Chat:\n"
        "    Type: X\n"
        "  ChatApi:\n"
        "    Properties:\n"
        "      Routes:\n"
        "        $connect: {}\n"
        "        send: {}\n"
        "  Main:\n"
        "    Properties:\n"
        "      Events:\n"
        "        Tick:\n"
        "          Type: Schedule\n",
        "t",
    )
    assert lines.of_resource("ChatApi") == 4
    assert lines.of_resource("ChatApi", "Properties", "Missing") == 5
    assert lines.of_resource("ChatApiStage") == 4
    assert lines.of_resource("ChatApiConnectRoute") == 7
    assert lines.of_resource("ChatApiSendIntegration") == 8
    assert lines.of_resource("ChatRole") == 2
    assert lines.of_resource("MainTickPermission") == 12
    assert lines.of_resource("Other") is None
    assert lines.source("MainTick") == "Main"
    assert Lines().of_resource("Main") is None
