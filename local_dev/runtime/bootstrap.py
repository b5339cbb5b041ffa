"""What runs in a worker's process: AWS's own runtime client, with the search path of Lambda's Python.

Started by its path, with one argument: Settings as JSON. It imports nothing of the gateway, whose folder
is not on the path of the user's code. As on Lambda, the runtime is imported before the task root is put
first: a file of the user's that is called like a module of Python's library cannot break the runtime.
"""

import importlib
import importlib.machinery
import json
import os
import site
import sys
import threading
import time
from hashlib import sha256
from typing import Any, TypedDict

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib takes a tenth of the start)


class Settings(TypedDict):
    """`layers` come after `task_root` in sys.path. `bytecode` is the folder that caches what was compiled,
    or None. `debug` is a host and port to wait at for a debugger, or None.
    """

    handler: str
    task_root: str
    layers: list[str]
    bytecode: str | None
    debug: tuple[str, int] | None
    parent: int


def main(settings: Settings) -> None:
    """Serve invocations until the process is killed."""
    from awslambdaric import __main__ as runtime  # noqa: PLC0415

    sys.argv[1:] = [settings["handler"]]
    if settings["debug"]:
        _wait_for_debugger(*settings["debug"], settings["parent"])
    roots = [settings["task_root"], *settings["layers"]]
    if settings["bytecode"]:
        cache_bytecode(roots, settings["bytecode"])
    set_search_path(roots)
    runtime.main(["bootstrap", settings["handler"]])


def set_search_path(roots: list[str]) -> None:
    """Put the function's folders first, with the .pth files in them, and leave out the gateway's sources."""
    installed = {*site.getsitepackages(), site.getusersitepackages()}
    sources = os.path.dirname(os.path.dirname(HERE))  # noqa: PTH120
    mine = {HERE} if sources in installed else {HERE, sources}
    sys.path[:] = roots + [entry for entry in sys.path if entry not in mine and entry not in roots]
    for root in roots:
        site.addsitedir(root)


def cache_bytecode(roots: list[str], folder: str) -> None:
    """Keep what is compiled of the function's own modules in `folder`, so that the next worker starts
    faster and no __pycache__ appears among somebody's sources. Other modules keep theirs where they are.
    """

    class Loader(importlib.machinery.SourceFileLoader):
        def path_stats(self, path: str) -> dict[str, int]:
            # Python compares whole seconds, and so takes a file saved twice within one for unchanged.
            found = os.stat(path)  # noqa: PTH116
            return {"mtime": found.st_mtime_ns >> 10, "size": found.st_size}

        def get_data(self, path: str) -> bytes:
            return super().get_data(_elsewhere(path, folder))

        def set_data(self, path: str, data: Any, **options: Any) -> None:
            super().set_data(_elsewhere(path, folder), data, **options)

    details: list[tuple[type, list[str]]] = [
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (Loader, importlib.machinery.SOURCE_SUFFIXES),
        (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
    ]
    inside = tuple(f"{root}{os.sep}" for root in roots)

    def hook(path: str) -> importlib.machinery.FileFinder:
        if not f"{path}{os.sep}".startswith(inside):
            raise ImportError(path)
        return importlib.machinery.FileFinder(path, *details)

    sys.path_hooks.insert(0, hook)


def _elsewhere(path: str, folder: str) -> str:
    if not path.endswith(".pyc"):
        return path
    name = sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return os.path.join(folder, f"{name}-{os.path.basename(path)}")  # noqa: PTH118, PTH119


def _wait_for_debugger(host: str, port: int, parent: int) -> None:
    import debugpy  # noqa: PLC0415

    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    debugpy.configure(python=_adapter_starter())
    debugpy.listen((host, port))
    print(f"waiting for a debugger at {host}:{port}", flush=True)
    debugpy.wait_for_client()


def _adapter_starter() -> str:
    """An executable that starts debugpy's adapter within this process group, which it would leave
    otherwise, and so outlive the worker.
    """
    path = os.path.join(os.environ["TMPDIR"], "debug-adapter")  # noqa: PTH118
    stay = (
        "import os, runpy, sys; os.setsid = lambda: None; sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    with open(path, "w", encoding="utf-8") as script:  # noqa: PTH123
        script.write(f'#!/bin/sh\nexec {_quoted(sys.executable)} -c {_quoted(stay)} "$@"\n')
    os.chmod(path, 0o700)  # noqa: PTH101
    return path


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _end_with(parent: int) -> None:
    """A worker that waits for a debugger is not frozen, so nothing hangs up on it when the gateway is
    killed outright.
    """
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
