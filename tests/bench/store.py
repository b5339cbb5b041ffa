"""The tables behind a served gateway, spoken to directly: moto's port is found among the sockets it listens on."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from local_dev.stack.cloud import CREDENTIALS
from tests.asking import ask
from tests.bench.processes import below, role
from tests.conftest import ServedGateway

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

BATCH = 25
"""Items that DynamoDB takes in one BatchWriteItem."""


class Store:
    """DynamoDB behind a gateway. `tables` are names by logical id."""

    def __init__(self, served: ServedGateway) -> None:
        [moto] = [pid for pid in below(served.process.pid) if role(pid) == "moto"]
        self.client: DynamoDBClient = boto3.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{listening_port(moto)}",
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        _, state = ask(served.url, "GET", "state")
        self.tables: dict[str, str] = {table["id"]: table["name"] for table in state["tables"]}

    def write(self, table: str, requests: "list[WriteRequestTypeDef]") -> None:
        """Puts and deletes, in as many calls as it takes. RuntimeError where one was not carried out."""
        for start in range(0, len(requests), BATCH):
            batch = requests[start : start + BATCH]
            answer = self.client.batch_write_item(RequestItems={self.tables[table]: batch})
            if answer["UnprocessedItems"]:
                raise RuntimeError("not all was written")


def listening_port(pid: int) -> int:
    """The port on which a process listens; the lowest, if there are several. LookupError where there is none."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(str(link.readlink()))
    listening = "0A"
    ports = []
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == listening and f"socket:[{fields[9]}]" in sockets:
            ports.append(int(fields[1].rpartition(":")[2], 16))
    if not ports:
        raise LookupError(f"process {pid} listens nowhere")
    return min(ports)
