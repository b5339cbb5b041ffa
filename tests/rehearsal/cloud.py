"""What a deployment left in the cloud, as tests ask about it."""

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

from .services import Services

REGION = "eu-central-1"
Definitions = dict[str, dict[str, Any]]

# Whatever proxy the environment names is not for this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Cloud:
    """moto in a process of its own. `log` is the file that it complains to."""

    def __init__(self, log: Path) -> None:
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.rehearsal.server", REGION],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
            )
        assert self._process.stdout
        port = self._process.stdout.readline()
        assert port, log.read_text()
        self.endpoint = f"http://localhost:{int(port)}"
        self.services = Services(int(port), REGION)

    def __call__(self, service: str) -> Any:
        """boto3's client of a service."""
        return self.services(service)

    def stacks(self) -> dict[str, Definitions]:
        """Every stack's resources by logical id: `{"type", "id", "properties"}`, with all values resolved."""
        with _OPENER.open(f"{self.endpoint}/stacks", timeout=60) as answer:
            stacks: dict[str, Definitions] = json.load(answer)
        return stacks

    def objects(self, bucket: str) -> dict[str, bytes]:
        """What is in a bucket, by key."""
        listed = self("s3").list_objects_v2(Bucket=bucket)
        return {
            item["Key"]: self("s3").get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            for item in listed.get("Contents", [])
        }

    def census(self) -> set[str]:
        """The names of everything that stands, whether or not a stack has it."""
        functions = self("lambda").list_functions()["Functions"]
        return {
            *(f"function {item['FunctionName']}" for item in functions),
            *(f"table {name}" for name in self("dynamodb").list_tables()["TableNames"]),
            *(f"queue {url}" for url in self("sqs").list_queues().get("QueueUrls", [])),
            *(f"role {item['RoleName']}" for item in self("iam").list_roles()["Roles"]),
            *(
                f"log group {item['logGroupName']}"
                for item in self("logs").describe_log_groups()["logGroups"]
            ),
            *(f"bucket {item['Name']}" for item in self("s3").list_buckets()["Buckets"]),
            *(f"api {item['ApiId']}" for item in self("apigatewayv2").get_apis()["Items"]),
            *(
                f"distribution {item['Id']}"
                for item in self("cloudfront").list_distributions()["DistributionList"].get("Items", [])
            ),
            *(f"secret {item['Name']}" for item in self("secretsmanager").list_secrets()["SecretList"]),
            *(
                f"mapping {item['UUID']}"
                for item in self("lambda").list_event_source_mappings()["EventSourceMappings"]
            ),
            *(f"alarm {item['AlarmName']}" for item in self("cloudwatch").describe_alarms()["MetricAlarms"]),
            *(f"topic {item['TopicArn']}" for item in self("sns").list_topics()["Topics"]),
            *(f"stack {name}" for name in self.stacks()),
        }

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)


@dataclass(frozen=True)
class Deployed:
    """A stack as it was after a deployment. `said` is what the SAM CLI printed."""

    name: str
    cloud: Cloud
    stacks: dict[str, Definitions]
    outputs: dict[str, str]
    said: str

    @property
    def resources(self) -> Definitions:
        """The main stack's resources."""
        return self.stacks[self.name]

    def nested(self, logical_id: str) -> Definitions:
        """The resources of a stack in the stack."""
        arn = self.resources[logical_id]["id"]
        return self.stacks[arn.split("/")[1]]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The main stack's resources of one type, by logical id."""
        return {name: item for name, item in self.resources.items() if item["type"] == kind}

    def id(self, logical_id: str) -> str:
        """A resource's physical id."""
        physical: str = self.resources[logical_id]["id"]
        return physical

    def function(self, logical_id: str, qualifier: str = "$LATEST") -> dict[str, Any]:
        """What Lambda knows of a function now."""
        configuration: dict[str, Any] = self.cloud("lambda").get_function(
            FunctionName=self.id(logical_id), Qualifier=qualifier
        )["Configuration"]
        return configuration

    def alias(self, logical_id: str) -> dict[str, Any]:
        """What Lambda knows of a function's alias now."""
        found: dict[str, Any] = self.cloud("lambda").get_alias(FunctionName=self.id(logical_id), Name="live")
        return found
