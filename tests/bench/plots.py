"""Small plots as SVG, legible on a light and on a dark page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.bench.tables import number

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 220, 50, 60
ROW = 34
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 }
.axis { stroke: #8c959f; stroke-width: 1 } .grid { stroke: #8c959f; stroke-opacity: .25 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
</style>"""
COLOURS = ("#2f81f7", "#d29922", "#8b949e", "#3fb950", "#f85149", "#a371f7", "#db61a2")
"""Each has contrast enough on white and on near black."""


@dataclass(frozen=True)
class Series:
    """A line by its name: pairs of x and y, both above zero."""

    name: str
    points: Sequence[tuple[float, float]]


def bars(title: str, unit: str, values: Sequence[tuple[str, float]]) -> str:
    """Horizontal bars from zero, each with its value."""
    label, room = 250, WIDTH - 250 - 110
    most = max(value for _, value in values)
    parts = [_text(10, 24, f"{title}, {unit}", css="title")]
    for index, (name, value) in enumerate(values):
        y = TOP + index * ROW
        length = max(2, room * value / most)
        colour = COLOURS[0] if index == 0 else COLOURS[2]
        parts += [
            _text(label - 10, y + 16, name, anchor="end"),
            f'<rect x="{label}" y="{y}" width="{length:.0f}" height="22" rx="3" fill="{colour}"/>',
            _text(label + length + 8, y + 16, f"{number(float(value))} {unit}"),
        ]
    return _drawing(TOP + len(values) * ROW + 10, title, parts)


def lines(title: str, across: str, up: str, series: Sequence[Series]) -> str:
    """Lines on logarithmic axes."""
    xs = sorted({x for each in series for x, _ in each.points})
    ys = [y for each in series for _, y in each.points]
    low, high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def right(x: float) -> float:
        return LEFT + width * math.log(x / xs[0]) / math.log(xs[-1] / xs[0])

    def down(y: float) -> float:
        return TOP + height * (1 - (math.log10(y) - low) / max(high - low, 1))

    parts = [_text(10, 24, title, css="title"), _text(LEFT + width / 2, HEIGHT - 14, across, anchor="middle")]
    parts.append(_text(0, 0, up, anchor="middle", turned=(18, TOP + height / 2)))
    for power in range(low, high + 1):
        y = down(10**power)
        parts += [
            _line(LEFT, y, LEFT + width, y, css="grid"),
            _text(LEFT - 8, y + 4, f"{10**power:g}", anchor="end"),
        ]
    parts += [_text(right(x), TOP + height + 20, f"{x:g}", anchor="middle") for x in xs]
    parts += [
        _line(LEFT, TOP, LEFT, TOP + height, css="axis"),
        _line(LEFT, TOP + height, LEFT + width, TOP + height, css="axis"),
    ]
    for index, each in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{right(x):.1f},{down(y):.1f}" for x, y in each.points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{right(x):.1f}" cy="{down(y):.1f}" r="4" fill="{colour}"/>' for x, y in each.points
        ]
        beside = TOP + 10 + index * 24
        parts.append(_line(WIDTH - RIGHT + 16, beside, WIDTH - RIGHT + 36, beside, colour=colour))
        parts.append(_text(WIDTH - RIGHT + 42, beside + 4, each.name))
    return _drawing(HEIGHT, title, parts)


def _drawing(height: int, title: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">'
    )
    return "\n".join([head, f"<title>{escape(title)}</title>", STYLE, *parts, "</svg>", ""])


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    css: str = "",
    turned: tuple[float, float] | None = None,
) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}"'
    if turned:
        place = f'transform="translate({turned[0]:.0f} {turned[1]:.0f}) rotate(-90)"'
    return f'<text {place} text-anchor="{anchor}"{f" class={css!r}" if css else ""}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, *, css: str = "", colour: str = "") -> str:
    look = f'stroke="{colour}" stroke-width="3"' if colour else f'class="{css}"'
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {look}/>'
