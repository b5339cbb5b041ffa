"""What it costs `admit` to decide: an open chat, and each kind of ticket, taken in turns.

python -m tests.bench.admission [--rounds 7]. The decision alone, in this process: no call goes anywhere, as the keys
are known and the ticket is not for one use. The baseline is the open chat.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench import machine
from tests.bench.tables import table
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "functions"))

from chat.doorkeeper import Doorkeeper
from chat.handshake import Handshake
from chat.issuer import IssuerKeys
from chat.tickets import SharedSecret, Tickets

from tests.functions.signing import ISSUER, SECRET, Issuer, signed

DECISIONS = 300
BASELINE = "open"


class _Known:
    """A secret that is known already."""

    def valid(self) -> tuple[str, ...]:
        return (SECRET,)


def measure(rounds: int) -> dict[str, Any]:
    """CPU-milliseconds of a decision, and the ratio to the baseline's in the same round, by kind; medians."""
    kinds = _kinds()
    samples: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds + 1):
        for name, decide in kinds.items():
            began = time.process_time()
            for _ in range(DECISIONS):
                decide()
            samples[name].append((time.process_time() - began) / DECISIONS * 1000)
    taken = {name: found[1:] for name, found in samples.items()}  # the first round warms up
    return {
        name: {
            "cpu_ms": statistics.median(found),
            "ratio": statistics.median(a / b for a, b in zip(found, taken[BASELINE], strict=True)),
        }
        for name, found in taken.items()
    }


def _kinds() -> dict[str, Callable[[], object]]:
    issuer, spent = Issuer(), None
    keys = IssuerKeys(ISSUER, fetch=issuer.fetch)
    shared = Doorkeeper(tickets=Tickets(SharedSecret(_Known()), spent))  # type: ignore[arg-type]
    issued = Doorkeeper(tickets=Tickets(keys, spent, issuer=ISSUER))  # type: ignore[arg-type]
    now = int(time.time())
    lasting: dict[str, Any] = {"iat": now, "exp": now + 3600}

    def decision(doorkeeper: Doorkeeper, token: str = "") -> Callable[[], object]:
        offers = f"parley, parley.ticket.{token}"
        headers = {"origin": ["https://chat.example.com"], "sec-websocket-protocol": [offers]}
        query = {"room_id": "general", "client_id": "ada"}
        return lambda: doorkeeper.admit(Handshake(query, headers, "chat.example.com,"))

    return {
        BASELINE: decision(Doorkeeper()),
        "ticket, HS256": decision(shared, signed(**lasting)),
        "ticket, RS256": decision(issued, issuer.signed(**lasting)),
        "ticket, ES256": decision(issued, issuer.signed(kid="ec", algorithm="ES256", **lasting)),
    }


def tables(results: dict[str, Any]) -> str:
    """The figures of `measure` in Markdown."""
    rows = [(name, taken["cpu_ms"], f"{taken['ratio']:.1f}") for name, taken in results.items()]
    return table(["a decision of admit", "CPU-ms", "x an open chat's"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    results = measure(options.rounds)
    print(json.dumps(results) if options.json else f"{machine.line()}\n\n{tables(results)}")


if __name__ == "__main__":
    main()
