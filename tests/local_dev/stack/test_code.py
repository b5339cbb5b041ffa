"""Code is found wherever a template may say it is: folders, zip files, build folders, the CDK's assets, images."""

import json
import zipfile
from pathlib import Path
from typing import Any

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


def test_what_the_cdk_lists_beside_the_template(tmp_path: Path) -> None:
    """Without the metadata in the template, which only its command line asks for."""
    listing = {
        "files": {
            "a1": {"source": {"path": "asset.a1"}, "destinations": {"here": {"objectKey": "a1.zip"}}},
            "b2": {"source": {"path": "asset.b2.zip"}, "destinations": {"here": {"objectKey": "b2.zip"}}},
        }
    }
    (tmp_path / "Stack.assets.json").write_text(json.dumps(listing))
    (tmp_path / "Broken.assets.json").write_text("{}")
    resources: dict[str, Any] = {
        name: {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Code": {"S3Bucket": "b", "S3Key": f"{name}.zip"}},
        }
        for name in ("a1", "b2", "c3")
    }
    point_at_disk({"Resources": resources}, base=tmp_path, parameters={})
    found = [code_folder(resource["Properties"]["Code"]) for resource in resources.values()]
    assert found == [tmp_path / "asset.a1", tmp_path / "asset.b2.zip", None]


def test_the_serverless_frameworks_package(tmp_path: Path) -> None:
    (tmp_path / "chat.zip").write_bytes(b"")
    key = "serverless/chat/dev/1700000000000-2023-11-14T22:13:20.000Z/chat.zip"
    code: dict[str, Any] = {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": key}
    resources = {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Code": code}}}
    point_at_disk({"Resources": resources}, base=tmp_path, parameters={})
    assert code_folder(resources["F"]["Properties"]["Code"]) == tmp_path / "chat.zip"  # type: ignore[index]


@pytest.mark.parametrize(
    ("metadata", "made", "inside"),
    [
        ("Metadata: {BuildMethod: python3.12}", "layer/shared.py", "python/shared.py"),
        ("Metadata: {BuildMethod: python3.12}", "layer/python/shared.py", "python/shared.py"),
        ("Metadata: {BuildMethod: makefile}", "layer/shared.py", "shared.py"),
        ("Description: as it is", "layer/shared.py", "shared.py"),
    ],
)
def test_a_layer_that_is_still_to_be_built(
    deployed: Deploy, tmp_path: Path, metadata: str, made: str, inside: str
) -> None:
    """`sam build` puts the folder's content where Lambda looks for it, unless it is there."""
    (tmp_path / made).parent.mkdir(parents=True)
    (tmp_path / made).write_text("x = 1")
    layer = f"  L: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: layer}}, {metadata}}}\n"
    for _ in range(2):
        (function,) = deployed(SAM.format(code="Layers: [!Ref L]") + layer).stack.functions.values()
        assert (function.layers[0] / inside).read_text() == "x = 1"


def test_a_layer_that_is_not_here(deployed: Deploy) -> None:
    layer = "  L: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Bucket: b, S3Key: k.zip}}}\n"
    (note,) = deployed(SAM.format(code="Layers: [!Ref L]") + layer).stack.notes
    assert note.text == "its content is not on this disk but s3://b/k.zip; functions run without the layer"


def test_a_layer_of_somebody_elses(deployed: Deploy) -> None:
    arn = "arn:aws:lambda:us-east-1:017000801446:layer:Powertools:7"
    (note,) = deployed(SAM.format(code=f"Layers: ['{arn}']")).stack.notes
    remedy = "what is imported from it has to be installed where parley is"
    assert note.text == f"the layer {arn} is not in this template: {remedy}"
