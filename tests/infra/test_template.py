"""The stack is what the design says: routes on aliases, one narrow role a function, tables and stream as needed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from .conftest import ROOT, Transform, evaluated

TEMPLATES = [
    path.relative_to(ROOT) for path in (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml")))
]

FUNCTIONS = {
    "AdmitFunction": "admit",
    "ConnectFunction": "connect",
    "DisconnectFunction": "disconnect",
    "DefaultFunction": "default",
    "EnterFunction": "enter",
    "PollFunction": "poll",
    "SayFunction": "say",
    "AnnounceFunction": "announce",
    "DeliverFunction": "deliver",
    "PutOutFunction": "expel",
}

POST = (
    "execute-api:ManageConnections",
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${ChatApi}/${StageName}/POST/@connections/*",
)

ALLOWED: dict[str, set[tuple[str, str]]] = {
    "AdmitFunction": {
        ("dynamodb:PutItem", "Admissions.Arn"),
        ("secretsmanager:GetSecretValue", "TicketSecret"),
        ("secretsmanager:GetSecretValue", "EdgeKey"),
    },
    "ConnectFunction": {
        ("dynamodb:GetItem", "Admissions.Arn"),
        ("dynamodb:PutItem", "Memberships.Arn"),
        ("dynamodb:UpdateItem", "Memberships.Arn"),
        ("dynamodb:BatchGetItem", "Memberships.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
    },
    "DisconnectFunction": {("dynamodb:DeleteItem", "Memberships.Arn")},
    "DefaultFunction": {
        ("dynamodb:UpdateItem", "Memberships.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
        ("dynamodb:DeleteItem", "Memberships.Arn"),
        ("dynamodb:BatchWriteItem", "Memberships.Arn"),
        ("dynamodb:UpdateItem", "RoomLog.Arn"),
        ("dynamodb:PutItem", "RoomLog.Arn"),
        ("dynamodb:Query", "RoomLog.Arn"),
        ("dynamodb:GetItem", "RoomLog.Arn"),
        ("sqs:SendMessage", "Slices.Arn"),
        POST,
    },
    "EnterFunction": {
        ("dynamodb:GetItem", "Admissions.Arn"),
        ("dynamodb:PutItem", "Admissions.Arn"),
        ("dynamodb:PutItem", "Memberships.Arn"),
        ("dynamodb:GetItem", "Memberships.Arn"),
        ("dynamodb:UpdateItem", "Memberships.Arn"),
        ("dynamodb:BatchGetItem", "Memberships.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
        ("secretsmanager:GetSecretValue", "TicketSecret"),
        ("secretsmanager:GetSecretValue", "EdgeKey"),
    },
    "PollFunction": {
        ("dynamodb:UpdateItem", "Memberships.Arn"),
        ("dynamodb:BatchGetItem", "Memberships.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
        ("dynamodb:BatchGetItem", "RoomLog.Arn"),
        ("dynamodb:GetItem", "RoomLog.Arn"),
        ("dynamodb:Query", "RoomLog.Arn"),
        ("dynamodb:PutItem", "RoomLog.Arn"),
        ("secretsmanager:GetSecretValue", "EdgeKey"),
    },
    "SayFunction": {
        ("dynamodb:UpdateItem", "Memberships.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
        ("dynamodb:DeleteItem", "Memberships.Arn"),
        ("dynamodb:BatchWriteItem", "Memberships.Arn"),
        ("dynamodb:UpdateItem", "RoomLog.Arn"),
        ("dynamodb:PutItem", "RoomLog.Arn"),
        ("secretsmanager:GetSecretValue", "EdgeKey"),
        ("sqs:SendMessage", "Slices.Arn"),
        POST,
    },
    "AnnounceFunction": {
        ("dynamodb:GetItem", "Memberships.Arn"),
        ("dynamodb:PutItem", "Memberships.Arn"),
        ("dynamodb:UpdateItem", "Memberships.Arn"),
        ("dynamodb:DeleteItem", "Memberships.Arn"),
        ("dynamodb:BatchWriteItem", "Memberships.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
        ("dynamodb:DescribeStream", "${Memberships.Arn}/stream/*"),
        ("dynamodb:GetRecords", "${Memberships.Arn}/stream/*"),
        ("dynamodb:GetShardIterator", "${Memberships.Arn}/stream/*"),
        ("dynamodb:ListStreams", "${Memberships.Arn}/stream/*"),
        ("sqs:SendMessage", "AnnounceFailures.Arn"),
        ("sqs:SendMessage", "Slices.Arn"),
        POST,
    },
    "DeliverFunction": {
        ("dynamodb:GetItem", "Memberships.Arn"),
        ("dynamodb:PutItem", "Memberships.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
        ("dynamodb:DeleteItem", "Memberships.Arn"),
        ("dynamodb:BatchWriteItem", "Memberships.Arn"),
        ("dynamodb:UpdateItem", "Memberships.Arn"),
        ("sqs:ReceiveMessage", "Slices.Arn"),
        ("sqs:DeleteMessage", "Slices.Arn"),
        ("sqs:GetQueueAttributes", "Slices.Arn"),
        ("sqs:SendMessage", "Slices.Arn"),
        POST,
    },
    "PutOutFunction": {
        ("dynamodb:PutItem", "Admissions.Arn"),
        ("dynamodb:Query", "Memberships.Arn"),
        ("dynamodb:DeleteItem", "Memberships.Arn"),
        (POST[0], POST[1].replace("/POST/", "/DELETE/")),
    },
}
"""What each role may do beside writing to its function's own log group; no more, no less."""

