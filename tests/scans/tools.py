"""The scanners, each from `.venv-scan` and read from its JSON."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

from .findings import ACCEPTED, Finding

BIN = ROOT / ".venv-scan" / "bin"
LIMIT = 600
"""Seconds that a scanner may take."""

TEMPLATES = [
    "template.yaml",
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("infra/*.yaml")),
]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))

NOT_TEXT = (".lock", ".png", ".svg")
"""What is not looked through for secrets: a lock file is all hashes."""


class ScanError(Exception):
    """A scanner did not do its work."""


class Unreachable(ScanError):
    """The source of advisories cannot be had from here."""


def cfn_lint() -> list[Finding]:
    """AWS's schemas, and AWS's rules for serverless applications."""
    found = _json("cfn-lint", "--format", "json", "-a", "cfn_lint_serverless.rules", "--", *TEMPLATES)
    return [Finding("cfn-lint", item["Rule"]["Id"], _resource(item), item["Message"]) for item in found]


def _resource(item: dict[str, Any]) -> str:
    path = item["Location"]["Path"] or []
    return f"{item['Filename']}:{path[1] if path[:1] == ['Resources'] and len(path) > 1 else path}"


def checkov() -> list[Finding]:
    """Rules about encryption, logs, networks and permissions."""
    templates = [argument for name in TEMPLATES for argument in ("-f", name)]
    told = _json("checkov", *templates, "--framework", "cloudformation", "--skip-download", "-o", "json")
    if told["results"]["parsing_errors"] or told["summary"]["resource_count"] < len(TEMPLATES):
        raise ScanError(f"checkov could not read {told['results']['parsing_errors'] or TEMPLATES}")
    return [
        Finding("checkov", item["check_id"], item["resource"], item["check_name"])
        for item in told["results"]["failed_checks"]
    ]


def secrets() -> list[Finding]:
    """Passwords and keys in what git has. A place is a file and a part of the secret's hash."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [
        name
        for name in listed.stdout.split("\n")
        if name and not name.endswith(NOT_TEXT) and (ROOT / name) != ACCEPTED and (ROOT / name).is_file()
    ]
    found = _json("detect-secrets-hook", "--json", *files)["results"]
    return [
        Finding(
            "secrets", item["type"], f"{name}:{item['hashed_secret'][:12]}", f"line {item['line_number']}"
        )
        for name, items in found.items()
        for item in items
    ]


def advisories() -> list[Finding]:
    """Known vulnerabilities of what the lock files pin. Unreachable where nobody can be asked."""
    if not _audited(["pip==25.0.1"]):
        raise Unreachable(
            "PyPI's list of advisories is not to be had from here; it has to be asked where it is"
        )
    found, unknown = [], set()
    for lock in LOCKS:
        for package in _audited(_pins(ROOT / lock), all_of_them=True):
            if "skip_reason" in package:
                unknown.add(f"{package['name']} ({lock})")
            for item in package.get("vulns", []):
                found.append(
                    Finding("advisories", item["id"], package["name"], f"{package['version']}, {lock}")
                )
    if unknown:
        raise ScanError(f"not audited: {', '.join(sorted(unknown))}")
    return found


def _pins(lock: Path) -> list[str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.removesuffix("\\").strip() for line in lines if line and line[0].isalnum()]


def _audited(pins: list[str], *, all_of_them: bool = False) -> list[dict[str, Any]]:
    """pip-audit's word on each package; without `all_of_them` on those alone that it could audit."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        try:
            told = _json("pip-audit", "-f", "json", "--no-deps", "--disable-pip", "-r", file.name)
        except ScanError as error:
            raise Unreachable(str(error)) from None
    packages: list[dict[str, Any]] = told["dependencies"]
    return packages if all_of_them else [item for item in packages if "skip_reason" not in item]


def _json(command: str, *arguments: str) -> Any:
    try:
        done = subprocess.run(
            [BIN / command, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ScanError(f"{command} took more than {LIMIT} s") from None
    try:  # their exit statuses say whether there are findings
        return json.loads(done.stdout)
    except ValueError:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise ScanError(f"{command}: {said}") from None
