"""The workflow for GitHub: it runs what there is, with no more rights than it needs."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from .conftest import read


@pytest.fixture(scope="module")
def workflow(root: Path) -> dict[str, Any]:
    parsed: dict[Any, Any] = yaml.safe_load((root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    parsed["on"] = parsed.pop(True)  # YAML 1.1 takes the word for a boolean
    return parsed


def runs(workflow: dict[str, Any]) -> list[str]:
    """Every command of every job."""
    return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def test_it_runs_what_there_is(workflow: dict[str, Any], root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    rules = re.findall(r"^(\S+):(?!=)", makefile, re.MULTILINE)
    patterns = [re.escape(rule).replace("%", ".+") for rule in rules]
    commands = [*runs(workflow), (root / ".ci/run").read_text(encoding="utf-8")]
    targets = [
        word
        for command in commands
        for words in re.findall(r"(?m)(?:^|[\"' ])make ([^\n&|]+)", re.sub(r"(?m)^#.*$", "", command))
        for word in words.split()
        if "=" not in word and '"' not in word and not word.startswith("-")
    ]
    assert {"scan", "rehearse", "test", "deploy"} <= set(targets)
    for target in targets:
        assert any(re.fullmatch(pattern, target) for pattern in patterns), target
    for script in re.findall(r"(?m)^\.\S+", "\n".join(runs(workflow))):
        assert (root / script).stat().st_mode & 0o100, script


def test_it_may_only_read(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["check"]


def test_only_a_tag_is_deployed_and_only_after_the_checks(workflow: dict[str, Any]) -> None:
    deploy = workflow["jobs"]["deploy"]
    assert deploy["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert deploy["needs"] == "check"
    assert deploy["environment"] == "production"
    assert deploy["permissions"] == {"contents": "read", "id-token": "write"}
    assert "pull_request_target" not in workflow["on"]


def evaluated(text: str, ref: str) -> str:
    """A text with its expressions, of which these are a small part, worked out for a push of `ref`."""
    names = {"startsWith": str.startswith, "github": SimpleNamespace(workflow="ci", ref=ref)}

    def value(match: re.Match[str]) -> str:
        found = eval(match[1].replace("&&", "and").replace("||", "or").replace("!", "not "), names)
        return str(found).lower() if isinstance(found, bool) else str(found)

    return re.sub(r"\$\{\{ (.+?) \}\}", value, text)


def test_tags_go_one_after_the_other_and_are_finished(workflow: dict[str, Any]) -> None:
    """With their checks: by those alone an older tag could be deployed after a newer one."""
    group, cancel = (workflow["concurrency"][name] for name in ("group", "cancel-in-progress"))
    tags, branches = ("refs/tags/v1", "refs/tags/v2"), ("refs/heads/main", "refs/heads/next")
    assert len({evaluated(group, ref) for ref in tags}) == 1
    assert len({evaluated(group, ref) for ref in (tags[0], *branches)}) == 3
    assert {evaluated(cancel, ref) for ref in tags} == {"false"}
    assert {evaluated(cancel, ref) for ref in branches} == {"true"}


def test_there_are_no_keys(root: Path) -> None:
    text = (root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "aws-access-key-id" not in text


def test_what_others_may_write_is_never_part_of_a_command(workflow: dict[str, Any]) -> None:
    """A branch's or a pull request's name in an expression would be a command."""
    assert not [command for command in runs(workflow) if "${{" in command]


def test_the_page_on_deploying_names_the_variables(workflow: dict[str, Any], root: Path) -> None:
    text = (root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    page = (root / "docs/deploying.md").read_text(encoding="utf-8")
    for variable in set(re.findall(r"vars\.(\w+)", text)):
        assert f"`{variable}`" in page


def test_the_page_on_deploying_names_the_services_that_the_role_needs(
    root: Path, resources: dict[str, Any], site: dict[str, Any]
) -> None:
    watch = read(root / "infra" / "watch.yaml")
    page = (root / "docs/deploying.md").read_text(encoding="utf-8")
    section = page.partition("\n## From CI\n")[2].partition("\n## ")[0]
    for item in (*resources.values(), *site["Resources"].values(), *watch["Resources"].values()):
        service = item["Type"].split("::")[1].lower().removesuffix("v2")
        assert f"`{service}`" in section
