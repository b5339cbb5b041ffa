"""Dynamic references, read and resolved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import TemplateError
from local_dev.stack.dynamic import DynamicReferences, ParameterReference, SecretReference, read_reference

from .conftest import Deploy, Deployed

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team/key-AbCdEf"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("secretsmanager:key", SecretReference("key")),
        ("secretsmanager:team/key:SecretString", SecretReference("team/key")),
        ("secretsmanager:key:SecretString:password", SecretReference("key", "password")),
        ("secretsmanager:key:SecretString::AWSPREVIOUS", SecretReference("key", "", "AWSPREVIOUS")),
        ("secretsmanager:key:SecretString:::v-1", SecretReference("key", "", "", "v-1")),
        ("secretsmanager:key::::", SecretReference("key")),
        (f"secretsmanager:{ARN}", SecretReference(ARN)),
        (f"secretsmanager:{ARN}:SecretString", SecretReference(ARN)),
        (f"secretsmanager:{ARN}:SecretString:user:AWSPREVIOUS:", SecretReference(ARN, "user", "AWSPREVIOUS")),
        ("ssm:/a/b", ParameterReference("/a/b")),
        ("ssm:name:3", ParameterReference("name", "3")),
        ("ssm-secure:name:1", ParameterReference("name", "1")),
    ],
)
def test_a_reference(text: str, reference: object) -> None:
    assert read_reference(text) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3:x",
        "secretsmanager:",
        "secretsmanager:key:SecretBinary",
        "secretsmanager:key:SecretString:a:AWSCURRENT:v",
        "secretsmanager:key:SecretString:a:b:c:d",
        "ssm:",
        "ssm:name:latest",
        "ssm:name:1:2",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(TemplateError, match="is no dynamic reference"):
        read_reference(text)


class Nothing:
    def secret(self, reference: SecretReference) -> str:
        raise LookupError("no secret")

    def parameter(self, reference: ParameterReference) -> str:
        raise LookupError("no parameter")


@given(st.text(st.characters(exclude_characters="{}", codec="utf-8"), max_size=20))
def test_what_stands_for_nothing_stays_and_is_said(text: str) -> None:
    said: list[str] = []
    references = DynamicReferences(Nothing(), said.append)
    node = {"k": [f"a {{{{resolve:{text}}}}} b", 1], "{{resolve:": "{{resolve:x}"}
    assert references.value(node) == node
    assert len(said) == 1


API = """Resources:
  Ws: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: a.b
      Role: !GetAtt R.Arn
      Code: {ZipFile: "x = 1"}
      Environment:
        Variables:
          VALUE: %s
  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
"""


def value(made: Deployed) -> str:
    (function,) = made.stack.functions.values()
    return function.environment["VALUE"]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("!Sub '{{resolve:secretsmanager:${Plain}:SecretString}}'", "hush"),
        ("!Sub '<{{resolve:secretsmanager:${Plain}}}>'", "<hush>"),
        ("'{{resolve:secretsmanager:team/json:SecretString:user}}'", "ann"),
        ("'{{resolve:secretsmanager:team/json:SecretString:port}}'", "5"),
        ("'{{resolve:secretsmanager:team/json}}'", '{"user":"ann","port":5}'),
        ("!Join ['', ['{{resolve:secretsmanager:', !Ref Plain, '}}-{{resolve:ssm:/p/a:1}}']]", "hush-v"),
        ("'{{resolve:ssm:/p/a}}'", "v"),
        ("!Sub '{{resolve:ssm:${Parameter}}}'", "v"),
    ],
)
def test_a_reference_to_what_the_stack_has(deployed: Deploy, reference: str, found: str) -> None:
    number = abs(hash(reference))  # moto is one for the whole process
    text = API % reference.replace("team/", f"team{number}/").replace("/p/", f"/p{number}/")
    made = deployed(
        text
        + f"""  Plain: {{Type: AWS::SecretsManager::Secret, Properties: {{SecretString: hush}}}}
  Json:
    Type: AWS::SecretsManager::Secret
    Properties: {{Name: team{number}/json, SecretString: '{{"user":"ann","port":5}}'}}
  Parameter: {{Type: AWS::SSM::Parameter, Properties: {{Name: /p{number}/a, Type: String, Value: v}}}}
"""
    )
    assert value(made) == found
    assert made.notes() == []


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("'{{resolve:secretsmanager:nowhere}}'", "Secrets Manager can't find the specified secret."),
        ("!Sub '{{resolve:secretsmanager:${Plain}:SecretString:k}}'", "the secret has no key k"),
        (
            "!Sub '{{resolve:secretsmanager:${Plain}:SecretString::AWSPREVIOUS}}'",
            "Secrets Manager can't find",
        ),
        ("!Sub '{{resolve:secretsmanager:${Empty}}}'", "can't find the specified secret"),
        ("'{{resolve:ssm:/none}}'", "there is no parameter of Systems Manager in this template"),
        ("'{{resolve:elsewhere:x}}'", "{{resolve:elsewhere:x}} is no dynamic reference"),
    ],
)
def test_a_reference_to_nothing_is_noted(deployed: Deploy, reference: str, reason: str) -> None:
    made = deployed(
        API % reference
        + "  Plain: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: hush}}\n"
        + "  Empty: {Type: AWS::SecretsManager::Secret, Properties: {}}\n"
    )
    (note,) = made.notes()
    assert "Fn: what {{resolve:" in note
    assert reason in note
    assert value(made).startswith("{{resolve:")


def test_a_secret_that_needs_what_refers_to_one_does_not_get_in_the_way(deployed: Deploy) -> None:
    made = deployed(
        API % "'{{resolve:secretsmanager:elsewhere}}'"
        + "  Of: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: !GetAtt Fn.Arn}}\n"
    )
    assert ":function:" in str(made.properties("Of")["SecretString"])
    assert len(made.notes()) == 1
