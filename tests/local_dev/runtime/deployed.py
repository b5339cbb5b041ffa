"""Functions as a deployment has them, with what they print."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from local_dev.runtime.functions import LocalFunctions
from local_dev.stack.model import Function


@contextlib.asynccontextmanager
async def deployed(
    functions: dict[str, Function], **options: Any
) -> AsyncIterator[tuple[LocalFunctions, list[str]]]:
    """The functions by the names they are invoked by, and every line that they print."""
    lines: list[str] = []
    local = LocalFunctions(
        functions,
        service_for=lambda _: {},
        output=lambda _, line: lines.append(line),
        **options,
    )
    try:
        yield local, lines
    finally:
        await local.stop()
