"""Tables in Markdown: what is printed and what stands in docs/performance.md are the same."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, numbers to the right. A float is written with three digits that count, None as a dash."""
    written = [[cell(value) for value in row] for row in rows]
    right = [all(_is_number(row[column]) for row in written) for column in range(len(head))]
    rule = ["---:" if each else "---" for each in right]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(head), rule, *written])


def cell(value: object) -> str:
    """How a value is written."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def number(value: float) -> str:
    """With three digits that count, and not more than four behind the point: 12,300; 123; 12.3; 1.23; 0.123."""
    size = abs(value)
    if size >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    digits = 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    return f"{value:.{digits}f}" if size else "0"


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(",", "").replace(".", "").isdigit()
