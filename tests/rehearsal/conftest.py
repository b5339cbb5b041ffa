"""One rehearsal for all tests: built once, deployed, deployed again, changed, deleted.

It needs the SAM CLI, which `make rehearse` installs in an environment of its own and names in SAM. Without, as in
`make test`, there is nothing to collect here.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import decode  # type: ignore[import-untyped]

from tests.conftest import ROOT

from .cloud import REGION, Cloud, Deployed
from .sam import RUNTIME, Sam, find_python

if "SAM" not in os.environ:
    collect_ignore_glob = ["test_*.py"]

STACK = "parley"
"""The name in samconfig.toml."""


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An AWS with nothing in it."""
    started = Cloud(tmp_path_factory.mktemp("cloud") / "log.txt")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def sam(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Sam:
    """The SAM CLI, for that AWS."""
    python = find_python()
    if python is None:
        reason = f"sam build needs {RUNTIME}: install it, or name it in PYTHON313"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return Sam(
        os.environ["SAM"],
        endpoint=cloud.endpoint,
        region=REGION,
        python=python,
        home=tmp_path_factory.mktemp("home"),
    )


@dataclass(frozen=True)
class Deployments:
    """Deploys what was built in `folder`."""

    sam: Sam
    cloud: Cloud
    folder: Path

    @property
    def template(self) -> Path:
        """The built template."""
        return self.folder / ".aws-sam" / "build" / "template.yaml"

    def run(self, module: str, *arguments: str) -> str:
        """Run a module of the project's own, as the Makefile does."""
        return self.sam.run([sys.executable, "-m", module, *arguments], folder=ROOT)

    def deploy(self, name: str = STACK, parameters: Mapping[str, str] = {}) -> Deployed:
        """Deploy, with what samconfig.toml says and without a question. The stack as it is then."""
        given = [f"{key}={value}" for key, value in parameters.items()]
        said = self.sam(
            "deploy",
            "--no-confirm-changeset",
            *(["--stack-name", name] if name != STACK else []),
            *(["--parameter-overrides", *given] if given else []),
            folder=self.folder,
        )
        [stack] = self.cloud("cloudformation").describe_stacks(StackName=name)["Stacks"]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
        return Deployed(name, self.cloud, self.cloud.stacks(), outputs, said)


@pytest.fixture(scope="session")
def built(sam: Sam, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Deployments:
    """The project, built beside where it is: `.aws-sam` here may be somebody's own."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("infra", "functions"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    sam("build", folder=folder)
    return Deployments(sam, cloud, folder)


@pytest.fixture(scope="session")
def deployed(built: Deployments) -> Deployed:
    """The stack as it is deployed without a parameter. Nothing changes it."""
    return built.deploy()


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml as it is written."""
    content, errors = decode(str(ROOT / "template.yaml"))
    assert not errors
    parsed: dict[str, Any] = json.loads(json.dumps(content))
    return parsed
