"""Names and ARNs have the forms that CloudFormation gives out, within the limits of their types."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.stack.names import generated_name, resource_name, secret
from local_dev.stack.opaque import Opaque, function_arn, function_name

IDS = st.text("abcXYZ019", min_size=1, max_size=120)


@given(
    st.sampled_from(["AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::DynamoDB::Table"]),
    IDS,
    IDS,
)
def test_generated_names(kind: str, logical_id: str, stack: str) -> None:
    name = generated_name(kind, logical_id, {}, stack=stack)
    limit = {"AWS::Lambda::Function": 64, "AWS::S3::Bucket": 63, "AWS::SQS::Queue": 80}.get(kind, 255)
    assert len(name) <= limit
    assert re.fullmatch(r"[a-zA-Z0-9-]+", name)
    assert name == generated_name(kind, logical_id, {}, stack=stack)
    assert kind != "AWS::S3::Bucket" or name == name.lower()


@pytest.mark.parametrize("properties", [{"FifoQueue": True}, {"FifoTopic": "true"}])
def test_first_in_first_out_names_say_so(properties: dict[str, object]) -> None:
    assert generated_name("AWS::SQS::Queue", "Q" * 99, properties, stack="s").endswith(".fifo")
    assert len(generated_name("AWS::SQS::Queue", "Q" * 99, properties, stack="s")) <= 80


def test_own_names_win() -> None:
    assert resource_name("AWS::Lambda::Function", "F", {"FunctionName": "mine"}, stack="s") == "mine"
    assert resource_name("X", "F", {"Name": "mine"}, stack="s", name_property="Name") == "mine"
    assert resource_name("X", "F", {"Name": "mine"}, stack="s").startswith("s-F-")


def test_secrets_are_long_enough_and_the_same() -> None:
    assert secret("s", "Key", 40) == secret("s", "Key", 40) != secret("s", "Other", 40)
    assert re.fullmatch(r"[a-z2-7]{40}", secret("s", "Key", 40))


@pytest.mark.parametrize(
    ("kind", "properties", "ref", "attribute", "value"),
    [
        ("AWS::Lambda::Function", {}, "n", "Arn", "arn:aws:lambda:r:1:function:n"),
        ("AWS::Lambda::Version", {"FunctionName": "f"}, "arn:aws:lambda:r:1:function:f:1", "Version", "1"),
        (
            "AWS::Lambda::Alias",
            {"FunctionName": "f", "Name": "live"},
            "arn:aws:lambda:r:1:function:f:live",
            "X",
            None,
        ),
        (
            "AWS::Lambda::LayerVersion",
            {"LayerName": "l"},
            "arn:aws:lambda:r:1:layer:l:1",
            "LayerVersionArn",
            None,
        ),
        ("AWS::ApiGatewayV2::Stage", {"StageName": "live"}, "live", "X", "live.X"),
        (
            "AWS::ApiGatewayV2::DomainName",
            {"DomainName": "d.example"},
            "d.example",
            "RegionalDomainName",
            None,
        ),
        ("AWS::IAM::Role", {"Path": "/p/"}, "n", "Arn", "arn:aws:iam::1:role/p/n"),
        ("AWS::IAM::ManagedPolicy", {}, "arn:aws:iam::1:policy/n", "X", "arn:aws:iam::1:policy/n"),
        ("AWS::Logs::LogGroup", {}, "n", "Arn", "arn:aws:logs:r:1:log-group:n:*"),
        ("AWS::Some::Thing", {"Size": 3}, "n", "Size", 3),
        ("AWS::Some::Thing", {}, "n", "Arn", "arn:aws:some:r:1:thing/n"),
        ("AWS::Some::Thing", {}, "n", "Else", "n.Else"),
        ("Custom::Thing", {}, "n", "Arn", "arn:aws:thing:r:1:/n"),
    ],
)
def test_references(
    kind: str, properties: dict[str, object], ref: str, attribute: str, value: object
) -> None:
    resource = Opaque(kind, "n", properties, "1", "r")
    assert resource.physical_resource_id == ref
    if value is not None:
        assert resource.attribute(attribute) == value


@pytest.mark.parametrize(("protocol", "scheme"), [("WEBSOCKET", "wss"), ("HTTP", "https"), (None, "https")])
def test_api_ids_look_like_those_of_aws(protocol: str | None, scheme: str) -> None:
    api = Opaque(
        "AWS::ApiGatewayV2::Api", "s-Api-1", {"ProtocolType": protocol} if protocol else {}, "1", "r"
    )
    own = api.physical_resource_id
    assert re.fullmatch(r"[a-z0-9]{10}", own)
    assert api.attribute("ApiId") == own
    assert api.attribute("ApiEndpoint") == f"{scheme}://{own}.execute-api.r.amazonaws.com"


@given(
    st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True), st.sampled_from(["", ":live", ":$LATEST", ":7"])
)
def test_a_function_is_found_in_every_reference_to_it(name: str, qualifier: str) -> None:
    arn = function_arn(name, account="1", region="r") + qualifier
    assert function_name(arn) == name
    assert function_name(f"{name}{qualifier}") == name
    assert function_name(f"arn:aws:apigateway:r:lambda:path/2015-03-31/functions/{arn}/invocations") == name
    assert function_name(f"1:function:{name}") == name
    assert function_arn(arn, account="2", region="x") == arn
