"""docs/openapi.yaml says what is so: it is valid, its examples are of its schemas, and its addresses, statuses and
codes are those of the template, the edge function and the table of errors. Whether the chat answers so:
tests/chat/test_openapi.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat import answers
from chat.errors import Code, ParleyError
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from .conftest import Run

Document = dict[str, Any]

METHODS = ("get", "post", "delete", "put", "patch", "head", "options")


@pytest.fixture(scope="module")
def document(root: Path) -> Document:
    found: Document = yaml.safe_load((root / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    return found


def resolved(document: Document, node: Any) -> Any:
    """What a reference leads to."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and what stands there."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def responses(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Operation, status and what stands there."""
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            yield operation["operationId"], status, resolved(document, response)


def codes(document: Document, node: Any) -> set[str]:
    """The codes of errors that a schema allows."""
    node = resolved(document, node)
    found = set()
    if "code" in node.get("properties", {}):
        code = node["properties"]["code"]
        found |= set(code.get("enum", ())) | ({code["const"]} if "const" in code else set())
    for key in ("allOf", "oneOf"):
        for part in node.get(key, ()):
            found |= codes(document, part)
    return found


def test_it_is_valid(document: Document) -> None:
    validate(document)


def test_its_operations_are_the_routes_as_the_edge_maps_them(
    document: Document, run: Run, template: dict[str, Any]
) -> None:
    routes = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }
    mapped = {}
    for path, method, _ in operations(document):
        names = {"room": "general", "client": "Ada"}
        request = run(path.format_map(names))
        query = {name: item["value"] for name, item in request["querystring"].items()}
        assert query == {"room_id": "general", "client_id": "Ada" if "{client}" in path else ""}
        mapped[f"{method.upper()} {path}"] = f"{method.upper()} {request['uri']}"
    assert set(mapped.values()) == routes
    assert len(mapped) == len(routes)


def test_every_code_is_there_under_the_status_that_it_has(document: Document) -> None:
    listed = {
        (code, int(status))
        for _, status, response in responses(document)
        for content in response.get("content", {}).values()
        for code in codes(document, content["schema"])
    }

    def status_of(code: Code) -> int:
        def refuse() -> answers.Answer:
            raise ParleyError(code)

        status: int = answers.answered(refuse)["statusCode"]
        return status

    assert listed == {(code.value, status_of(code)) for code in Code}


def test_every_answer_of_the_chat_must_not_be_stored(document: Document) -> None:
    for operation, status, response in responses(document):
        ours = not response.get("content") or any(
            codes(document, content["schema"]) or status < "300" for content in response["content"].values()
        )
        if ours and status != "503":
            assert "Cache-Control" in response["headers"], (operation, status)


def test_examples_are_as_their_schemas_say_and_in_both_languages(document: Document) -> None:
    shown = 0
    for where, schema, examples in _examples(document, document["paths"], "paths"):
        validator = Draft202012Validator({**schema, "components": document["components"]})
        for name, example in examples.items():
            errors = [error.message for error in validator.iter_errors(example["value"])]
            assert not errors, (where, name)
            shown += 1
        if "english" in examples and "text/plain" not in where:
            assert "persian" in examples, where
            assert re.search("[\u0600-\u06ff]", str(examples["persian"]["value"])), where
    assert shown > 20


def _examples(document: Document, node: Any, where: str) -> Iterator[tuple[str, Document, Document]]:
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from _examples(document, item, f"{where}/{number}")
    elif isinstance(node, dict):
        node = resolved(document, node)
        if "examples" in node and "schema" in node:
            yield where, node["schema"], node["examples"]
        for key, value in node.items():
            if key not in ("schema", "examples"):
                yield from _examples(document, value, f"{where}/{key}")


def test_limits_are_those_of_the_code(document: Document, template: dict[str, Any]) -> None:
    from chat import frames, names, presence
    from chat.memberships import POLL_LEASE_SECONDS
    from chat.polling import LONGEST_WAIT

    schemas = document["components"]["schemas"]
    assert schemas["Name"]["maxLength"] == names.MAX_LENGTH
    assert schemas["Id"]["maxLength"] == frames.MAX_ID
    assert schemas["Frame"]["properties"]["content"]["maxLength"] == frames.MAX_CONTENT
    assert schemas["Presence"]["properties"]["users"]["maxItems"] == presence.MAX_USERS
    parameters = {
        item["name"]: item for item in document["paths"]["/api/rooms/{room}/events"]["get"]["parameters"]
    }
    assert parameters["wait"]["schema"]["maximum"] == LONGEST_WAIT
    text = document["info"]["description"]
    assert f"stands for {POLL_LEASE_SECONDS} seconds" in text
    defaults = {name: item["Default"] for name, item in template["Parameters"].items() if "Default" in item}
    assert (
        f"{defaults['MessageBurst']} requests at once and {defaults['MessageRate']} more each second" in text
    )
