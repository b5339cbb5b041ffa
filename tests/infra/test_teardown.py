"""`make teardown` against moto, with a `sam` that writes down what it is asked."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra import teardown

REGION = "eu-central-1"

SITE = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.Session(region_name=REGION)


@pytest.fixture
def bucket(session: boto3.Session) -> str:
    """The site's bucket of a stack `chat`, with more than a page of files."""
    s3: Any = session.client("s3")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration=where)
    s3.put_object(Bucket="templates", Key="site.json", Body=json.dumps(SITE).encode())
    url = f"https://templates.s3.{REGION}.amazonaws.com/site.json"
    template = {
        "Resources": {"Site": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}
    }
    cloudformation: Any = session.client("cloudformation")
    cloudformation.create_stack(StackName="chat", TemplateBody=json.dumps(template))
    [name] = [item["Name"] for item in s3.list_buckets()["Buckets"] if item["Name"] != "templates"]
    for number in range(3):
        s3.put_object(Bucket=name, Key=f"js/{number}.js", Body=b"1")
    return str(name)


def left_in(session: boto3.Session, bucket: str) -> int:
    s3: Any = session.client("s3")
    return int(s3.list_objects_v2(Bucket=bucket)["KeyCount"])


@pytest.fixture
def sam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `sam` that is first on the PATH; what it was asked is in the file."""
    asked = tmp_path / "asked"
    command = tmp_path / "bin" / "sam"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nexit ${{SAM_ENDS_WITH:-0}}\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    return asked


def test_the_bucket_is_emptied_and_the_stack_deleted(
    session: boto3.Session, bucket: str, sam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert teardown.main(["--stack", "chat", "--region", REGION, "--yes"], session) == 0
    assert left_in(session, bucket) == 0
    assert sam.read_text(encoding="utf-8") == f"delete --stack-name chat --region {REGION} --no-prompts\n"
    said = capsys.readouterr().out
    assert said.startswith(f"{bucket}: 3 files deleted\n")
    assert "What stays" in said


@pytest.mark.parametrize("answer", ["chat", " chat\n", "y", ""])
def test_only_the_stacks_name_is_a_yes(
    answer: str, session: boto3.Session, bucket: str, sam: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = answer.strip() == "chat"
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        if not answer:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", ask)
    assert teardown.main(["--stack", "chat"], session) == (0 if deleted else 1)
    assert sam.exists() == deleted
    assert (left_in(session, bucket) == 0) == deleted
    assert "chat in eu-central-1" in asked[0]


def test_a_file_that_cannot_be_deleted_leaves_the_stack_alone(
    session: boto3.Session, bucket: str, sam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Errors"] = [{"Key": "js/1.js", "Code": "AccessDenied", "Message": "no"}]

    events: Any = session.events
    events.register("after-call.s3.DeleteObjects", refuse)
    assert teardown.main(["--stack", "chat", "--yes"], session) == 1
    assert capsys.readouterr().err == f"teardown: js/1.js in {bucket} cannot be deleted: AccessDenied\n"
    assert not sam.exists()


def test_an_empty_bucket(session: boto3.Session, bucket: str, sam: Path) -> None:
    assert teardown.empty(session, bucket) == 3
    assert teardown.main(["--stack", "chat", "--yes"], session) == 0
    assert sam.exists()


def test_no_region(
    sam: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert teardown.main(["--stack", "chat", "--yes"]) == 1
    assert capsys.readouterr().err.startswith("teardown: no region: ")


def test_no_stack(session: boto3.Session, sam: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert teardown.main(["--stack", "other", "--yes"], session) == 1
    assert capsys.readouterr().err == "teardown: there is no stack other in eu-central-1\n"
    assert not sam.exists()


def test_a_stack_that_is_there_in_part(session: boto3.Session, sam: Path) -> None:
    cloudformation: Any = session.client("cloudformation")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation.create_stack(StackName="half", TemplateBody=json.dumps(template))
    assert teardown.main(["--stack", "half", "--yes"], session) == 0
    assert sam.exists()


def test_sam_that_fails(
    session: boto3.Session,
    bucket: str,
    sam: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SAM_ENDS_WITH", "3")
    assert teardown.main(["--stack", "chat", "--yes"], session) == 1
    said = capsys.readouterr()
    assert said.err == "teardown: `sam delete` ended with 3; see the events of chat\n"
    assert "What stays" not in said.out


def test_no_sam(
    session: boto3.Session,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert teardown.main(["--stack", "chat", "--yes"], session) == 1
    assert capsys.readouterr().err == "teardown: there is no `sam` on the PATH; nothing was deleted\n"
    assert left_in(session, bucket) == 3
