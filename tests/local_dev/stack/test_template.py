"""Reading, checking and transforming templates; what cannot be used is one clear line."""

import json
from pathlib import Path

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.template import check_parameters, code_folder, read_template, transform

SAM = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Name: {Type: String}
  Mode: {Type: String, Default: a, AllowedValues: [a, b]}
  Count: {Type: Number, Default: 1, MinValue: 1, MaxValue: 5}
Globals: {Function: {Runtime: python3.13, CodeUri: src}}
Resources:
  One: {Type: AWS::Serverless::Function, Properties: {Handler: app.one, Environment: {Variables: {N: !Ref Name}}}}
  Two: {Type: AWS::Serverless::Function, Properties: {Handler: app.two, CodeUri: other/}}
  Three: {Type: AWS::Serverless::Function, Properties: {Handler: index.handler, InlineCode: "x = 1"}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for templates, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def write(folder: Path, text: str, name: str = "template.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_short_intrinsics_and_dates(folder: Path) -> None:
    template = read_template(
        write(
            folder,
            "Resources:\n  A: {R: !Ref X, G: !GetAtt A.B.C, S: !Sub '${X}', V: 2012-10-17, C: !If [a, b, c]}",
        )
    )
    assert template["Resources"]["A"] == {
        "R": {"Ref": "X"},
        "G": {"Fn::GetAtt": ["A", "B.C"]},
        "S": {"Fn::Sub": "${X}"},
        "V": "2012-10-17",
        "C": {"Fn::If": ["a", "b", "c"]},
    }


def test_json_is_a_template_too(folder: Path) -> None:
    path = write(folder, json.dumps({"Resources": {"A": {"Type": "T"}}}), "template.json")
    assert read_template(path)["Resources"] == {"A": {"Type": "T"}}


def test_includes_are_read_from_disk(folder: Path) -> None:
    write(folder, "Fn::Sub: 'code ${X}'", "part.yaml")
    text = "Resources: {A: {P: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: part.yaml}}}}}"
    assert read_template(write(folder, text))["Resources"]["A"]["P"] == {"Fn::Sub": "code ${X}"}


def test_what_is_included_stands_where_its_transform_does(folder: Path) -> None:
    include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: %s}}"
    write(folder, f"FeedPool: {{Type: T, Properties: {{{include % 'deep.yaml'}}}}}", "part.yaml")
    write(folder, "Deep: 1", "deep.yaml")
    text = f"Resources:\n  F: {{Type: T}}\n  Feed: {{Type: T}}\n  {include % 'part.yaml'}\n"
    template = read_template(write(folder, text))
    assert template["Resources"]["FeedPool"]["Properties"] == {"Deep": 1}
    lines = template.lines
    assert [lines.source(name) for name in ("FeedPool", "FeedPoolRole", "FRole")] == [
        "FeedPool",
        "FeedPool",
        "F",
    ]
    assert lines.of_resource("FeedPoolRole") == lines.of_resource("FeedPool", "Properties", "Deep") == 4
    assert template.files == {folder / name for name in ("template.yaml", "part.yaml", "deep.yaml")}


