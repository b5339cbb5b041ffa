"""`make deploy`, with a `sam` and a Python that write down what they are asked."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT

STAND_IN = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
name, asked = Path(sys.argv[0]).name, sys.argv[1:]
if asked[:2] == ["-m", "infra.overrides"]:
    os.execv({sys.executable!r}, [{sys.executable!r}, *asked])
with open("asked", "a", encoding="utf-8") as file:
    print(json.dumps([name, *asked]), file=file)
sys.exit(name == "sam" and asked[0] == os.environ.get("SAM_FAILS_AT"))
"""

PUBLISH = ["python", "-m", "infra.publish"]


@dataclass(frozen=True)
class Project:
    """What deploying needs of the project, in a folder of its own."""

    folder: Path

    def run(self, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a line of shell as a person would."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        # Not what `make test` gives those that it starts.
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self.folder,
            env={"PATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def asked(self) -> list[list[str]]:
        """What was asked since the last time, of whom."""
        file = self.folder / "asked"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    def saves(self, settings: str) -> None:
        """Have samconfig.toml say something more about `sam deploy`, whose table is its last."""
        with (self.folder / "samconfig.toml").open("a", encoding="utf-8") as file:
            file.write(f"{settings}\n")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for name in ("Makefile", "samconfig.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (tmp_path / "bin" / "sam", tmp_path / ".venv" / "bin" / "python"):
        path.parent.mkdir(parents=True)
        path.write_text(STAND_IN, encoding="utf-8")
        path.chmod(0o755)
    stamp = tmp_path / ".venv" / "run.stamp"
    stamp.touch()
    os.utime(tmp_path / "requirements.lock", (0, 0))  # older than what stands for its having been installed
    return Project(tmp_path)


def test_it_builds_deploys_and_publishes(project: Project) -> None:
    done = project.run("make deploy STACK=chat REGION=eu-central-1 ARGS='--parameter-overrides A=1 B=2'")
    assert done.returncode == 0, done.stderr
    where, named = ["--region", "eu-central-1"], ["--parameter-overrides", "A=1", "B=2"]
    assert project.asked() == [
        ["sam", "build"],
        ["sam", "deploy", "--stack-name", "chat", *where, "--no-confirm-changeset", *named],
        [*PUBLISH, "--stack", "chat", *where],
    ]


def test_without_more_it_leaves_everything_to_samconfig(project: Project) -> None:
    assert project.run("make deploy").returncode == 0
    assert project.asked() == [["sam", "build"], ["sam", "deploy", "--no-confirm-changeset"], PUBLISH]


@pytest.mark.parametrize("step", ["build", "deploy"])
def test_what_fails_ends_it(step: str, project: Project) -> None:
    assert project.run("make deploy", SAM_FAILS_AT=step).returncode
    assert project.asked()[-1][:2] == ["sam", step]


def test_a_dry_run_does_nothing(project: Project) -> None:
    done = project.run("make -n deploy STACK=chat")
    assert project.asked() == []
    for said in ("sam build\n", "sam deploy --stack-name chat ", "infra.publish --stack chat"):
        assert said in done.stdout


@pytest.mark.parametrize("saved", ['"AccessMode=\\"open\\""', '["AccessMode=open"]'])
@pytest.mark.parametrize("line", ["make deploy", "make deploy STACK=other", "make deploy ARGS=--guided"])
def test_saved_parameters_are_not_sent(line: str, saved: str, project: Project) -> None:
    project.saves(f"parameter_overrides = {saved}")
    done = project.run(line)
    assert done.returncode
    assert done.stderr.startswith("deploy: samconfig.toml has parameter_overrides, ")
    assert project.asked() == []


@pytest.mark.parametrize("option", ["--guided", "-g"])
def test_the_guide_is_refused(option: str, project: Project) -> None:
    done = project.run(f"make deploy ARGS='{option} --region eu-central-1'")
    assert done.returncode
    assert done.stderr.startswith("deploy: the guide would set every parameter")
    assert project.asked() == []


def test_ours_saves_no_parameters(project: Project) -> None:
    """With what is committed a deployment goes through, from CI as well."""
    assert "\nparameter_overrides" not in (ROOT / "samconfig.toml").read_text(encoding="utf-8")


def _documented() -> list[str]:
    """Each `make deploy` of the documents, in a block of its own lines or within a text."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/deploying.md")]
    return [
        line
        for text in texts
        for line in re.findall(r"^make deploy.*|(?<=`)make deploy[^`]*(?=`)", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("line", _documented())
def test_what_the_documents_say_works(line: str, project: Project, template: dict[str, Any]) -> None:
    assert project.run(line).returncode == 0
    [build, deploy, publish] = project.asked()
    assert (build, publish[:3]) == (["sam", "build"], PUBLISH)
    *_, named = " ".join(deploy).partition("--parameter-overrides ")
    assert {item.partition("=")[0] for item in named.split()} <= template["Parameters"].keys()


def test_the_documents_say_how_to_empty_a_parameter(project: Project) -> None:
    """SAM takes no parameter without a value, and one of two quotes for an empty one."""
    [line] = [line for line in _documented() if '""' in line.replace("\\", "")]
    project.run(line)
    _, deploy, _ = project.asked()
    assert deploy[-2:] == ['DomainName=""', 'HostedZoneId=""']