ENVIRONMENT = {
    "AdmitFunction": {
        "ADMISSIONS_TABLE",
        "NON_BROWSER_CLIENTS",
        "ACCESS_MODE",
        "TICKET_SECRET",
        "TICKET_ISSUER",
        "TICKET_AUDIENCE",
        "TICKET_NAME_CLAIM",
        "TICKET_MAX_SECONDS",
        "EDGE_KEY",
    },
    "ConnectFunction": {
        "ADMISSIONS_TABLE",
        "MEMBERSHIPS_TABLE",
        "LEASE_SECONDS",
        "CONNECTIONS_PER_CLIENT",
        "CONNECTIONS_PER_ROOM",
    },
    "DisconnectFunction": {"MEMBERSHIPS_TABLE"},
    "DefaultFunction": {
        "MEMBERSHIPS_TABLE",
        "LEASE_SECONDS",
        "ROOM_LOG_TABLE",
        "RETENTION_SECONDS",
        "MESSAGE_BURST",
        "MESSAGE_RATE",
        "SLICES_QUEUE",
        "LARGE_ROOM",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
    },
    "EnterFunction": {
        "ADMISSIONS_TABLE",
        "MEMBERSHIPS_TABLE",
        "NON_BROWSER_CLIENTS",
        "ACCESS_MODE",
        "TICKET_SECRET",
        "TICKET_ISSUER",
        "TICKET_AUDIENCE",
        "TICKET_NAME_CLAIM",
        "TICKET_MAX_SECONDS",
        "EDGE_KEY",
        "CONNECTIONS_PER_CLIENT",
        "CONNECTIONS_PER_ROOM",
    },
    "PollFunction": {
        "MEMBERSHIPS_TABLE",
        "ROOM_LOG_TABLE",
        "RETENTION_SECONDS",
        "MESSAGE_BURST",
        "MESSAGE_RATE",
        "POLL_WAIT_SECONDS",
        "EDGE_KEY",
    },
    "SayFunction": {
        "MEMBERSHIPS_TABLE",
        "ROOM_LOG_TABLE",
        "RETENTION_SECONDS",
        "MESSAGE_BURST",
        "MESSAGE_RATE",
        "SLICES_QUEUE",
        "LARGE_ROOM",
        "EDGE_KEY",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
    },
    "AnnounceFunction": {
        "MEMBERSHIPS_TABLE",
        "ANNOUNCE_FAILURES_QUEUE",
        "SLICES_QUEUE",
        "LARGE_ROOM",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
    },
    "DeliverFunction": {
        "MEMBERSHIPS_TABLE",
        "SLICES_QUEUE",
        "LARGE_ROOM",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
    },
    "PutOutFunction": {
        "ADMISSIONS_TABLE",
        "MEMBERSHIPS_TABLE",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
    },
}

