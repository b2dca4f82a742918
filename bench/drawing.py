"""Charts of measurements as SVG for the documentation: pure, and readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, LEFT, RIGHT = 960, 250, 110
TOP, LINE, BAR = 84, 40, 12
CLASSES = "abc"
STYLE = """
:root { color-scheme: light dark }
text { font: 13px system-ui, sans-serif; fill: #1f1d1a }
.title { font-size: 17px; font-weight: 600 }
.quiet { fill: #6b645a }
.paper { fill: #faf8f4 }
.grid { stroke: #e7e2d8 }
.line { stroke: #8f887c; stroke-width: 2 }
.goal { stroke: #ad3320; stroke-dasharray: 4 3 }
.a { fill: #0d5c49 }
.b { fill: #8f887c }
.c { fill: #2a5d84 }
@media (prefers-color-scheme: dark) {
  text { fill: #eeebe4 }
  .quiet { fill: #9c9589 }
  .paper { fill: #171613 }
  .grid { stroke: #302d28 }
  .line { stroke: #7a7468 }
  .goal { stroke: #f1917c }
  .a { fill: #52c4a3 }
  .b { fill: #7a7468 }
  .c { fill: #8fbfe3 }
}
"""


@dataclass(frozen=True)
class Row:
    """A line of a chart: milliseconds of each series in order, and words at the end."""

    name: str
    values: Sequence[float]
    note: str = ""


@dataclass(frozen=True)
class Scale:
    """Milliseconds on a logarithmic axis between two powers of ten."""

    low: int
    high: int

    @classmethod
    def around(cls, values: Sequence[float]) -> Scale:
        low, high = floor(log10(min(values))), ceil(log10(max(values)))
        return cls(low, max(high, low + 1))

    def x(self, value: float) -> float:
        share = (log10(value) - self.low) / (self.high - self.low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def ticks(self) -> Iterator[int | float]:
        for power in range(self.low, self.high + 1):
            yield 10**power


def bars(title: str, sub: str, series: Sequence[str], rows: Sequence[Row]) -> str:
    """A bar of each series on every line, the first one ours."""
    scale = Scale.around([value for row in rows for value in row.values])
    return _chart(title, sub, series, rows, scale, _bars_of)


def dots(title: str, sub: str, series: Sequence[str], rows: Sequence[Row], *, goal: float) -> str:
    """A dot of each series on every line, joined; a goal that none should lie beyond."""
    scale = Scale.around([goal, *(value for row in rows for value in row.values)])
    return _chart(title, sub, series, rows, scale, _dots_of, goal=goal)


def _chart(
    title: str,
    sub: str,
    series: Sequence[str],
    rows: Sequence[Row],
    scale: Scale,
    marks: Callable[[Row, Scale, int], Iterator[str]],
    *,
    goal: float | None = None,
) -> str:
    height = TOP + LINE * len(rows) + 36
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(20, 30, title, "title"),
        _text(20, 52, sub, "quiet"),
        *_legend(series),
        *_axis(scale, height),
    ]
    if goal is not None:
        x = scale.x(goal)
        parts.append(f'<line class="goal" x1="{x}" x2="{x}" y1="{TOP - 6}" y2="{height - 30}"/>')
        parts.append(_text(x, TOP - 10, f"goal: {goal:g} ms", "quiet", "middle"))
    for place, row in enumerate(rows):
        y = TOP + LINE * place + LINE // 2
        parts += [_text(LEFT - 12, y + 4, row.name, anchor="end"), *marks(row, scale, y)]
        parts.append(_text(WIDTH - 16, y + 4, row.note, anchor="end"))
    return "\n".join([*parts, "</svg>", ""])


def _bars_of(row: Row, scale: Scale, y: int) -> Iterator[str]:
    for place, value in enumerate(row.values):
        top = y - BAR * len(row.values) // 2 + BAR * place
        length = round(scale.x(value) - LEFT, 1)
        yield f'<rect class="{CLASSES[place]}" x="{LEFT}" y="{top}" width="{length}" height="{BAR - 1}" rx="2"/>'
        yield _text(scale.x(value) + 5, top + BAR - 2, said(value), "quiet")


def _dots_of(row: Row, scale: Scale, y: int) -> Iterator[str]:
    ends = [scale.x(value) for value in row.values]
    yield f'<line class="line" x1="{min(ends)}" x2="{max(ends)}" y1="{y}" y2="{y}"/>'
    for place, value in enumerate(row.values):
        title = f"<title>{said(value)}</title>"
        yield f'<circle class="{CLASSES[place]}" cx="{scale.x(value)}" cy="{y}" r="6">{title}</circle>'


def _legend(series: Sequence[str]) -> Iterator[str]:
    x = WIDTH - 20
    for place in reversed(range(len(series))):
        yield _text(x, 30, series[place], "quiet", "end")
        x -= 8 + round(len(series[place]) * 7.4)
        yield f'<circle class="{CLASSES[place]}" cx="{x}" cy="26" r="5"/>'
        x -= 16


def _axis(scale: Scale, height: int) -> Iterator[str]:
    for tick in scale.ticks():
        x = scale.x(tick)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{height - 30}"/>'
        yield _text(x, height - 12, said(tick), "quiet", "middle")


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "") -> str:
    named = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x}" y="{y}"{named}>{escape(words)}</text>'


def said(milliseconds: float) -> str:
    """As people say it: 4.2 ms, 38 ms, 1.6 s."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.3g} s"
    return f"{milliseconds:.2g} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"
