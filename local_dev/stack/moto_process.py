"""The AWS that the handlers see: moto in a process of its own, with the stack deployed into it.

Started as `python -m local_dev.stack.moto_process`. Reads one JSON line on standard input, `{"template",
"parameters", "region", "stack"}`; answers one on standard output, `{"port", "resources", "outputs"}` or
`{"error"}`; then serves moto over HTTP and writes `{"stream": <arn>}` whenever a table's stream gains a
record. It ends when its standard input closes, so it can never outlive the gateway. moto is not safe
under threads, hence one process, one thread.
"""

import json
import logging
import os
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


def _emit(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    warnings.simplefilter("ignore")
    request = json.loads(sys.stdin.readline())
    _end_with_parent()
    try:
        # Imported here, so that whatever fails is told to the gateway.
        from .moto_serializer import shorten_the_way_of_attribute_values  # noqa: PLC0415
        from .moto_stack import deploy  # noqa: PLC0415

        deployed = deploy(**request)
    except Exception as error:
        _emit(
            {"error": " ".join(str(getattr(error, "message", None) or error or type(error).__name__).split())}
        )
        sys.exit(1)
    _announce_stream_records()
    shorten_the_way_of_attribute_values()

    import waitress  # noqa: PLC0415 (after the deployment, whose errors should come first)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # with one thread there is always a queue
    server = waitress.create_server(
        DomainDispatcherApplication(create_backend_app),
        host="127.0.0.1",
        port=0,
        threads=1,
        connection_limit=1000,
        channel_timeout=3600,
        asyncore_use_poll=True,
    )
    _emit({"port": server.effective_port, **deployed})
    server.run()


if __name__ == "__main__":
    main()
