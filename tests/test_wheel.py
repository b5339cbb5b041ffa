"""The gateway as a tool of its own: the wheel has no chat in it, and its command runs a template in any folder."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.conftest import ROOT

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`parley` in an environment of its own that has the wheel; its dependencies are this environment's."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    install = ["-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    packages = next((environment / "lib").glob("python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin" / "parley"


def test_the_wheel_has_the_gateway_and_nothing_of_the_chat(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert {name.split("/")[0] for name in names} == {"parley", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}
    sources = {path.relative_to(ROOT / "local_dev") for path in (ROOT / "local_dev").rglob("*.py")}
    assert {Path(name).relative_to("parley") for name in names if name.endswith(".py")} == sources
    assert "powertools" not in metadata.lower().partition("\n\n")[0]


async def test_the_command_runs_a_strangers_template_in_their_folder(command: Path, tmp_path: Path) -> None:
    folder = tmp_path / "their app"
    shutil.copytree(ROOT / "tests" / "strangers" / "kitchen", folder)
    process = start(command, folder, home=tmp_path)
    try:
        url = await asyncio.to_thread(address, process)
        async with connect(f"{url}?table=1", open_timeout=60) as socket, asyncio.timeout(60):
            await socket.send('{"do":"order","dish":"rice"}')
            assert json.loads(await socket.recv()) == {"printed": "rice", "price": 80}
    finally:
        process.send_signal(signal.SIGINT)
        _, log = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in log
    assert not [path for path in folder.rglob("*") if path.name in ("__pycache__", ".cache")]


def start(command: Path, folder: Path, *, home: Path) -> subprocess.Popen[bytes]:
    """The command, as a person starts it in their folder."""
    return subprocess.Popen(
        [command, "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUNBUFFERED": "1"},
    )


def address(process: subprocess.Popen[bytes]) -> str:
    """The address that the command prints."""
    assert process.stdout and process.stderr
    for line in process.stdout:
        found = re.search(rb"ws://\S+", line)
        if found:
            return found[0].decode()
    raise AssertionError(process.stderr.read().decode())
