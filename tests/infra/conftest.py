"""The template as AWS's own tools read it: whole, and transformed to CloudFormation."""

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import quickjs
from cfnlint.decode import decode  # type: ignore[import-untyped]

from .site_parameters import GIVEN

ROOT = Path(__file__).parents[2]

Transform = Callable[..., dict[str, Any]]
Run = Callable[..., dict[str, Any]]
Distribution = Callable[..., dict[str, Any]]

USED = {"Object", "decodeURIComponent", "encodeURIComponent"}
"""Globals that the source may use: ECMAScript 5.1, which every runtime of CloudFront functions has."""


def evaluated(template: dict[str, Any], node: Any, parameters: dict[str, str]) -> Any:
    """`node` of a template with its conditions decided, by these values and the defaults; everything else stays."""
    values = {
        name: str(spec.get("Default", "")) for name, spec in template["Parameters"].items()
    } | parameters

    def holds(test: Any) -> bool:
        match test:
            case {"Fn::Equals": [left, right]}:
                return bool(made(left) == made(right))
            case {"Fn::Not": [inner]}:
                return not holds(inner)
            case {"Fn::And": parts}:
                return all(map(holds, parts))
            case {"Fn::Or": parts}:
                return any(map(holds, parts))
            case {"Condition": name} | str(name):
                return holds(template["Conditions"][name])
        raise AssertionError(f"no condition: {test}")

    def made(item: Any) -> Any:
        if isinstance(item, list):
            return [kept for kept in map(made, item) if kept != {"Ref": "AWS::NoValue"}]
        match item:
            case {"Fn::If": [test, then, otherwise]}:
                return made(then if holds(test) else otherwise)
            case {"Ref": name} if name in values:
                return values[name]
            case {"Fn::Equals": _} | {"Fn::Not": _} | {"Fn::And": _} | {"Fn::Or": _}:
                return holds(item)
            case dict():
                both = {key: made(value) for key, value in item.items()}
                return {key: value for key, value in both.items() if value != {"Ref": "AWS::NoValue"}}
        return item

    return made(node)


def read(path: Path) -> Any:
    content, errors = decode(str(path))
    assert not errors
    return json.loads(json.dumps(content))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml, before the SAM transform."""
    result: dict[str, Any] = read(ROOT / "template.yaml")
    return result


@pytest.fixture(scope="session")
def site() -> dict[str, Any]:
    """infra/site.yaml, the nested stack with the page, the distribution and the edge function."""
    result: dict[str, Any] = read(ROOT / "infra" / "site.yaml")
    return result


@pytest.fixture(scope="session")
def distribution(site: dict[str, Any]) -> Distribution:
    """The distribution's configuration with these parameters."""

    def made(**parameters: str) -> dict[str, Any]:
        properties = site["Resources"]["Distribution"]["Properties"]
        result: dict[str, Any] = evaluated(site, properties["DistributionConfig"], GIVEN | parameters)
        return result

    return made


@pytest.fixture(scope="session")
def us_east_1() -> dict[str, Any]:
    """infra/us-east-1.yaml, the certificate and the web ACL."""
    result: dict[str, Any] = read(ROOT / "infra" / "us-east-1.yaml")
    return result


@pytest.fixture(scope="session")
def transform(template: dict[str, Any]) -> Transform:
    """The SAM transform as CloudFormation runs it, on code that has been uploaded."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks boto3 for a region
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    def run(code: str = "s3://bucket/code.zip", **parameters: str) -> dict[str, Any]:
        uploaded = copy.deepcopy(template)
        uploaded["Globals"]["Function"]["CodeUri"] = code
        result: dict[str, Any] = Translator({}, Parser()).translate(uploaded, parameters)
        return result

    return run


@pytest.fixture(scope="session")
def resources(transform: Transform) -> dict[str, Any]:
    """The resources of the transformed template by logical id."""
    result: dict[str, Any] = transform()["Resources"]
    return result


@pytest.fixture(scope="session")
def edge_source(template: dict[str, Any], site: dict[str, Any]) -> str:
    """The edge function's JavaScript as it is deployed with the default parameters."""
    source: str = site["Resources"]["EdgeFunction"]["Properties"]["FunctionCode"]["Fn::Sub"]
    assert source.count("${") == 1, "Fn::Sub would take it for a reference"
    return source.replace("${StageName}", template["Parameters"]["StageName"]["Default"])


@pytest.fixture(scope="session")
def run(edge_source: str) -> Run:
    """The edge function in an engine of its own, without the globals that it should not know."""
    context = quickjs.Context()
    context.eval(edge_source)
    # What the harness itself uses is kept in closures, out of the function's reach.
    context.eval(
        """
        var run = (function (json) {
          return function (event) { return json.stringify(handler(json.parse(event))); };
        })(JSON);
        var keepOnly = (function (all) {
          return function (kept) {
            Object.getOwnPropertyNames(all)
              .filter(function (name) { return kept.indexOf(name) < 0; })
              .forEach(function (name) { delete all[name]; });
          };
        })(globalThis);
        """
    )
    context.eval(f"keepOnly({json.dumps(sorted(USED))})")
    assert context.eval("typeof JSON + typeof Map + typeof Promise") == "undefined" * 3
    call = context.get("run")

    def answer(uri: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
        event = {
            "version": "1.0",
            "context": {
                "distributionDomainName": "d111111abcdef8.cloudfront.net",
                "distributionId": "EDFDVBD6EXAMPLE",
                "eventType": "viewer-request",
                "requestId": "EXAMPLE4QzkzODk2NzY4NjU2Mzc0NjU3NjM3NjU3Ng==",
            },
            "viewer": {"ip": "198.51.100.11"},
            "request": {
                "method": "GET",
                "uri": uri,
                "querystring": query or {},
                "headers": {"host": {"value": "chat.example"}, "upgrade": {"value": "websocket"}},
                "cookies": {"theme": {"value": "dark"}},
            },
        }
        result: dict[str, Any] = json.loads(call(json.dumps(event)))
        return result

    return answer
