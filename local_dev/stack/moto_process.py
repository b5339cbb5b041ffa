"""The AWS that the handlers see: moto in a process of its own, with the stack deployed into it.

Started as `python -m local_dev.stack.moto_process`. Reads one JSON line on standard input, `{"template",
"parameters", "region", "stack", "address", "ttl_sweep"}`; answers one on standard output, `{"port", "resources",
"outputs", "account", "notes"}` or `{"error", "logical_id"}`; then serves moto over HTTP and writes `{"stream": <arn>}`
whenever a table's stream gains a record, and the same with a queue's ARN for a message. It ends when its
standard input closes, so it can never outlive the gateway. moto is not safe under threads, hence a process of its
own in which one request is answered at a time.
"""

import contextlib
import gc
import json
import os
import re
import sys
import threading
import warnings
from collections.abc import Mapping
from typing import Any


def _announce_stream_records() -> None:
    from moto.dynamodb.models.table import StreamShard  # noqa: PLC0415

    add = StreamShard.add

    def add_and_tell(shard: Any, old: Any, new: Any) -> None:
        add(shard, old, new)
        _emit({"stream": f"{shard.table.table_arn}/stream/{shard.table.latest_stream_label}"})

    StreamShard.add = add_and_tell


def _announce_messages() -> None:
    from moto.sqs.models import Queue  # noqa: PLC0415

    add = Queue.add_message

    def add_and_tell(queue: Any, message: Any) -> None:
        add(queue, message)
        _emit({"stream": queue.queue_arn})

    Queue.add_message = add_and_tell


_one_at_a_time = threading.Lock()


def _wait_without_holding_up_others() -> None:
    """Have a receiver that waits for messages give way meanwhile: long polls would stop all of moto."""
    from moto.sqs.models import Queue  # noqa: PLC0415

    wait = Queue.wait_for_messages

    def wait_unlocked(queue: Any, timeout: int) -> None:
        _one_at_a_time.release()
        try:
            wait(queue, timeout)
        finally:
            _one_at_a_time.acquire()

    Queue.wait_for_messages = wait_unlocked


def _emit(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


_FIRST_CALLS = {
    "AWS::DynamoDB::": ("dynamodb", "DynamoDB_20120810.ListTables"),
    "AWS::Lambda::EventSourceMapping": ("dynamodb", "DynamoDBStreams_20120810.ListStreams"),
    "AWS::SQS::": ("sqs", "AmazonSQS.ListQueues"),
}
"""A call without consequences of each service whose first call somebody is about to wait for."""


def _warm(application: Any, resources: Mapping[str, Any], region: str) -> None:
    """Have moto load what answers the first calls, which takes a tenth of a second for each service."""
    from werkzeug.test import Client  # noqa: PLC0415 (moto's server has imported it)

    client = Client(application)
    kinds = {resource["type"] for resource in resources.values()}
    for prefix, (service, target) in _FIRST_CALLS.items():
        if any(kind.startswith(prefix) for kind in kinds):
            credential = f"Credential=warm/20260101/{region}/{service}/aws4_request"
            headers = {
                "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": target,
            }
            with contextlib.suppress(Exception):  # whoever needs the service is told
                client.post("/", data=b"{}", headers=headers)


def _forget_the_users_aws() -> None:
    """Profile, files and endpoints of whoever runs this are about a real AWS; moto would read them too."""
    for name in [name for name in os.environ if re.match("AWS_(DEFAULT_)?PROFILE$|AWS_ENDPOINT_URL", name)]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _check_region(region: str) -> None:
    if region == "us-east-1":  # looking takes a moment
        return
    from botocore.session import Session  # noqa: PLC0415

    session = Session()
    known = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("dynamodb", partition)
    }
    if region not in known:
        raise LookupError(f"--region {region}: there is no such region")


def main() -> None:
    gc.disable()  # nothing of what is loaded becomes garbage: a tenth of the time
    warnings.simplefilter("ignore")
    _forget_the_users_aws()
    try:
        # Imported here, so that whatever fails is told to the gateway; and before there is anything to do, since
        # the gateway starts this process before it has read its template.
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication  # noqa: PLC0415

        from . import moto_patches  # noqa: PLC0415
        from .moto_front import with_a_short_way  # noqa: PLC0415
        from .moto_late import LateServices  # noqa: PLC0415
        from .moto_server import Server  # noqa: PLC0415
        from .moto_stack import deploy  # noqa: PLC0415
        from .moto_ttl import Sweeper  # noqa: PLC0415

        moto_patches.apply()
        line = sys.stdin.readline()
        if not line:  # the gateway has changed its mind
            return
        _end_with_parent()
        request = json.loads(line)
        ttl_sweep = request.pop("ttl_sweep")
        _check_region(request["region"])
        stack, deployed = deploy(**request)
    except Exception as error:
        text = " ".join(str(getattr(error, "message", None) or error or type(error).__name__).split())
        _emit({"error": text, "logical_id": getattr(error, "logical_id", None)})
        sys.exit(1)
    _announce_stream_records()
    _announce_messages()
    _wait_without_holding_up_others()
    application = with_a_short_way(DomainDispatcherApplication(LateServices(stack).application))
    server = Server(application, _one_at_a_time)
    gc.freeze()
    gc.enable()
    _emit({"port": server.port, **deployed})
    if ttl_sweep:
        sweeper = Sweeper(_one_at_a_time)
        threading.Thread(target=sweeper.run, args=(ttl_sweep,), daemon=True).start()
    _warm(application, deployed["resources"], request["region"])
    server.serve_forever()


if __name__ == "__main__":
    main()
