"""Saved files: which functions they concern, and that the workers are replaced while everything goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from local_dev.runtime.watch import CodeFolders, watch
from local_dev.stack.model import Function

from .deployed import deployed

pytestmark = pytest.mark.anyio

WITHIN = 60.0
"""Seconds after which a test gives up; far more than it takes."""


def function(name: str, code: Path | None, **options: Any) -> Function:
    settings: dict[str, Any] = {"timeout": 60.0, "memory": 128, "environment": {}, **options}
    return Function(
        name=name, arn=f"arn:aws:lambda:us-east-1:1:function:{name}", label=name.title(), handler="app.handler",
        code=code, **settings,
    )  # fmt: skip


def answer(folder: Path, value: str) -> None:
    (folder / "app.py").write_text(f"def handler(event, context): return {value}\n", encoding="utf-8")


class Watched:
    """What a watch has told."""

    def __init__(self) -> None:
        self.reloads: asyncio.Queue[set[str]] = asyncio.Queue()
        self.notices: asyncio.Queue[str] = asyncio.Queue()

    def reload(self, names: Collection[str]) -> None:
        self.reloads.put_nowait(set(names))

    async def reloaded(self) -> set[str]:
        async with asyncio.timeout(WITHIN):
            return await self.reloads.get()


@contextlib.asynccontextmanager
async def watching(functions: dict[str, Function], *templates: Path) -> AsyncIterator[Watched]:
    watched = Watched()
    task = asyncio.create_task(
        watch(functions, watched.reload, templates=templates, notice=watched.notices.put_nowait)
    )
    try:
        yield watched
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not true():  # noqa: ASYNC110 (another process makes it so)
            await asyncio.sleep(0.01)


async def touched(watched: Watched, path: Path) -> set[str]:
    """Save a file until it was noticed: nobody tells when a watch is set up."""
    async with asyncio.timeout(WITHIN):
        while watched.reloads.empty():
            path.write_text(f"# {asyncio.get_running_loop().time()}", encoding="utf-8")
            await asyncio.sleep(0.1)
    return await watched.reloaded()


def test_a_file_belongs_to_every_function_whose_folder_or_layer_holds_it(tmp_path: Path) -> None:
    code, layer = tmp_path / "code", tmp_path / "layer"
    folders = CodeFolders(
        {
            "one": function("one", code),
            "two": function("two", code / "inner", layers=(layer,)),
            "inline": function("inline", None, inline_code="def handler(event, context): ..."),
        }
    )
    assert folders.users([code / "app.py"]) == {"one"}
    assert folders.users([code / "inner" / "data.json"]) == {"one", "two"}
    assert folders.users([layer / "python" / "shared.py"]) == {"two"}
    assert folders.users([tmp_path / "other.py"]) == set()


@pytest.mark.parametrize(
    "path",
    [
        "__pycache__/app.cpython-311.pyc",
        ".git/index",
        "a/.venv/lib/x.py",
        "node_modules/y.js",
        ".aws-sam/build/app.py",
        "app.py~",
        ".app.py.swp",
        ".#app.py",
        "lib/app.pyc",
    ],
)
def test_what_tools_leave_behind_is_nobodys_code(tmp_path: Path, path: str) -> None:
    assert CodeFolders({"one": function("one", tmp_path)}).users([tmp_path / path]) == set()


def test_a_built_folder_is_code_though_it_lies_in_an_ignored_one(tmp_path: Path) -> None:
    built = tmp_path / ".aws-sam" / "build" / "One"
    assert CodeFolders({"one": function("one", built)}).users([built / "app.py"]) == {"one"}


async def test_a_saved_file_is_told_for_the_functions_that_use_it(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    functions = {name: function(name, tmp_path / name) for name in ("one", "two")}
    async with watching(functions) as watched:
        assert await touched(watched, tmp_path / "one" / "app.py") == {"one"}
        assert await watched.notices.get() == "code saved, reloading One"


async def test_a_folder_that_a_build_replaces_is_watched_again(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    async with watching({"one": function("one", code)}) as watched:
        await touched(watched, code / "app.py")
        code.rename(tmp_path / "old")
        code.mkdir()
        assert await watched.reloaded() == {"one"}
        assert await touched(watched, code / "app.py") == {"one"}


async def test_a_template_that_is_saved_asks_for_a_restart(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    async with watching({}, template) as watched, asyncio.timeout(WITHIN):
        while watched.notices.empty():
            # As editors do it: another file takes the name.
            (tmp_path / "new").write_text("Resources: {}", encoding="utf-8")
            (tmp_path / "new").replace(template)
            await asyncio.sleep(0.1)
        assert "template.yaml was saved: restart" in await watched.notices.get()


async def test_a_part_of_a_template_that_is_saved_is_named(tmp_path: Path) -> None:
    parts = [tmp_path / "template.yaml", tmp_path / "parts" / "feed.yaml"]
    (tmp_path / "parts").mkdir()
    async with watching({}, *parts) as watched, asyncio.timeout(WITHIN):
        while watched.notices.empty():
            parts[1].write_text("Resources: {}", encoding="utf-8")
            await asyncio.sleep(0.1)
        assert str(Path("parts", "feed.yaml was saved: restart")) in await watched.notices.get()


async def test_polling_sees_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "50")
    async with watching({"one": function("one", tmp_path)}) as watched:
        assert await touched(watched, tmp_path / "app.py") == {"one"}


async def test_after_a_reload_the_new_code_answers(tmp_path: Path) -> None:
    answer(tmp_path, "'a'")
    async with deployed({"one": function("one", tmp_path)}) as (functions, _):
        assert await functions.invoke("one", {}, wait=WITHIN) == "a"
        for value in "bcdefg":  # files of one size, saved within one second
            answer(tmp_path, f"'{value}'")
            functions.reload(["one"])
            assert await functions.invoke("one", {}, wait=WITHIN) == value


async def test_an_invocation_that_runs_finishes_with_the_old_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os, pathlib, time\n"
        "def handler(event, context):\n"
        "    pathlib.Path(event['started']).touch()\n"
        "    while not os.path.exists(event['go']): time.sleep(0.01)\n"
        "    return 'old'\n",
        encoding="utf-8",
    )
    event = {"started": str(tmp_path / "started"), "go": str(tmp_path / "go")}
    async with deployed({"one": function("one", tmp_path)}) as (functions, _):
        old = asyncio.create_task(functions.invoke("one", event, wait=WITHIN))
        await until((tmp_path / "started").exists)
        answer(tmp_path, "'new'")
        functions.reload(["one"])
        assert await functions.invoke("one", {}, wait=WITHIN) == "new"
        (tmp_path / "go").touch()
        assert await old == "old"
        assert await functions.invoke("one", {}, wait=WITHIN) == "new"


async def test_a_mistake_is_reported_when_it_is_saved_and_mended_by_the_next_save(tmp_path: Path) -> None:
    answer(tmp_path, "1")
    async with deployed({"one": function("one", tmp_path)}) as (functions, lines):
        await functions.invoke("one", {}, wait=WITHIN)
        answer(tmp_path, "(")
        functions.reload(["one"])
        await until(lambda: any("Syntax error in module 'app'" in line for line in lines))
        answer(tmp_path, "2")
        functions.reload(["one"])
        assert await functions.invoke("one", {}, wait=WITHIN) == 2


async def test_a_reload_while_workers_start_gives_the_new_code(tmp_path: Path) -> None:
    answer(tmp_path, "'old'")
    async with deployed({"one": function("one", tmp_path)}) as (functions, _):
        first = asyncio.create_task(functions.invoke("one", {}, wait=WITHIN))
        await asyncio.sleep(0)
        answer(tmp_path, "'new'")
        functions.reload(["one"])
        assert await first == "new"


async def test_a_function_nobody_has_used_is_not_started_by_a_reload(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('loaded')", encoding="utf-8")
    async with deployed({"one": function("one", tmp_path)}) as (functions, lines):
        functions.reload(["one", "unknown"])
        await functions.warm([])
    assert lines == []
