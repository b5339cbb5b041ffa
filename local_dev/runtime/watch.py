"""Files of functions that are saved: whose code it is, and who is told."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import watchfiles

from ..stack.model import Function

IGNORED_FOLDERS = frozenset(
    (
        "__pycache__",
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        ".tox",
        "node_modules",
        ".aws-sam",
        ".idea",
        ".vscode",
    )
) | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
"""Folders within a function's folder whose files are nobody's code."""

IGNORED_ENDINGS = (".pyc", ".pyo", ".swp", ".swx", ".tmp", "~")
"""Endings of files that tools and editors make for themselves."""

QUIET = 50
"""Milliseconds without a change after which the changes are told together."""

LONGEST = 300
"""Milliseconds after which they are told though more keep coming."""

LOOK_AGAIN = 1000
"""Milliseconds after which it is looked whether a folder was replaced by another, as a build does."""


class CodeFolders:
    """Which functions a changed file concerns."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._users: dict[Path, set[str]] = {}
        for name, function in functions.items():
            for folder in (function.code, *function.layers):
                if folder is not None and function.inline_code is None:
                    self._users.setdefault(folder.resolve(), set()).add(name)

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders, whether they exist or not."""
        return tuple(self._users)

    def users(self, paths: Iterable[Path]) -> set[str]:
        """The functions whose code one of these files is part of."""
        return {
            name
            for path in paths
            for folder, names in self._users.items()
            if path == folder or (path.is_relative_to(folder) and _is_code(path.relative_to(folder)))
            for name in names
        }


async def watch(
    functions: Mapping[str, Function],
    reload: Callable[[Collection[str]], None],
    *,
    templates: Sequence[Path] = (),
    notice: Callable[[str], None],
) -> None:
    """Call `reload` with the names of the functions whose code was saved, until cancelled. `notice` gets a
    line for a person: what was reloaded, or that one of the templates changed, which takes a restart. Each is
    resolved, and named as it is found from the folder of the first.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch_code(CodeFolders(functions), functions, reload, notice))
        if templates:
            group.create_task(_watch_templates(templates, notice))


async def _watch_code(
    code: CodeFolders,
    functions: Mapping[str, Function],
    reload: Callable[[Collection[str]], None],
    notice: Callable[[str], None],
) -> None:
    identities = _identities(code.folders)
    while True:
        async with contextlib.aclosing(_changes(identities, notice, recursive=True)) as changes:
            async for paths in changes:
                now = _identities(code.folders)
                replaced = [folder for folder in code.folders if now.get(folder) != identities.get(folder)]
                names = code.users([*paths, *replaced]) - code.users(set(code.folders) - set(now))
                if names:
                    labels = ", ".join(sorted(functions[name].label for name in names))
                    notice(f"code saved, reloading {labels}")
                    reload(names)
                if replaced:
                    identities = now
                    break  # a watch does not follow a folder that was replaced


async def _watch_templates(templates: Sequence[Path], notice: Callable[[str], None]) -> None:
    # Their folders are watched, since editors replace a file rather than write into it.
    folders = {template.parent for template in templates}
    while True:
        async with contextlib.aclosing(_changes(folders, notice, recursive=False)) as changes:
            async for paths in changes:
                for template in templates:
                    if template in paths:
                        name = os.path.relpath(template, templates[0].parent)
                        notice(f"{name} was saved: restart to deploy what changed in it")


async def _changes(
    folders: Collection[Path], notice: Callable[[str], None], *, recursive: bool
) -> AsyncGenerator[set[Path], None]:
    """Files that were saved, in batches, and an empty batch every now and then."""
    if not folders:
        await asyncio.sleep(LOOK_AGAIN / 1000)
        yield set()
        return
    force_polling: bool | None = None
    while True:
        try:
            watching = watchfiles.awatch(
                *folders,
                watch_filter=None,
                debounce=LONGEST,
                step=QUIET,
                rust_timeout=LOOK_AGAIN,
                yield_on_timeout=True,
                recursive=recursive,
                force_polling=force_polling,
                ignore_permission_denied=True,
            )
            async with contextlib.aclosing(watching):
                async for changes in watching:
                    yield {Path(path) for _, path in changes}
        except FileNotFoundError:  # a folder went while the watch was set up
            await asyncio.sleep(LOOK_AGAIN / 1000)
            yield set()
            return
        except OSError as error:
            if force_polling:
                raise
            notice(f"the system cannot watch so many files ({error}); they are polled instead")
            force_polling = True


def _identities(folders: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    found = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            status = folder.stat()
            found[folder] = (status.st_dev, status.st_ino)
    return found


def _is_code(inside: Path) -> bool:
    *parents, name = inside.parts or ("",)
    ignored = name in IGNORED_FOLDERS or not IGNORED_FOLDERS.isdisjoint(parents)
    return not ignored and not name.endswith(IGNORED_ENDINGS) and not name.startswith(".#")
