"""Intrinsic functions, conditions and parameters resolve as CloudFormation's reference says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import TemplateError
from local_dev.stack.intrinsics import NO_VALUE, Resolver, parameter_values

PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "1", "AWS::Partition": "aws", "AWS::StackName": "s"}
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Env": {"Type": "String", "Default": "prod"},
        "Port": {"Type": "Number", "Default": 80},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Sizes": {"Type": "List<Number>", "Default": "1,2.5"},
        "Flag": {"Type": "String", "Default": True},
        "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/aws/image"},
    },
    "Mappings": {"M": {"prod": {"Size": 3, "List": ["x", "y"]}, "dev": {"Size": 1}, 1: {True: "numbers"}}},
    "Conditions": {
        "Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "NotProd": {"Fn::Not": [{"Condition": "Prod"}]},
        "Same": {"Condition": "Prod"},
        "Nested": {
            "Fn::Or": [
                {"Fn::And": [{"Condition": "NotProd"}, {"Condition": "Prod"}]},
                {"Fn::Not": [{"Fn::Equals": [{"Fn::FindInMap": ["M", {"Ref": "Env"}, "Size"]}, 1]}]},
            ]
        },
        "Number": {"Fn::Equals": [{"Ref": "Port"}, "80"]},
        "Boolean": {"Fn::Equals": [{"Ref": "Flag"}, "true"]},
        "One": {"Fn::Equals": ["1", True]},
        "Selected": {"Fn::Equals": [{"Fn::Select": [0, {"Ref": "Names"}]}, "a"]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
    },
}


class Named:
    """Resources whose Ref and attributes are spelled out; `Gone` has a condition that is false."""

    def ref(self, logical_id: str) -> Any:
        if logical_id == "Undefined":
            raise TemplateError("there is no resource or parameter Undefined")
        return NO_VALUE if logical_id == "Gone" else f"id-{logical_id}"

    def attribute(self, logical_id: str, name: str) -> Any:
        return f"{logical_id}/{name}"


def resolver(complaints: list[str] | None = None, **parameters: str) -> Resolver:
    return Resolver(
        TEMPLATE,
        parameters=parameters,
        pseudo=PSEUDO,
        resources=Named(),
        complain=(complaints if complaints is not None else []).append,
    )


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Env"}, "prod"),
        ({"Ref": "Port"}, 80),
        ({"Ref": "Names"}, ["a", "b", "c"]),
        ({"Ref": "Sizes"}, [1, 2.5]),
        ({"Ref": "Flag"}, "true"),
        ({"Ref": "Thing"}, "id-Thing"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Ref": "AWS::NotificationARNs"}, []),
        ({"A": {"Ref": "AWS::NoValue"}, "B": [1, {"Ref": "AWS::NoValue"}], "C": None}, {"B": [1]}),
        ({"Fn::GetAtt": ["A", "B.C"]}, "A/B.C"),
        ({"Fn::GetAtt": ["A", "B", "C"]}, "A/B.C"),
        ({"Fn::GetAtt": "A.B.C"}, "A/B.C"),
        ({"Fn::GetAtt": ["A", {"Ref": "Env"}]}, "A/prod"),
        ({"Fn::Sub": "${Env}-${A.Arn}-${AWS::Region}-${!Literal}-$5"}, "prod-A/Arn-eu-west-1-${Literal}-$5"),
        ({"Fn::Sub": ["${x}${Env}${x}", {"x": {"Fn::Join": ["", ["1", {"Ref": "Port"}]]}}]}, "180prod180"),
        ({"Fn::Sub": ["${Env}", {"Env": "mine"}]}, "mine"),
        ({"Fn::Sub": ["${x}", {"x": "${Env}"}]}, "${Env}"),
        ({"Fn::Sub": '{"a": "${Env}"}'}, '{"a": "prod"}'),
        ({"Fn::Join": [",", {"Ref": "Names"}]}, "a,b,c"),
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::NoValue"}, True, 1]]}, "a-true-1"),
        ({"Fn::Split": ["|", "a|b||c"]}, ["a", "b", "", "c"]),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", {"Fn::Sub": "x/${Env}"}]}]}, "prod"),
        ({"Fn::Select": [{"Fn::FindInMap": ["M", "dev", "Size"]}, ["a", "b"]]}, "b"),
        ({"Fn::FindInMap": ["M", {"Ref": "Env"}, "List"]}, ["x", "y"]),
        ({"Fn::FindInMap": [{"Fn::Sub": "M"}, "1", "true"]}, "numbers"),
        ({"Fn::FindInMap": ["M", "none", "Size", {"DefaultValue": {"Ref": "Port"}}]}, 80),
        ({"Fn::If": ["Prod", {"Ref": "Env"}, {"Ref": "Undefined"}]}, "prod"),
        ({"A": {"Fn::If": ["NotProd", 1, {"Ref": "AWS::NoValue"}]}}, {}),
        ([1, {"Fn::If": ["NotProd", 1, {"Ref": "AWS::NoValue"}]}], [1]),
        ({"Fn::Base64": {"Fn::Sub": "${Env}"}}, "cHJvZA=="),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"]),
        ({"Fn::Select": [0, {"Fn::GetAZs": {"Ref": "AWS::Region"}}]}, "eu-west-1a"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Length": {"Ref": "Names"}}, 3),
        ({"Fn::ToJsonString": {"a": {"Ref": "Port"}}}, '{"a":80}'),
        ({"Condition": {"StringEquals": {"a": {"Ref": "Env"}}}}, {"Condition": {"StringEquals": {"a": "prod"}}}),
        ({"Ref": "Gone"}, NO_VALUE),
    ],
)  # fmt: skip
def test_functions(node: Any, value: Any) -> None:
    assert resolver().value(node) == value


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("Prod", True),
        ("NotProd", False),
        ("Same", True),
        ("Nested", True),
        ("Number", True),
        ("Boolean", True),
        ("One", False),
        ("Selected", True),
    ],
)
def test_conditions(name: str, holds: bool) -> None:
    assert resolver().condition(name) is holds


def test_given_parameters_win_and_keep_their_types() -> None:
    it = resolver(Env="dev", Port="8080", Names="x", Sizes="4", Image="/mine")
    assert [it.value({"Ref": name}) for name in ("Env", "Port", "Names", "Sizes", "Image")] == [
        "dev",
        8080,
        ["x"],
        [4],
        "/mine",
    ]
    assert not it.condition("Prod")
    assert parameter_values({"Parameters": {"N": {"Type": "Number"}}}, {"N": "1.5"}) == {"N": 1.5}
    assert parameter_values({"Parameters": {"N": {"Type": "Number"}}}, {}) == {}


@pytest.mark.parametrize(
    ("node", "says"),
    [
        ({"Fn::Select": [5, ["a"]]}, "Fn::Select cannot be used like this"),
        ({"Fn::Join": ["a"]}, "Fn::Join cannot be used like this"),
        ({"Fn::Join": [",", "text"]}, "a list should stand where"),
        ({"Fn::FindInMap": ["M", "none", "Size"]}, "there is no none in M.none.Size"),
        ({"Fn::If": ["Unknown", 1, 2]}, "there is no condition Unknown"),
        ({"Fn::If": ["Circle", 1, 2]}, "the condition Circle depends on itself"),
        ({"Fn::Sub": "${Undefined}"}, "there is no resource or parameter Undefined"),
        ({"Fn::Cidr": ["x", 1, 8]}, "Fn::Cidr cannot be used like this"),
        ({"Fn::Equals": ["a"]}, "not a condition"),
    ],
)
def test_what_cannot_be_resolved_is_one_line(node: Any, says: str) -> None:
    with pytest.raises(TemplateError, match=says) as raised:
        resolver().value(node)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("node", "value", "says"),
    [
        ({"Ref": "Image"}, "/aws/image", "parameter Image comes from Systems Manager in the cloud"),
        (
            {"Fn::ImportValue": {"Fn::Sub": "${Env}-table"}},
            "prod-table",
            "Fn::ImportValue: there is no other stack",
        ),
        ({"Fn::Unheard": 1}, NO_VALUE, "Fn::Unheard is not supported"),
    ],
)
def test_what_has_only_a_stand_in_is_complained_of(node: Any, value: Any, says: str) -> None:
    complaints: list[str] = []
    assert resolver(complaints).value(node) == value
    assert complaints[0].startswith(says)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WILD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["Prod", "Env", "Names", "M", "prod", "A.B"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["Ref", "Condition", "a"]), inner, max_size=1)
        | st.dictionaries(
            st.sampled_from(
                [
                    f"Fn::{name}"
                    for name in ("GetAtt", "Sub", "If", "FindInMap", "Join", "Select", "Split", "Base64")
                ]
                + [f"Fn::{name}" for name in ("GetAZs", "Length", "Not", "And", "Or", "Equals", "Cidr", "X")]
            ),
            inner,
            max_size=1,
        )
    ),
    max_leaves=12,
)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


@given(JSON.filter(lambda value: "Fn::" not in json.dumps(value) and '"Ref"' not in json.dumps(value)))
def test_what_has_no_functions_stays_as_it_is(value: Any) -> None:
    assert resolver().value(value) == _without_nulls(value)


@given(WILD)
def test_whatever_is_written_is_resolved_or_refused(node: Any) -> None:
    try:
        resolver().value(node)
    except TemplateError as error:
        assert "\n" not in str(error)


@given(st.text(), st.text())
def test_sub_leaves_text_between_variables_alone(before: str, after: str) -> None:
    if "${" not in before + after and not before.endswith("$"):
        assert resolver().value({"Fn::Sub": f"{before}${{Env}}{after}"}) == f"{before}prod{after}"
