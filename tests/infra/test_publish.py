"""`make publish` against moto: the bucket becomes what the folder is, and only what changed is invalidated."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from infra import command, publish, stack

REGION = "eu-central-1"

TEMPLATE = {
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
    "Outputs": {
        "SiteBucket": {"Value": {"Ref": "Bucket"}},
        "SiteUrl": {"Value": "https://chat.example/"},
    },
}


class _Raw:
    """A response's body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


@dataclass
class Deployed:
    """A stack in moto with an empty site."""

    session: boto3.Session
    folder: Path
    bucket: str
    distribution: str
    capsys: pytest.CaptureFixture[str]

    def run(self, *options: str) -> tuple[int, list[str], list[str]]:
        """The command: its exit code, and the lines of its output and of its errors."""
        code = publish.main(
            ["--stack", "chat", "--region", REGION, "--site", str(self.folder), *options], self.session
        )
        said = self.capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            path = self.folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def objects(self) -> dict[str, Any]:
        s3: Any = self.session.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {item["Key"]: s3.get_object(Bucket=self.bucket, Key=item["Key"]) for item in listed}

    def invalidated(self) -> list[list[str]]:
        """The paths of each invalidation, the latest first."""
        cloudfront: Any = self.session.client("cloudfront")
        listed = cloudfront.list_invalidations(DistributionId=self.distribution)["InvalidationList"]
        return [
            cloudfront.get_invalidation(DistributionId=self.distribution, Id=item["Id"])["Invalidation"][
                "InvalidationBatch"
            ]["Paths"]["Items"]
            for item in listed.get("Items", [])
        ]

    def fail(
        self, operation: str, status: int, code: str, *, times: int = 10_000, key: str = ""
    ) -> list[str]:
        """AWS answers these calls so, `times` times. The list fills with what was asked."""
        asked: list[str] = []

        def answer(request: Any, **_: Any) -> AWSResponse | None:
            if key not in request.url or len(asked) >= times:
                return None
            asked.append(request.url)
            body = f"<Response><Error><Code>{code}</Code><Message>{code} it is</Message></Error></Response>"
            if operation.startswith("s3"):
                body = f"<Error><Code>{code}</Code><Message>{code} it is</Message></Error>"
            return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body.encode()))

        events: Any = self.session.events
        events.register(f"before-send.{operation}", answer)
        return asked


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def deployed(aws: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Deployed:
    session = boto3.Session(region_name=REGION)
    cloudfront: Any = session.client("cloudfront")
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "x",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "page",
                        "DomainName": "b.s3.amazonaws.com",
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                    }
                ],
            },
            "DefaultCacheBehavior": {"TargetOriginId": "page", "ViewerProtocolPolicy": "https-only"},
        }
    )["Distribution"]["Id"]
    template = json.loads(json.dumps(TEMPLATE))
    template["Outputs"]["DistributionId"] = {"Value": distribution}
    cloudformation: Any = session.client("cloudformation")
    cloudformation.create_stack(StackName="chat", TemplateBody=json.dumps(template))
    outputs = stack.outputs_of(cloudformation.describe_stacks(StackName="chat")["Stacks"][0])
    made = Deployed(session, tmp_path / "site", outputs["SiteBucket"], distribution, capsys)
    made.write(index_html="<!doctype html>", style_css="p {}", js__main_js="1", js__types_d_ts="type A = 1")
    return made


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """botocore waits for nothing between its tries; how long it would have."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    return pauses


def test_the_first_time_everything_is_uploaded_and_nothing_invalidated(deployed: Deployed) -> None:
    code, out, err = deployed.run()
    assert (code, err) == (0, [])
    # The entry, which names the others, comes last.
    assert out == [
        "new      js/main.js",
        "new      style.css",
        "new      index.html",
        "https://chat.example/",
    ]
    objects = deployed.objects()
    assert {key: item["ContentType"] for key, item in objects.items()} == {
        "index.html": "text/html; charset=utf-8",
        "js/main.js": "text/javascript; charset=utf-8",
        "style.css": "text/css; charset=utf-8",
    }
    assert {item["CacheControl"] for item in objects.values()} == {
        "public, max-age=0, must-revalidate, s-maxage=3600"
    }
    assert deployed.invalidated() == []


def test_the_second_time_nothing_is_uploaded(deployed: Deployed) -> None:
    deployed.run()
    asked = deployed.fail("s3.PutObject", 500, "InternalError", times=0)
    before = {key: item["LastModified"] for key, item in deployed.objects().items()}
    assert deployed.run() == (0, ["nothing has changed", "https://chat.example/"], [])
    assert {key: item["LastModified"] for key, item in deployed.objects().items()} == before
    assert asked == []
    assert deployed.invalidated() == []


def test_what_changed_is_uploaded_and_invalidated_by_itself(deployed: Deployed) -> None:
    deployed.run()
    deployed.write(js__main_js="2", js__new_js="3")
    code, out, _ = deployed.run()
    assert code == 0
    assert out[:2] == ["changed  js/main.js", "new      js/new.js"]
    assert deployed.objects()["js/main.js"]["Body"].read() == b"2"
    assert deployed.invalidated() == [["/js/main.js"]]


def test_the_entry_is_invalidated_under_both_its_names(deployed: Deployed) -> None:
    deployed.run()
    deployed.write(index_html="<!doctype html><title>2</title>")
    deployed.run()
    assert [sorted(paths) for paths in deployed.invalidated()] == [["/", "/index.html"]]


def test_what_is_gone_is_deleted_and_invalidated(deployed: Deployed) -> None:
    deployed.write(**{"js__ä b_js": "1"})
    deployed.run()
    (deployed.folder / "js" / "ä b.js").unlink()
    _, out, _ = deployed.run()
    assert out[0] == "gone     js/ä b.js"
    assert deployed.objects().keys() == {"index.html", "style.css", "js/main.js"}
    assert deployed.invalidated() == [["/js/%C3%A4%20b.js"]]


def test_all_uploads_and_invalidates_what_is_the_same(deployed: Deployed) -> None:
    deployed.run()
    _, out, _ = deployed.run("--all")
    assert out[:3] == ["changed  js/main.js", "changed  style.css", "changed  index.html"]
    assert len(deployed.invalidated()) == 1


def test_the_page_of_this_project_can_be_published(deployed: Deployed, root: Path) -> None:
    deployed.folder = root / "site"
    code, _, err = deployed.run()
    assert (code, err) == (0, [])
    objects = deployed.objects()
    assert {"index.html", "js/main.js"} <= objects.keys()
    assert (objects["sw.js"]["CacheControl"], objects["sw.js"]["ContentType"]) == (
        "no-cache",
        "text/javascript; charset=utf-8",
    )
    assert objects["manifest.webmanifest"]["ContentType"] == "application/manifest+json"
    assert objects["icons/icon-192.png"]["ContentType"] == "image/png"
    assert not [key for key in deployed.objects() if key.endswith(".ts")]


@pytest.mark.parametrize(
    ("operation", "answer", "line"),
    [
        (
            "cloudformation.DescribeStacks",
            (403, "AccessDenied"),
            "not allowed to DescribeStacks: AccessDenied it is",
        ),
        (
            "cloudformation.DescribeStacks",
            (403, "ExpiredToken"),
            "AWS does not take these credentials any more, or never did (ExpiredToken)",
        ),
        ("s3.ListObjectsV2", (403, "AccessDenied"), "not allowed to ListObjectsV2: AccessDenied it is"),
        ("s3.ListObjectsV2", (404, "NoSuchBucket"), "AWS refused ListObjectsV2: NoSuchBucket it is"),
        ("s3.PutObject", (403, "AccessDenied"), "not allowed to PutObject: AccessDenied it is"),
        (
            "s3.PutObject",
            (503, "SlowDown"),
            "AWS had no time for PutObject (SlowDown), however often it was asked; try again",
        ),
    ],
)
def test_a_refusal_is_one_line(
    operation: str, answer: tuple[int, str], line: str, deployed: Deployed, no_pauses: list[float]
) -> None:
    deployed.fail(operation, *answer)
    assert deployed.run() == (1, [], [f"publish: {line}"])


def test_what_is_throttled_for_a_while_is_tried_again(deployed: Deployed, no_pauses: list[float]) -> None:
    asked = deployed.fail("s3.PutObject", 503, "SlowDown", times=2)
    code, _, err = deployed.run()
    assert (code, err) == (0, [])
    assert len(asked) == len(no_pauses) == 2
    assert deployed.objects().keys() == {"index.html", "style.css", "js/main.js"}


def test_what_was_replaced_is_invalidated_though_the_rest_fails(
    deployed: Deployed, no_pauses: list[float]
) -> None:
    deployed.run()
    deployed.write(js__main_js="2", style_css="p { color: red }")
    deployed.fail("s3.PutObject", 403, "AccessDenied", key="style.css")
    code, out, err = deployed.run()
    assert code == 1
    assert out[0] == "changed  js/main.js"
    assert err == ["publish: not allowed to PutObject: AccessDenied it is"]
    assert deployed.invalidated() == [["/js/main.js"]]


def test_what_was_replaced_is_invalidated_though_somebody_stops_it(deployed: Deployed) -> None:
    deployed.run()
    deployed.write(js__main_js="2", style_css="p { color: red }")

    def stop(request: Any, **_: Any) -> None:
        if "style.css" in request.url:
            raise KeyboardInterrupt

    events: Any = deployed.session.events
    events.register("before-send.s3.PutObject", stop)
    code, _, err = deployed.run()
    assert (code, err) == (130, ["publish: stopped"])
    assert deployed.invalidated() == [["/js/main.js"]]


def test_an_invalidation_that_fails_says_what_that_means(deployed: Deployed) -> None:
    deployed.run()
    deployed.write(js__main_js="2")
    deployed.fail("cloudfront.CreateInvalidation", 403, "AccessDenied")
    code, _, [line] = deployed.run()
    assert code == 1
    assert line.startswith(
        "publish: not allowed to CreateInvalidation: AccessDenied it is. The page is uploaded"
    )
    assert "make publish ARGS=--all" in line


def test_no_stack(deployed: Deployed) -> None:
    assert publish.main(["--stack", "other"], deployed.session) == 1
    assert deployed.capsys.readouterr().err == "publish: there is no stack other in eu-central-1\n"


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("CREATE_IN_PROGRESS", "wait for it to end"),
        ("UPDATE_ROLLBACK_FAILED", "see its events, and deploy again"),
        ("ROLLBACK_COMPLETE", "see its events, and deploy again"),
        ("DELETE_FAILED", "see its events, and deploy again"),
    ],
)
def test_a_stack_that_is_half_there(status: str, hint: str, deployed: Deployed) -> None:
    from moto.cloudformation.models import cloudformation_backends
    from moto.core import DEFAULT_ACCOUNT_ID

    backend = cloudformation_backends[DEFAULT_ACCOUNT_ID][REGION]
    backend.get_stack("chat").status = status
    assert deployed.run() == (1, [], [f"publish: the stack chat is in {status}: {hint}"])
    assert deployed.objects() == {}


def test_a_stack_without_a_site(deployed: Deployed) -> None:
    cloudformation: Any = deployed.session.client("cloudformation")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation.create_stack(StackName="old", TemplateBody=json.dumps(template))
    assert publish.main(["--stack", "old"], deployed.session) == 1
    said = deployed.capsys.readouterr().err
    assert said == "publish: the stack old has no output SiteBucket: run `make deploy`\n"


def test_no_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert publish.main(["--stack", "chat", "--region", REGION]) == 1
    assert capsys.readouterr().err.startswith("publish: no AWS credentials: ")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert publish.main(["--stack", "chat", "--region", REGION]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "nobody" in line


def test_no_region(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert publish.main(["--stack", "chat"]) == 1
    assert capsys.readouterr().err.startswith("publish: no region: ")


def test_no_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], no_pauses: list[float]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert publish.main(["--stack", "chat", "--region", REGION]) == 1
    assert capsys.readouterr().err.startswith("publish: AWS cannot be reached: ")
    assert no_pauses  # it was tried again


@pytest.mark.parametrize(
    ("name", "says"), [("index_html", "there is no index.html in"), ("a_exe", "has no content type for it")]
)
def test_a_folder_that_is_no_page(name: str, says: str, deployed: Deployed) -> None:
    if name == "index_html":
        (deployed.folder / "index.html").unlink()
    else:
        deployed.write(**{name: "MZ"})
    code, out, [line] = deployed.run()
    assert (code, out) == (1, [])
    assert says in line
    assert deployed.objects() == {}


def test_the_settings_are_those_of_sam_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    path = tmp_path / "samconfig.toml"
    monkeypatch.setattr(command, "SAMCONFIG", path)

    def parsed(text: str) -> tuple[str | None, str | None]:
        path.write_text(text, encoding="utf-8")
        options = command.arguments(None).parse_args([])
        return options.stack, options.region

    assert parsed((root / "samconfig.toml").read_text(encoding="utf-8")) == ("parley", None)
    assert parsed(
        '[default.global.parameters]\nstack_name = "a"\nregion = "r"\n'
        '[default.deploy.parameters]\nstack_name = "b"\n'
    ) == ("b", "r")


keys = st.sampled_from(["a.js", "b.js", "index.html", "z.css"])
trees = st.dictionaries(keys, st.sampled_from("123"))


@given(ours=trees, theirs=trees)
def test_a_plan_makes_theirs_ours_and_touches_nothing_else(
    ours: dict[str, str], theirs: dict[str, str]
) -> None:
    todo = publish.plan(ours, theirs)
    for named in (todo.new, todo.changed):
        assert "index.html" not in named[:-1]
    made = dict(theirs) | {key: ours[key] for key in [*todo.new, *todo.changed]}
    for key in todo.gone:
        del made[key]
    assert made == ours
    assert all(ours[key] != theirs[key] for key in todo.changed)
    assert not set(todo.new) & theirs.keys()
