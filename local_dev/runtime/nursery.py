"""The process that workers are forked from: what nearly every function imports is imported once.

Started by its path, like bootstrap.py, with the number of its control socket. Each request, a datagram of
JSON with the file descriptor for the output, makes one child; how children end is told on the same
socket. When the gateway ends, in whatever way, the socket does, and all children with it.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

LIBRARIES = ("boto3", "botocore.client", "botocore.httpsession", "simplejson", "awslambdaric")
"""What is imported beforehand. None of it looks at the environment while it is imported, as the rest of
AWS's runtime client does; boto3's clients do when they are made.
"""

MAX_REQUEST = 2**17
"""Bytes of a request."""


def serve(control: socket.socket) -> Mapping[str, Any] | None:
    """Fork a child for each request. Returns in each child, with its request; None at the end."""
    woken, waker = socket.socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    children: set[int] = set()
    with contextlib.suppress(OSError):  # the gateway is gone
        while True:
            ready, _, _ = select.select([control, woken], [], [])
            if woken in ready:
                woken.recv(4096)
                _tell_ended(control, children)
            if control in ready:
                message, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST, 1)
                if not message:
                    break
                request = json.loads(message)
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for one in (control, woken, waker):
                        one.close()
                    return {**request, "output": descriptors[0]}
                os.close(descriptors[0])
                children.add(pid)
                with contextlib.suppress(ProcessLookupError):  # whoever is first, it or this
                    os.setpgid(pid, pid)
                control.send(json.dumps({"started": request["id"], "pid": pid}).encode())
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    return None


def become(request: Mapping[str, Any]) -> None:
    """Take on what a process of its own would have been started with."""
    os.setpgid(0, 0)
    os.dup2(request["output"], 1)
    os.dup2(request["output"], 2)
    os.close(request["output"])
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    # The handler is what `ps` and `top` call it, where the system lets a process say so.
    with contextlib.suppress(OSError, KeyError), open("/proc/self/comm", "w") as name:  # noqa: PTH123
        name.write(os.environ["_HANDLER"])


def _tell_ended(control: socket.socket, children: set[int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        children.discard(pid)
        control.send(json.dumps({"ended": pid, "status": os.waitstatus_to_exitcode(status)}).encode())


def main() -> None:
    """Import, say what is there now, and serve."""
    gc.disable()  # nothing of what is loaded becomes garbage
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    spec = importlib.util.spec_from_file_location("bootstrap", os.path.join(here, "bootstrap.py"))  # noqa: PTH118
    assert spec and spec.loader
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()  # what is shared with the children is not touched by their collector
    gc.enable()
    control = socket.socket(fileno=int(sys.argv[1]))
    modules = sorted({name.partition(".")[0] for name in sys.modules})
    control.send(json.dumps({"modules": modules}).encode())
    request = serve(control)
    if request is not None:
        become(request)
        bootstrap.main(request["settings"])


if __name__ == "__main__":
    main()
