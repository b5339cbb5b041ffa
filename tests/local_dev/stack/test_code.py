"""Code is found wherever a template may say it is: folders, zip files, build folders, the CDK's assets, images."""

import zipfile
from pathlib import Path

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.code import code_folder, point_at_disk, unpacked

from .conftest import Deploy

SAM = """Transform: AWS::Serverless-2016-10-31
Parameters: {{Folder: {{Type: String, Default: handlers}}}}
Conditions: {{Here: !Equals [a, a]}}
Resources:
  Ws:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes: {{$default: {{FunctionArn: !GetAtt F.Arn}}}}
  F:
    Type: AWS::Serverless::Function
    Properties: {{Handler: app.handler, Runtime: python3.9, {code}}}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("code", "folder"),
    [
        ("CodeUri: src/", "src"),
        ("CodeUri: ./src/../other", "other"),
        ("Timeout: 3", "."),
        ("CodeUri: !Ref Folder", "handlers"),
        ("CodeUri: !Sub '${Folder}/main'", "handlers/main"),
        ("CodeUri: !If [Here, a, b]", "a"),
        ("CodeUri: 'with blank & %'", "with blank & %"),
    ],
)
def test_sam_folders(deployed: Deploy, tmp_path: Path, code: str, folder: str) -> None:
    (function,) = deployed(SAM.format(code=code)).stack.functions.values()
    assert function.code == (tmp_path / folder).resolve()


def test_a_built_template_points_beside_itself(deployed: Deploy, tmp_path: Path) -> None:
    made = deployed(SAM.format(code="CodeUri: F"), ".aws-sam/build/template.yaml")
    (function,) = made.stack.functions.values()
    assert function.code == tmp_path / ".aws-sam" / "build" / "F"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("CodeUri: s3://bucket/key.zip", "its code is not on this disk but s3://bucket/key.zip"),
        ("CodeUri: {Bucket: bucket, Key: key.zip}", "its code is not on this disk but s3://bucket/key.zip"),
        ("CodeUri: gone", "its code is not there: "),
    ],
)
def test_code_that_is_not_here(deployed: Deploy, code: str, says: str) -> None:
    made = deployed(SAM.format(code=code))
    (note,) = made.stack.notes
    assert note.text.startswith(says)
    assert note.line in (10, 12)


def test_a_function_in_an_image(deployed: Deploy) -> None:
    text = SAM.format(code="X").replace("Handler: app.handler, Runtime: python3.9, X", "PackageType: Image")
    made = deployed(text)
    (function,) = made.stack.functions.values()
    assert function.code is None
    assert [note.text for note in made.stack.notes] == ["functions in container images are not run here"]


def test_zip_files_are_unpacked_once(deployed: Deploy, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("app.py", "one")
        archive.writestr("../../outside.py", "no")
    (function,) = deployed(SAM.format(code="CodeUri: code.zip")).stack.functions.values()
    assert function.code is not None
    assert (function.code / "app.py").read_text() == "one"
    assert not (tmp_path / "outside.py").exists()
    assert unpacked(tmp_path / "code.zip") == function.code
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("app.py", "two")
    assert (unpacked(tmp_path / "code.zip") / "app.py").read_text() == "two"


def test_a_file_that_is_no_zip(deployed: Deploy, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1")
    made = deployed(SAM.format(code="CodeUri: app.py"))
    (note,) = made.stack.notes
    assert "app.py: neither a folder nor a zip file" in note.text
    with pytest.raises(TemplateError, match="neither a folder nor a zip file"):
        unpacked(tmp_path / "app.py")


def test_raw_functions_layers_and_the_cdks_assets(tmp_path: Path) -> None:
    asset = {"aws:asset:path": "asset.123", "aws:asset:property": "Code"}
    template = {
        "Resources": {
            "F": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "src"}},
            "L": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": "layer"}},
            "C": {
                "Type": "AWS::Lambda::Function",
                "Metadata": asset,
                "Properties": {
                    "Code": {"S3Bucket": {"Fn::Sub": "cdk-${AWS::AccountId}"}, "S3Key": "123.zip"}
                },
            },
            "S": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Bucket": "b", "S3Key": "k"}}},
            "Odd": "not a resource",
        }
    }
    point_at_disk(template, base=tmp_path, parameters={})
    resources: dict[str, dict[str, dict[str, dict[str, str]]]] = template["Resources"]  # type: ignore[assignment]
    assert code_folder(resources["F"]["Properties"]["Code"]) == tmp_path / "src"
    assert code_folder(resources["L"]["Properties"]["Content"]) == tmp_path / "layer"
    assert code_folder(resources["C"]["Properties"]["Code"]) == tmp_path / "asset.123"
    assert code_folder(resources["S"]["Properties"]["Code"]) is None
