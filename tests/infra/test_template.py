"""The templates are sound, and every parameter is explained."""

import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from .conftest import ROOT
from .reading import FUNCTIONS

TEMPLATES = [
    path.relative_to(ROOT) for path in (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml")))
]


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_cfn_lint_finds_nothing(path: Path, root: Path) -> None:
    assert lint_file(root / path) == []


def test_every_log_group_has_a_retention(resources: dict[str, Any]) -> None:
    groups = [item for item in resources.values() if item["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == len(FUNCTIONS) + 1
    for group in groups:
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_deploying_page_lists_the_parameters(root: Path, template: dict[str, Any]) -> None:
    page = (root / "docs" / "deploying.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`|empty) \|", page, re.MULTILINE)
    assert listed == [(name, str(item["Default"])) for name, item in template["Parameters"].items()]


def test_every_parameter_is_in_a_group_and_explained(template: dict[str, Any]) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert all(item["Description"] for item in template["Parameters"].values())
