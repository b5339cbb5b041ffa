"""Writes what `make bench` measured into the documents that tell of it: tables between markers, and plots.

python -m tests.bench.report build/bench/results.json
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

from tests.bench import admission, engines, imports, large_rooms, page, straggler, transports
from tests.bench.plots import Series, bars, lines
from tests.bench.subjects import DEMO, GATEWAY, LIMIT
from tests.bench.tables import table
from tests.conftest import ROOT

PAGES = tuple(ROOT / "docs" / f"{name}.md" for name in ("performance", "transports", "page"))
IMAGES = ROOT / "docs" / "images"
SIZES = ("2", "10", "50", "200")
NOT_OF_PERFORMANCE = {"machine", "when", "took_s", "transports", "page"}


def sections(results: dict[str, Any]) -> dict[str, str]:
    """Markdown by the name of the marker it stands at; what was not measured is missing."""
    found = {"machine": _machine(results)} if results.keys() - NOT_OF_PERFORMANCE else {}
    if measured := results.get("transports"):
        found |= {"transports machine": _machine(results), **transports.tables(measured)}
    if frames := results.get("page"):
        found |= {"page machine": _machine(results), "page": page.tables(frames)}
    if rows := results.get("engines"):
        found["engines"] = engines.tables(rows)
    if large := results.get("large rooms"):
        found["large rooms"] = large_rooms.tables(large)
    if loads := results.get("imports"):
        found["imports"] = imports.tables(loads)
    if decisions := results.get("admission"):
        found["admission"] = admission.tables(decisions)
    if chats := results.get("chats"):
        found["chats"] = _chats(chats, results.get("starts", {}))
        found["pouring"] = _pouring(chats)
        found["holding"] = _holding(chats)
        if compared := _compared(chats):
            found["compared"] = compared
    if growth := results.get("growth"):
        found["growth"] = _growth(growth)
    if stuck := results.get("straggler"):
        found["straggler"] = straggler.tables(stuck)
    return found


def plots(results: dict[str, Any]) -> dict[str, str]:
    """SVG by file name."""
    found = {}
    if rows := results.get("engines"):
        shown = [row for row in rows if not row["tls"] and row["latency_ms"] == 10]
        found["performance-engines.svg"] = bars(
            "1,000 posts, each answered after 10 ms: how long all take",
            "ms",
            [(row["engine"], row["wall_ms"]) for row in shown],
        )
    if large := results.get("large rooms"):
        ways = {"told by one function": "direct_s", "in slices": "sliced_s"}
        found["performance-large-rooms.svg"] = lines(
            "Until the last member of a large room has a message",
            "members of the room",
            "s, posts answered after 200 ms",
            [
                Series(
                    title, [(float(each["members"]), each[key]) for each in large if each[key] is not None]
                )
                for title, key in ways.items()
            ],
        )
    if chats := results.get("chats"):
        series = [
            Series(name, [(int(size), figures["talking"]["last"][size]["p50"]) for size in SIZES])
            for name, figures in chats.items()
            if "talking" in figures
        ]
        found["performance-last.svg"] = lines(
            "Until the last member has a message", "members of the room", "ms, median", series
        )
    return found


def _machine(results: dict[str, Any]) -> str:
    told = dict(results["machine"])
    parts = [told.pop("processor"), told.pop("system"), f"Python {told.pop('Python')}"]
    commit = told.pop("commit")
    parts += [f"{name} {version}" for name, version in told.items() if version != "-"]
    return f"{results['when']}, {', '.join(parts)}; commit {commit}; {results['took_s'] / 60:.0f} minutes."


def _chats(chats: dict[str, Any], starts: dict[str, float]) -> str:
    def row(title: str, *path: str) -> tuple[object, ...]:
        return (title, *(_at(figures, *path) for figures in chats.values()))

    rows: list[tuple[object, ...]] = [
        ("start to the first connection, s", *(starts.get(name) for name in chats)),
        row("connect, p50 ms", "connecting", "one_ms", "p50"),
        row("50 connects at once, a second", "connecting", "a_second"),
        row("own message back, p50 ms", "talking", "alone", "p50"),
        row("own message back, p99 ms", "talking", "alone", "p99"),
        row("own message with an `id` back, p50 ms", "talking", "alone_with_id", "p50"),
    ]
    for size in SIZES:
        rows += [
            row(f"last of {size}, p50 ms", "talking", "last", size, "p50"),
            row(f"last of {size}, p99 ms", "talking", "last", size, "p99"),
        ]
    rows.append(row("memory after that, MB", "memory_mb"))
    return table(("", *chats), rows)


def _pouring(chats: dict[str, Any]) -> str:
    keys = {
        "able_to": "able to take, messages a second",
        "rate": "sent, messages a second",
        "deliveries_a_second": "deliveries a second",
        "lost": "lost",
        "doubled": "doubled",
        "swapped": "after a later one of the same sender",
    }
    rows = [(title, *(_at(each, "pouring", key) for each in chats.values())) for key, title in keys.items()]
    return table(("10 senders, 50 members, open loop", *chats), rows)


def _holding(chats: dict[str, Any]) -> str:
    held = {name: figures["holding"] for name, figures in chats.items() if figures.get("holding")}
    if not held:
        return "Not told by this system."
    steps = list(next(iter(held.values()))["mb_at"])
    rows: list[tuple[object, ...]] = [
        (f"MB at {int(step):,} connections", *(each["mb_at"][step] for each in held.values()))
        for step in steps
    ]
    rows.append(("KB for each connection", *(each["kb_each"] for each in held.values())))
    rows.append(("held until the end", *(each["held"] for each in held.values())))
    return table(("", *held), rows)


def _growth(growth: dict[str, Any]) -> str:
    rows = [
        (f"{int(others):,}", each["cpu_ms"], each["wall_ms"], f"{each['ratio']:.2f}")
        for others, each in growth.items()
    ]
    return table(
        ("other memberships", "CPU-ms a message", "last of 10 has it, p50 ms", "CPU, x beside none"), rows
    )


def _compared(chats: dict[str, Any]) -> str | None:
    """The gateway against the best of the peers that were given."""
    peers = {name: each for name, each in chats.items() if name not in {GATEWAY, DEMO, LIMIT}}
    if not peers or GATEWAY not in chats:
        return None
    ways = [
        ("connects at once, times the best peer's", max, ("connecting", "a_second")),
        ("own message back, share of the best peer's", min, ("talking", "alone", "p50")),
        ("last of 50, share of the best peer's", min, ("talking", "last", "50", "p50")),
        ("last of 200, share of the best peer's", min, ("talking", "last", "200", "p50")),
    ]
    rows = []
    for title, best, path in ways:
        ours = _at(chats[GATEWAY], *path)
        theirs = [(value, name) for name, each in peers.items() if (value := _at(each, *path)) is not None]
        if ours is not None and theirs:
            value, name = best(theirs)
            rows.append((title, f"{ours / value:.2f}", name))
    return table(("", "ratio", "best peer"), rows)


def _at(figures: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(figures, dict) or key not in figures:
            return None
        figures = figures[key]
    return figures


def put(page: str, name: str, text: str) -> str:
    """The page with `text` between the markers of that name. LookupError where it has none."""
    begin, end = f"<!-- bench: {name} -->", "<!-- /bench -->"
    pattern = re.escape(begin) + r".*?" + re.escape(end)
    written, count = re.subn(pattern, lambda _: f"{begin}\n{text}\n{end}", page, flags=re.DOTALL)
    if count != 1:
        raise LookupError(f"{count} places for {name}")
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    results = json.loads(parser.parse_args().results.read_text())
    documents = {path: path.read_text() for path in PAGES}
    for name, text in sections(results).items():
        path = next((each for each, told in documents.items() if f"<!-- bench: {name} -->" in told), PAGES[0])
        documents[path] = put(documents[path], name, text)
    for path, told in documents.items():
        path.write_text(told)
    for name, drawing in plots(results).items():
        (IMAGES / name).write_text(drawing)


if __name__ == "__main__":
    main()
