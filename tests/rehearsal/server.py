"""moto, as a cloud that stacks can be deployed to: `python -m tests.rehearsal.server REGION`.

It prints its port on a line of its own and serves until its standard input ends. `GET /stacks` gives, in JSON, what
stands: `{stack: {logical id: {"type", "id", "properties"}}}`, with every value resolved.
"""

import json
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from typing import Any


def main() -> None:
    """Serve until standard input ends."""
    region = sys.argv[1]
    os.environ.update(
        AWS_DEFAULT_REGION=region,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
    )
    warnings.simplefilter("ignore")
    # Imported here, since moto reads the environment when it is imported.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    from .requests import hook, standing

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, *args: Any) -> None:
            """Say nothing of what goes well."""

    application = _with_stacks(DomainDispatcherApplication(create_backend_app), standing)
    server = make_server("localhost", 0, application, threaded=True, request_handler=Quiet)
    hook(server.port, region)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()


def _with_stacks(application: Any, standing: Callable[[], Any]) -> Any:
    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/stacks":
            chunks: Iterable[bytes] = application(environ, start_response)
            return chunks
        content = json.dumps(standing()).encode()
        start_response(
            "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        )
        return [content]

    return answer


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
