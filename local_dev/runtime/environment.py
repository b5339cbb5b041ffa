"""The variables and the module search path that a function's code finds, as on Lambda.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html. Two things stay different, since
they would need a container: the folder /opt does not exist (layers are on the search paths where they
lie), and a path written as /tmp is the machine's own (TMPDIR, and so `tempfile`, is the worker's).
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..stack.model import Function

TASK_ROOT = "/var/task"
"""Where a function's code lies on Lambda."""

LAYERS = "/opt"
"""Where its layers lie on Lambda."""

SITE_PACKAGES = f"python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def variables(
    function: Function, *, folder: Path, log_stream: str, service: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a worker of `function` whose code lies in `folder`.

    The template's variables win over those that Lambda lets a function change, and Lambda's own over the
    template's; `service`, the local endpoints and credentials, wins over all.
    """
    paths = [str(layer / "bin") for layer in function.layers]
    libraries = [str(folder), str(folder / "lib"), *(str(layer / "lib") for layer in function.layers)]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {
        "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), *paths]),
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "HOME": os.environ.get("HOME", "/"),
        "PWD": str(folder),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        **function.environment,
        "LAMBDA_TASK_ROOT": str(folder),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if function.json_logs else "Text",
        **({"AWS_LAMBDA_LOG_LEVEL": function.log_level} if function.json_logs else {}),
        **service,
    }
    if "PYTHONPATH" in found:
        found["PYTHONPATH"] = _here(found["PYTHONPATH"], folder, function.layers)
    return found


def layer_path(function: Function) -> tuple[str, ...]:
    """What comes after the task root in `sys.path`.

    Layers are unpacked one over the other on Lambda, so the last one's modules are found first; and its
    Python looks into their site-packages before their plain folder. A PYTHONPATH in the template takes the
    place of both.
    """
    if "PYTHONPATH" in function.environment:
        return ()
    layers = tuple(reversed(function.layers))
    return tuple(str(layer / inside) for inside in (SITE_PACKAGES, "python") for layer in layers)


def _here(search_path: str, folder: Path, layers: tuple[Path, ...]) -> str:
    """A PYTHONPATH written for Lambda, with the folders of this machine."""
    entries: list[str] = []
    for entry in search_path.split(":"):
        if entry == TASK_ROOT or entry.startswith(f"{TASK_ROOT}/"):
            entries.append(f"{folder}{entry.removeprefix(TASK_ROOT)}")
        elif entry == LAYERS or entry.startswith(f"{LAYERS}/"):
            entries += [f"{layer}{entry.removeprefix(LAYERS)}" for layer in reversed(layers)]
        elif entry:
            entries.append(entry)
    return os.pathsep.join(entries)