def test_whole_sections_that_are_included_stand_there_too(folder: Path) -> None:
    write(folder, "Resources: {Feed: {Type: T}}\nOutputs: {Out: {Value: 1}}", "all.yaml")
    text = "Description: x\nFn::Transform: {Name: AWS::Include, Parameters: {Location: all.yaml}}"
    lines = read_template(write(folder, text)).lines
    assert (lines.of_resource("Feed"), lines.of_resource("FeedRole"), lines.of("Outputs", "Out")) == (2, 2, 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Resources: [", "template.yaml:1: not YAML"),
        ("Resources: {}\n\t- x", "template.yaml:2: not YAML"),
        ("just text", "no Resources section"),
        ("Resources: []", "no Resources section"),
        (
            "Resources: {A: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: gone.yaml}}}}",
            "gone.yaml: no such file",
        ),
    ],
)
def test_what_is_no_template(folder: Path, text: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says) as raised:
        read_template(write(folder, text))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("macro", "what"),
    [
        ("{Name: Mine}", "Mine"),
        ("Mine", "Mine"),
        ("{Name: AWS::Include, Parameters: {Location: s3://b/k}}", "of s3://b/k"),
        ("{Name: AWS::Include, Parameters: {Location: !Ref X}}", "of {'Ref': 'X'}"),
        ("{Name: AWS::Include}", "of None"),
    ],
)
def test_other_transforms_are_left_out_and_named(folder: Path, macro: str, what: str) -> None:
    text = f"Resources:\n  A:\n    Type: T\n    Properties: {{B: 1, Fn::Transform: {macro}}}"
    template = read_template(write(folder, text))
    assert template["Resources"]["A"]["Properties"] == {"B": 1}
    ((path, says),) = template.left_out
    assert template.lines.of(*path) == 4
    assert says == f"only an AWS::Include of a local file is run here; the transform {what} is left out"


def test_a_file_that_is_not_there_or_not_text(folder: Path) -> None:
    with pytest.raises(TemplateError, match="no such file"):
        read_template(folder / "gone.yaml")
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateError, match="cannot be read"):
        read_template(folder / "binary.yaml")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"Other": "x", "Name": "n"}, "parameter Other: the template has no such parameter"),
        ({"Name": "n", "Mode": "c"}, "'c' is not one of a, b"),
        ({"Name": "n", "Count": "x"}, "'x' is not a number"),
        ({"Name": "n", "Count": "0"}, "0 is below 1"),
        ({"Name": "n", "Count": "6"}, "6 is above 5"),
        ({}, "parameter Name: has no default"),
    ],
)
def test_parameters_that_do_not_fit(folder: Path, given: dict[str, str], says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        check_parameters(read_template(write(folder, SAM)), given)


@pytest.mark.parametrize(
    ("declared", "given", "says"),
    [
        ("{P: text}", {}, "parameter P: its definition is no mapping"),
        ("[P]", {}, "parameter Parameters: its definition is no mapping"),
        (
            "{P: {Type: String, AllowedPattern: '[a-z]+'}}",
            {"P": "A1"},
            "'A1' is not allowed: it should look like",
        ),
        (
            "{P: {Type: String, AllowedPattern: x, ConstraintDescription: an x}}",
            {"P": "y"},
            "not allowed: an x",
        ),
        ("{P: {Type: CommaDelimitedList, AllowedValues: [a, b]}}", {"P": "a,c"}, "'c' is not one of a, b"),
        (
            "{P: {Type: CommaDelimitedList, AllowedPattern: '[a-z]+'}}",
            {"P": "a, 1"},
            "'1' is not allowed: it should look like",
        ),
        ("{P: {Type: List<Number>}}", {"P": "1, x"}, "'x' is not a number"),
        ("{P: {Type: String, MinLength: 3}}", {"P": "ab"}, "its length, 2, is below 3"),
        ("{P: {Type: String, MaxLength: 3}}", {"P": "abcd"}, "its length, 4, is above 3"),
    ],
)
def test_odd_parameters(folder: Path, declared: str, given: dict[str, str], says: str) -> None:
    template = read_template(write(folder, f"Parameters: {declared}\nResources: {{}}"))
    with pytest.raises(TemplateError, match=says):
        check_parameters(template, given)


@pytest.mark.filterwarnings("error")
def test_a_pattern_that_only_java_knows_is_not_checked(folder: Path) -> None:
    declared = "{P: {Type: String, AllowedPattern: '[a-z&&[^x]]++(?<n>'}}"
    template = read_template(write(folder, f"Parameters: {declared}\nResources: {{}}"))
    assert check_parameters(template, {"P": "y"}) == {"P": "y"}


def test_parameters_that_fit(folder: Path) -> None:
    given = {"Name": "n", "Mode": "b", "Count": "5"}
    assert check_parameters(read_template(write(folder, SAM)), given) == given


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("{Type: CommaDelimitedList, AllowedValues: [a, b, c], AllowedPattern: '[a-z]'}", "a, c"),
        ("{Type: CommaDelimitedList, AllowedValues: [a]}", ""),
        ("{Type: List<Number>, AllowedValues: [1, 2, 3], MaxValue: 3}", "1,3"),
        ("{Type: String, AllowedValues: [true, false]}", "true"),
        ("{Type: Number, MinValue: 1, MaxLength: 1}", "80"),
    ],
)
def test_lists_are_checked_item_by_item_and_booleans_as_text(folder: Path, declared: str, value: str) -> None:
    template = read_template(write(folder, f"Parameters: {{P: {declared}}}\nResources: {{}}"))
    assert check_parameters(template, {"P": value}) == {"P": value}


