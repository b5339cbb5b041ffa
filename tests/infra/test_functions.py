"""One narrow role a function, the environment it needs, and a new version where something of it is new."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from .conftest import Transform, evaluated
from .reading import FUNCTIONS, each_function, listed, parameters_in, statements, text

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


def test_functions_start_with_any_number_that_their_parameters_take(
    resources: dict[str, Any], template: dict[str, Any], root: Path
) -> None:
    """CloudFormation lets fractions through, and what kills a function at its start turns everybody away."""
    numbers = {name for name, item in template["Parameters"].items() if item["Type"] == "Number"}
    variables = {
        "ACCESS_MODE": "ticket",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "https://api.example/live",
    }
    fractions = set()
    for function in FUNCTIONS:
        for name, value in resources[function]["Properties"]["Environment"]["Variables"].items():
            if text(value) in numbers:
                fractions.add(text(value))
                variables[name] = f"{template['Parameters'][text(value)]['MinValue']}.5"
            else:
                variables.setdefault(name, "1" if name == "RETENTION_SECONDS" else "INFO")
    assert {"MessageRate", "LeaseSeconds", "PollWaitSeconds", "TicketMaxSeconds"} <= fractions
    variables |= {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    started = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(FUNCTIONS.values())}"],
        env={**variables, "PYTHONPATH": str(root / "functions")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert started.returncode == 0, started.stderr


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


def test_the_deploying_page_names_each_function_with_a_log(root: Path) -> None:
    page = (root / "docs" / "deploying.md").read_text(encoding="utf-8")
    section = page.partition("\nsam logs -n ")[2].partition("\naws logs")[0]
    assert set(re.findall(r"\w+Function", section)) == FUNCTIONS.keys()


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
