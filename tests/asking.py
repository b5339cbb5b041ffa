"""Asks what the gateway answers under /_local/: faults, clock, state, secrets."""

import json
import urllib.error
import urllib.request
from typing import Any

# Whatever proxy the environment names is not for this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str, method: str, path: str, value: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    request = urllib.request.Request(
        f"{url}/_local/{path}",
        method=method,
        data=None if value is None else json.dumps(value).encode(),
        headers={"x-local-gateway": "test", "content-type": "application/json", **headers},
    )
    try:
        with _OPENER.open(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def secret_of(url: str, logical_id: str) -> str:
    """The text of a secret of the template, to sign with."""
    status, answer = ask(url, "POST", f"secrets/{logical_id}", {})
    assert status == 200, answer
    return str(answer["secret"])