def test_the_transform_keeps_the_way_to_the_code(folder: Path) -> None:
    template = read_template(write(folder, SAM))
    resources = transform(template, base=folder, parameters={"Name": "n"})["Resources"]
    assert code_folder(resources["One"]["Properties"]["Code"]) == folder / "src"
    assert code_folder(resources["Two"]["Properties"]["Code"]) == folder / "other"
    assert code_folder(resources["Three"]["Properties"]["Code"]) is None
    assert resources["Three"]["Properties"]["Code"]["ZipFile"] == "x = 1"


def test_raw_cloudformation_stays_as_it_is(folder: Path) -> None:
    template = read_template(
        write(folder, "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: src, Handler: a.b}}}")
    )
    resources = transform(template, base=folder, parameters={})["Resources"]
    assert code_folder(resources["F"]["Properties"]["Code"]) == folder / "src"


def test_the_second_transform_comes_from_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = read_template(write(folder, SAM))
    first = transform(template, base=folder, parameters={"Name": "n"})
    monkeypatch.setattr(
        "local_dev.stack.template._translate", lambda *_: pytest.fail("it was translated again")
    )
    assert transform(template, base=folder, parameters={"Name": "n"}) == first
    with pytest.raises(pytest.fail.Exception):
        transform(template, base=folder, parameters={"Name": "other"})


def test_a_cache_that_cannot_be_used_only_costs_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    template = read_template(write(folder, SAM))
    assert "One" in transform(template, base=folder, parameters={"Name": "n"})["Resources"]


@pytest.mark.parametrize("transforms", ["", "Transform: Mine\n"])
def test_sams_resources_take_its_transform(folder: Path, transforms: str) -> None:
    text = (
        f"{transforms}Resources:\n  Q: {{Type: AWS::SQS::Queue}}\n  F: {{Type: AWS::Serverless::Function}}\n"
    )
    template = read_template(write(folder, text))
    line = 3 + bool(transforms)
    says = rf"template.yaml:{line}: F: AWS::Serverless::Function takes a transform: add Transform: AWS::Serverless-2016"
    with pytest.raises(TemplateError, match=says):
        transform(template, base=folder, parameters={})


@pytest.mark.parametrize(
    "resource",
    [
        "{Type: AWS::Serverless::WebSocketApi, Properties: {}}",
        "{Type: AWS::Serverless::Function, Properties: {Runtime: python3.13}}",
        "{Type: AWS::Serverless::Function, Properties: {Handler: a.b, Unknown: 1}}",
    ],
)
def test_a_template_that_sam_refuses_is_one_line(folder: Path, resource: str) -> None:
    text = f"Transform: AWS::Serverless-2016-10-31\nResources: {{A: {resource}}}"
    with pytest.raises(TemplateError, match="not a valid SAM template") as raised:
        transform(read_template(write(folder, text)), base=folder, parameters={})
    assert "\n" not in str(raised.value)
