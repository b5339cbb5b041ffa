"""`make scan`: every scanner, and an end with 1 at a finding without a reason, or a reason without a finding.

Where the advisories cannot be asked for, as without a network, it says so and goes on; with SCAN_ADVISORIES=required,
as in the workflow, that is a failure too.
"""

import os
import sys

from .findings import Finding, read, stale, unexplained
from .tools import ScanError, Unreachable, advisories, cfn_lint, checkov, secrets

SCANNERS = {"cfn-lint": cfn_lint, "checkov": checkov, "secrets": secrets, "advisories": advisories}


def main() -> int:
    """The command; its exit status."""
    accepted = read()
    findings: list[Finding] = []
    failures: list[str] = []
    ran: list[str] = []
    for name, scan in SCANNERS.items():
        try:
            found = scan()
        except ScanError as error:
            print(f"{name}: NOT SCANNED: {error}")
            if not isinstance(error, Unreachable) or os.environ.get("SCAN_ADVISORIES") == "required":
                failures.append(f"{name} did not run")
            continue
        new = unexplained(found, accepted)
        print(f"{name}: {len(found)} findings, {len(found) - len(new)} of them accepted for a reason")
        findings += found
        ran.append(name)
        failures += map(str, new)
    failures += [f"nothing is found any more of: {line}" for line in stale(findings, accepted, ran)]
    for failure in failures:
        print(f"  {failure}")
    print("scan:", f"{len(failures)} failures" if failures else "passed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
