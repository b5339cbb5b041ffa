"""`Fn::ForEach` makes what it would make in the cloud, and notes know the loop's line."""

from typing import Any

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.loops import expand, made_by_loops

from .conftest import Deploy

TEMPLATE = """Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: "join, leave"}}
Resources:
  Ws: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
  Fn::ForEach::Routes:
    - Name
    - !Ref Names
    - ${Name}Integration:
        Type: AWS::ApiGatewayV2::Integration
        Properties: {ApiId: !Ref Ws, IntegrationType: HTTP, IntegrationUri: !Sub "http://x/${Name}"}
      ${Name}Route:
        Type: AWS::ApiGatewayV2::Route
        Properties:
          ApiId: !Ref Ws
          RouteKey: !Ref Name
          Target: !Join ["/", [integrations, !Ref "${Name}Integration"]]
Outputs:
  Fn::ForEach::Out: [Name, [One, Two], {"Out${Name}": {Value: !Sub "${AWS::Region}-${Name}"}}]
"""


def test_routes_made_by_a_loop(deployed: Deploy) -> None:
    made = deployed(TEMPLATE)
    assert set(made.stack.apis[0].routes) == {"join", "leave"}
    assert made.outputs == {"OutOne": "us-east-1-One", "OutTwo": "us-east-1-Two"}
    text = "HTTP integrations are not run here; the route does nothing"
    assert made.notes() == [f"6 joinIntegration: {text}", f"6 leaveIntegration: {text}"]


def test_a_loop_takes_its_transform(deployed: Deploy) -> None:
    made = deployed(TEMPLATE.removeprefix("Transform: AWS::LanguageExtensions\n"))
    note = "5 Fn::ForEach::Routes: in the cloud a loop takes Transform: AWS::LanguageExtensions"
    assert note in made.notes()
    assert set(made.stack.apis[0].routes) == {"join", "leave"}


def test_loops_in_loops_and_in_properties() -> None:
    inner = {
        "Fn::ForEach::I": ["N", ["1", "b-2"], {"${X}&{N}": {"is": ["${X}", {"Ref": "N"}], "not": "${Y}"}}]
    }
    loop = {"Fn::ForEach::O": ["X", ["A"], {"${X}": {"P": inner}}], "Other": [1]}
    made = {
        "A": {"P": {"A1": {"is": ["A", "1"], "not": "${Y}"}, "Ab2": {"is": ["A", "b-2"], "not": "${Y}"}}},
        "Other": [1],
    }
    assert expand(loop, list) == made
    assert list(made_by_loops(loop, list)) == [("A", "Fn::ForEach::O")]


@pytest.mark.parametrize("loop", [["X", ["a"]], ["X", ["a"], "text"], "text", [1, ["a"], {}], None])
def test_what_is_no_loop(loop: Any) -> None:
    with pytest.raises(TemplateError, match="Fn::ForEach::O: a loop is a list of"):
        expand({"Fn::ForEach::O": loop}, list)
