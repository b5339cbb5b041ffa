"""Templates deployed into moto within the test's own process, and read back."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_dev.stack.cloud import Resource
from local_dev.stack.model import Stack
from local_dev.stack.moto_stack import deploy
from local_dev.stack.reader import read_stack
from local_dev.stack.template import check_parameters, read_template, transform

_numbers = itertools.count()


@dataclass(frozen=True)
class Deployed:
    """What a template became: the stack, and each resource's resolved properties and physical id."""

    stack: Stack
    resources: Mapping[str, Resource]
    outputs: Mapping[str, str]

    def notes(self) -> list[str]:
        """The notes as `<line> <logical id>: <text>`."""
        return [f"{note.line} {note.logical_id}: {note.text}" for note in self.stack.notes]

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        """The resolved properties of a resource."""
        return self.resources[logical_id].properties


Deploy = Callable[..., Deployed]


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Deploys the text of a template: `deployed(text, name=…, address=…, Parameter=…)`. Each time into a stack of a
    new name, since moto is one for the whole process.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(text: str, name: str = "template.yaml", address: str = "", **parameters: str) -> Deployed:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        template = read_template(path)
        given = check_parameters(template, parameters)
        cloudformation = transform(template, base=path.parent, parameters=given)
        _, answer = deploy(
            template=cloudformation,
            parameters=given,
            region="us-east-1",
            stack=f"s{next(_numbers)}",
            address=address,
        )
        resources = {
            logical_id: Resource(logical_id, item["type"], item["id"], item["properties"])
            for logical_id, item in answer["resources"].items()
        }
        stack = read_stack(
            resources,
            account=answer["account"],
            region="us-east-1",
            template=template,
            notes=[(note["logical_id"], note["text"]) for note in answer["notes"]],
        )
        return Deployed(stack, resources, answer["outputs"])

    return run
