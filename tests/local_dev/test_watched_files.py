"""Whatever a deployment was read from is watched: the template, and each file that belongs to it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import EVENT_TIMEOUT, Running, running

FILES = {
    "template.yaml": """Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: AWS::Serverless::HttpApi, Properties: {DefinitionUri: api.yaml}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/template.yaml}}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: part.yaml}}
""",
    "api.yaml": "openapi: 3.0.1\npaths: {}\n",
    "part.yaml": "Jobs: {Type: AWS::SQS::Queue}\n",
    "nested/template.yaml": "Resources: {Other: {Type: AWS::SQS::Queue}}\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "nested").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def deployed(folder: Path) -> Iterator[Running]:
    """The template, running."""
    with running(folder / "template.yaml", watch=True) as one:
        yield one


@pytest.mark.parametrize("name", FILES)
def test_each_file_that_is_saved_asks_for_a_restart(deployed: Running, folder: Path, name: str) -> None:
    expected = f"{Path(name)} was saved: restart to deploy what changed in it"
    deadline = time.monotonic() + EVENT_TIMEOUT
    while expected not in deployed.recorder.lines("gateway"):  # nobody tells when the watch is set up
        assert time.monotonic() < deadline, deployed.recorder.lines("gateway")
        (folder / name).write_text(FILES[name], encoding="utf-8")
        time.sleep(0.1)
