"""The SAM CLI as a person runs it, in a folder of its own, with moto for AWS."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from .services import CREDENTIALS

RUNTIME = "python3.13"
"""The functions' Python, which `sam build` takes from the PATH."""

LIMIT = 600
"""Seconds that a command may take."""


class SamError(AssertionError):
    """A command failed; its text is what it said."""


class Sam:
    """Runs the `sam` at `path` against the AWS at `endpoint`, with the functions' Python, at `python`, on the PATH."""

    def __init__(self, path: str, *, endpoint: str, region: str, python: Path, home: Path) -> None:
        self._path = str(Path(path).resolve())
        self._home = home
        self._environment = {
            "PATH": os.pathsep.join((str(python.parent), str(Path(self._path).parent), os.environ["PATH"])),
            "HOME": str(home),  # where it keeps settings of its own, an installation's number among them
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
            "NO_PROXY": "localhost",
            "PYTHONWARNINGS": "ignore",
            # sam build asks an index for the functions' packages, by whatever way pip does here.
            **{
                key: os.environ[key] for key in os.environ if key.startswith(("PIP_", "SSL_", "HTTP", "http"))
            },
        }

    def __call__(self, *arguments: str, folder: Path) -> str:
        """Run one of its commands in `folder`; what it printed. SamError if it fails or takes too long."""
        return self.run([self._path, *arguments], folder=folder)

    def run(self, command: Sequence[str], *, folder: Path) -> str:
        """Run any command so, as one that calls the SAM CLI itself."""
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SamError(f"{' '.join(command)} took more than {LIMIT} s: {error.output!r}") from None
        if done.returncode:
            raise SamError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr


def find_python() -> Path | None:
    """A python3.13 that really runs (a name on the PATH may be a shim without one): the one that PYTHON313 names,
    the PATH's, or one of pyenv's or uv's.
    """
    return next((path for path in _candidates() if _runs(path)), None)


def _candidates() -> Iterator[Path]:
    if "PYTHON313" in os.environ:
        yield Path(os.environ["PYTHON313"])
    on_path = shutil.which(RUNTIME)
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/3.13.*/bin/{RUNTIME}"), reverse=True)
    uv = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "uv"
    yield from sorted(uv.glob(f"python/cpython-3.13.*/bin/{RUNTIME}"), reverse=True)


def _runs(path: Path) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except OSError:
        return False
    return done.returncode == 0 and b"3.13." in done.stdout