each_function = pytest.mark.parametrize("function", FUNCTIONS)


def text(value: Any) -> str:
    """An intrinsic as one short string: Logical.Attribute, a Sub's pattern, or a Ref's name."""
    if isinstance(value, dict):
        [(kind, argument)] = value.items()
        return ".".join(argument) if kind == "Fn::GetAtt" else str(argument)
    return str(value)


def listed(value: Any) -> list[Any]:
    """What may be one or several, as a list."""
    return value if isinstance(value, list) else [value]


def parameters_in(value: Any, template: dict[str, Any]) -> set[str]:
    """Names of the parameters on which a value depends, through conditions and mappings too."""
    if isinstance(value, list):
        return {name for item in value for name in parameters_in(item, template)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        if key == "Ref":
            found.add(item)
        elif key == "Fn::Sub" and isinstance(item, str):
            found.update(re.findall(r"\$\{(\w+)\}", item))
        elif key == "Fn::If":
            found |= parameters_in(template["Conditions"][item[0]], template) | parameters_in(
                item[1:], template
            )
        else:
            found |= parameters_in(item, template)
    return found & set(template["Parameters"])


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """All of them, also those that depend on a condition."""
    return [
        statement["Fn::If"][1] if "Fn::If" in statement else statement
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_cfn_lint_finds_nothing(path: Path, root: Path) -> None:
    assert lint_file(root / path) == []


def test_only_known_functions(resources: dict[str, Any]) -> None:
    found = {name for name, item in resources.items() if item["Type"] == "AWS::Lambda::Function"}
    assert found == FUNCTIONS.keys()


@each_function
def test_function_is_explicit(function: str, resources: dict[str, Any], root: Path) -> None:
    properties = resources[function]["Properties"]
    module = FUNCTIONS[function]
    assert properties["Handler"] == f"{module}.handler"
    assert (root / "functions" / f"{module}.py").is_file()
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["MemorySize"] >= 256
    # A frame's function ends before the gateway gives up on it, at 29 s.
    # A poll's waits for up to 25 s, and ends before its API gives up on it, at 30 s.
    assert properties["Timeout"] <= {"announce": 60, "poll": 29}.get(module, 25)


@each_function
def test_environment_is_what_the_function_needs(function: str, resources: dict[str, Any]) -> None:
    variables = resources[function]["Properties"]["Environment"]["Variables"]
    assert variables.keys() == ENVIRONMENT[function] | {
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_LOG_LEVEL",
        "POWERTOOLS_METRICS_DISABLED",
    }


@each_function
def test_role_allows_what_the_function_does_and_no_more(function: str, resources: dict[str, Any]) -> None:
    role_id = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    role = resources[role_id]
    assert role["Properties"].get("ManagedPolicyArns", []) == []
    [trust] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    allowed = set()
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            assert "*" not in action
            allowed |= {(action, text(resource)) for resource in listed(statement["Resource"])}
    logs = f"{resources[function]['Properties']['LoggingConfig']['LogGroup']['Ref']}.Arn"
    assert allowed == ALLOWED[function] | {("logs:CreateLogStream", logs), ("logs:PutLogEvents", logs)}


def test_nothing_is_shared_between_functions(resources: dict[str, Any]) -> None:
    properties = [resources[function]["Properties"] for function in FUNCTIONS]
    assert len({text(item["Role"]) for item in properties}) == len(FUNCTIONS)
    assert len({text(item["LoggingConfig"]["LogGroup"]) for item in properties}) == len(FUNCTIONS)


def test_every_log_group_has_a_retention(resources: dict[str, Any]) -> None:
    groups = [item for item in resources.values() if item["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == len(FUNCTIONS) + 1
    for group in groups:
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@each_function
def test_version_names_the_parameters_of_its_function(
    function: str, resources: dict[str, Any], template: dict[str, Any]
) -> None:
    """Without, the alias would stay on the old value; with others, Lambda refuses a version with nothing new."""
    alias = resources[f"{function}Aliaslive"]["Properties"]
    version = resources[alias["FunctionVersion"]["Fn::GetAtt"][0]]
    described = parameters_in(version["Properties"]["Description"], template)
    # How many may run at once is a matter of the function, and not of a version.
    properties = {
        name: value
        for name, value in resources[function]["Properties"].items()
        if name != "ReservedConcurrentExecutions"
    }
    assert described == parameters_in(properties, template)
    assert version["DeletionPolicy"] == "Delete"


@each_function
def test_what_names_a_version_fits(
    function: str, resources: dict[str, Any], template: dict[str, Any]
) -> None:
    """Lambda takes 256 characters; more would be found out at the deploy."""
    alias = resources[f"{function}Aliaslive"]["Properties"]
    pattern = resources[alias["FunctionVersion"]["Fn::GetAtt"][0]]["Properties"]["Description"]["Fn::Sub"]
    longest = re.sub(
        r"\$\{(\w+)\}", lambda name: "x" * longest_value(template["Parameters"][name[1]]), pattern
    )
    assert len(longest) <= 256


def longest_value(parameter: dict[str, Any]) -> int:
    """How many characters the parameter may have."""
    if "AllowedValues" in parameter:
        return max(len(str(value)) for value in parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return len(str(parameter["MaxValue"]))
    if "MaxLength" in parameter:
        return int(parameter["MaxLength"])
    return int(re.findall(r",(\d+)\}", parameter["AllowedPattern"])[-1])


def test_the_edges_key_is_asked_for_once_all_edges_send_it(resources: dict[str, Any]) -> None:
    assert resources["AdmitFunction"]["Metadata"]["After"] == {
        "Fn::If": ["RawAddressClosed", {"Fn::GetAtt": ["Site", "Outputs.DistributionId"]}, "nothing"]
    }


def stage_of(api: str, resources: dict[str, Any]) -> dict[str, Any]:
    """The one stage of the API."""
    stages = [item for item in resources.values() if item["Type"] == "AWS::ApiGatewayV2::Stage"]
    [stage] = [item for item in stages if item["Properties"]["ApiId"] == {"Ref": api}]
    result: dict[str, Any] = stage
    return result


each_api = pytest.mark.parametrize("api", ["ChatApi", "PollApi"])


@each_api
def test_the_origins_fit_into_a_variable_of_the_stage(
    api: str, resources: dict[str, Any], template: dict[str, Any]
) -> None:
    assert stage_of(api, resources)["Properties"]["StageVariables"] == {
        "origins": {"Fn::Sub": "${Site.Outputs.Host},${AllowedOrigins}"}
    }
    # A value has at most 512 characters of these.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    parameter = template["Parameters"]["AllowedOrigins"]
    assert parameter["MaxLength"] + 1 + 128 <= 512


@each_function
def test_new_code_is_a_new_version(function: str, resources: dict[str, Any], transform: Transform) -> None:
    later = transform(code="s3://bucket/later.zip")["Resources"]
    alias = f"{function}Aliaslive"
    assert later[alias]["Properties"]["FunctionVersion"] != resources[alias]["Properties"]["FunctionVersion"]


def test_snap_start_is_off_unless_asked_for(template: dict[str, Any], resources: dict[str, Any]) -> None:
    assert template["Parameters"]["SnapStart"]["Default"] == "off"
    for function in FUNCTIONS:
        snap_start = resources[function]["Properties"]["SnapStart"]
        assert snap_start == {"ApplyOn": {"Fn::If": ["SnapStartOn", "PublishedVersions", "None"]}}


@pytest.mark.parametrize(
    ("route", "function"),
    [("$connect", "ConnectFunction"), ("$disconnect", "DisconnectFunction"), ("$default", "DefaultFunction")],
)
def test_route_goes_to_the_alias(route: str, function: str, resources: dict[str, Any]) -> None:
    [found] = [
        item["Properties"]
        for item in resources.values()
        if item["Type"] == "AWS::ApiGatewayV2::Route" and item["Properties"]["RouteKey"] == route
    ]
    integration = resources[found["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]
    assert integration["IntegrationUri"]["Fn::Sub"][1] == {"FunctionArn": {"Ref": f"{function}Aliaslive"}}
    assert ("AuthorizerId" in found) == (route == "$connect")


def test_authorizer_is_always_asked(resources: dict[str, Any]) -> None:
    [authorizer] = [item for item in resources.values() if item["Type"] == "AWS::ApiGatewayV2::Authorizer"]
    properties = authorizer["Properties"]
    assert properties["AuthorizerType"] == "REQUEST"
    assert properties["AuthorizerUri"]["Fn::Sub"][1] == {"AuthArn": {"Ref": "AdmitFunctionAliaslive"}}
    # An identity source that is missing or empty would be refused without asking; both names may be blank.
    assert "IdentitySource" not in properties


def test_stage(resources: dict[str, Any], template: dict[str, Any]) -> None:
    stage = stage_of("ChatApi", resources)["Properties"]
    assert stage["StageName"] == {"Ref": "StageName"}
    assert template["Parameters"]["StageName"]["Default"] == "live"
    settings = stage["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottleBurst"}
    assert settings["DataTraceEnabled"] is False


def test_who_polls_is_throttled_as_frames_are_and_entering_as_handshakes(resources: dict[str, Any]) -> None:
    stage = stage_of("PollApi", resources)["Properties"]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    [(route, settings)] = stage["RouteSettings"].items()
    assert (route, settings["ThrottlingRateLimit"]) == ("POST /api/members", {"Ref": "ConnectRate"})


def test_the_http_api_asks_no_authorizer_and_hears_of_every_route(resources: dict[str, Any]) -> None:
    document = resources["PollApi"]["Properties"]["Body"]
    routes = {
        f"{method.upper()} {path}": text(operation["x-amazon-apigateway-integration"]["uri"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert {route: re.findall(r"(\w+)Aliaslive", uri) for route, uri in routes.items()} == {
        "POST /api/members": ["EnterFunction"],
        "GET /api/members": ["SayFunction"],
        "DELETE /api/members": ["SayFunction"],
        "POST /api/messages": ["SayFunction"],
        "GET /api/events": ["PollFunction"],
    }
    assert "securitySchemes" not in str(document)


def test_other_pages_may_ask_the_http_api_only_where_they_are_named(
    resources: dict[str, Any], template: dict[str, Any]
) -> None:
    cors = resources["PollApi"]["Properties"]["Body"]["x-amazon-apigateway-cors"]
    assert evaluated(template, {"cors": cors}, {}) == {}
    named = evaluated(template, cors, {"AllowedOrigins": "https://a.example,https://b.example"})
    assert named["allowOrigins"]["Fn::Split"][0] == ","
    assert set(named["allowHeaders"]) == {"authorization", "content-type"}
    assert "allowCredentials" not in named


def test_handshakes_are_counted_apart_from_frames(resources: dict[str, Any]) -> None:
    stage = stage_of("ChatApi", resources)
    assert stage["Properties"]["RouteSettings"] == {
        "$connect": {
            "ThrottlingRateLimit": {"Ref": "ConnectRate"},
            "ThrottlingBurstLimit": {"Ref": "ConnectBurst"},
            "DataTraceEnabled": False,
            "LoggingLevel": "OFF",
        }
    }
    routes = {name for name, item in resources.items() if item["Type"] == "AWS::ApiGatewayV2::Route"}
    assert routes & set(listed(stage["DependsOn"])), "settings for a route that is not there yet are refused"


@each_function
def test_who_strangers_reach_leaves_the_others_room(
    function: str, resources: dict[str, Any], template: dict[str, Any]
) -> None:
    reserved = resources[function]["Properties"].get("ReservedConcurrentExecutions")
    if FUNCTIONS[function] == "poll":
        assert evaluated(template, {"Value": reserved}, {}) == {}
        assert evaluated(template, {"Value": reserved}, {"PollConcurrency": "7"}) == {"Value": "7"}
    elif FUNCTIONS[function] in {"admit", "connect", "default", "enter", "say"}:
        assert evaluated(template, {"Value": reserved}, {}) == {}, "a new account can reserve nothing"
        assert evaluated(template, {"Value": reserved}, {"ReservedConcurrency": "50"}) == {"Value": "50"}
    else:
        assert reserved is None


@each_api
def test_access_log_tells_nothing_private(api: str, resources: dict[str, Any]) -> None:
    settings = stage_of(api, resources)["Properties"]["AccessLogSettings"]
    assert text(settings["DestinationArn"]) == "AccessLogs.Arn"
    logged = json.loads(settings["Format"])
    assert {"requestId", "route", "status"} <= logged.keys()
    assert ("connectionId" in logged) is (api == "ChatApi")
    # Neither the query (a ticket), nor the names, nor what headers say.
    assert not re.search(r"query|header|principal|path|protocol|userAgent", settings["Format"], re.IGNORECASE)


def test_access_logs_wait_for_the_account_role(resources: dict[str, Any]) -> None:
    assert resources["AccessLogs"]["Metadata"]["After"] == {
        "Fn::If": ["CreateAccountLogRole", {"Ref": "GatewayAccount"}, "nothing"]
    }
    # Other APIs of the account may have come to use them.
    assert {resources[name]["DeletionPolicy"] for name in ("GatewayAccount", "GatewayLogRole")} == {"Retain"}


@pytest.mark.parametrize(("table", "sort", "kind"), [("Memberships", "place", "S"), ("RoomLog", "seq", "N")])
def test_table(table: str, sort: str, kind: str, resources: dict[str, Any]) -> None:
    properties = resources[table]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["KeySchema"] == [
        {"AttributeName": "room_id", "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
    assert {"AttributeName": sort, "AttributeType": kind} in properties["AttributeDefinitions"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert {"DeletionPolicy", "UpdateReplacePolicy"} <= resources[table].keys()


def test_only_memberships_are_streamed(resources: dict[str, Any]) -> None:
    stream = resources["Memberships"]["Properties"]["StreamSpecification"]
    assert stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert "StreamSpecification" not in resources["RoomLog"]["Properties"]


def mapping_of(function: str, resources: dict[str, Any]) -> dict[str, Any]:
    """The one event source mapping of a function."""
    mapping: dict[str, Any]
    [mapping] = [
        item["Properties"]
        for item in resources.values()
        if item["Type"] == "AWS::Lambda::EventSourceMapping"
        and item["Properties"]["FunctionName"] == {"Ref": f"{function}Aliaslive"}
    ]
    return mapping


def test_queue_mapping(resources: dict[str, Any]) -> None:
    assert mapping_of("DeliverFunction", resources) == {
        "EventSourceArn": {"Fn::GetAtt": ["Slices", "Arn"]},
        "FunctionName": {"Ref": "DeliverFunctionAliaslive"},
        "BatchSize": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "DeliverConcurrency"}},
    }


def test_a_slice_stays_with_the_function_that_works_on_it(resources: dict[str, Any]) -> None:
    queue = resources["Slices"]["Properties"]
    assert queue["VisibilityTimeout"] == 3 * resources["DeliverFunction"]["Properties"]["Timeout"]
    assert queue["MessageRetentionPeriod"] > 3 * queue["VisibilityTimeout"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["SliceFailures", "Arn"]},
        "maxReceiveCount": 3,
    }


def test_stream_mapping(resources: dict[str, Any]) -> None:
    mapping = mapping_of("AnnounceFunction", resources)
    patterns = [json.loads(item["Pattern"]) for item in mapping.pop("FilterCriteria")["Filters"]]
    assert patterns == [
        {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"client_id": {"S": [{"exists": True}]}}}},
        {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"client_id": {"S": [{"exists": True}]}}}},
    ]
    assert mapping == {
        "EventSourceArn": {"Fn::GetAtt": ["Memberships", "StreamArn"]},
        "FunctionName": {"Ref": "AnnounceFunctionAliaslive"},
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 1000,
        "MaximumBatchingWindowInSeconds": {"Ref": "AnnounceWindow"},
        "ParallelizationFactor": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 5,
        "MaximumRecordAgeInSeconds": 3600,
        "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["AnnounceFailures", "Arn"]}}},
    }


@pytest.mark.parametrize(("queue", "days"), [("AnnounceFailures", 14), ("SliceFailures", 1)])
def test_failures_are_encrypted_and_what_was_said_is_kept_no_longer_than_the_log_keeps_it(
    queue: str, days: int, resources: dict[str, Any], template: dict[str, Any]
) -> None:
    properties = resources[queue]["Properties"]
    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == days * 24 * 3600
    least = min(map(int, template["Parameters"]["MessageRetentionDays"]["AllowedValues"]))
    assert queue == "AnnounceFailures" or days <= least


def test_retention_has_every_choice_in_seconds(template: dict[str, Any]) -> None:
    choices = template["Parameters"]["MessageRetentionDays"]["AllowedValues"]
    assert template["Mappings"]["Retention"] == {day: {"Seconds": str(int(day) * 86400)} for day in choices}


def test_one_stage_name(template: dict[str, Any]) -> None:
    """Whoever names the stage asks the parameter, so that another name needs no other change."""
    outputs = template["Outputs"]
    endpoints = [
        resource["Properties"]["Environment"]["Variables"].get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI")
        for name, resource in template["Resources"].items()
        if "Environment" in resource["Properties"]
    ]
    addresses = [outputs["WebSocketUrl"]["Value"], outputs["ManagementEndpoint"]["Value"]]
    for address in [*addresses, *filter(None, endpoints)]:
        assert text(address).endswith(".execute-api.${AWS::Region}.${AWS::URLSuffix}/${StageName}")
    assert outputs["WebSocketUrl"]["Value"]["Fn::Sub"].startswith("wss://")


def test_the_deploying_page_lists_the_parameters(root: Path, template: dict[str, Any]) -> None:
    page = (root / "docs" / "deploying.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`|empty) \|", page, re.MULTILINE)
    assert listed == [(name, str(item["Default"])) for name, item in template["Parameters"].items()]


def test_the_deploying_page_says_what_each_permission_is_for(root: Path, resources: dict[str, Any]) -> None:
    page = (root / "docs" / "deploying.md").read_text(encoding="utf-8")
    said: dict[str, set[tuple[str, str]]] = {}
    role = ""
    for name, may, reason in re.findall(
        r"^\| (`\w+Role`)? ?\| (`\w+(?:-\w+)*:.*?) \| (.+) \|$", page, re.MULTILINE
    ):
        role = name.strip("`") or role
        actions, resource = (re.findall(r"`([^`]+)`", part) for part in may.split(" on ", 1))
        said.setdefault(role, set()).update((action, item) for action in actions for item in resource)
        assert reason
    expected = {
        resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]: {
            (action, re.sub(r"^.*(?=(POST|DELETE)/)|^\$\{|\.Arn.*$", "", resource))
            for action, resource in allowed
        }
        for function, allowed in ALLOWED.items()
    }
    assert said == expected


def test_every_parameter_is_in_a_group_and_explained(template: dict[str, Any]) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert all(item["Description"] for item in template["Parameters"].values())
