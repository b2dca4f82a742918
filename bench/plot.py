"""The charts of docs/performance.md, drawn from the newest results there are.

bin/bench plot [--from FOLDER] [--to docs]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.conf import settings

from bench.dashboard import GOAL, LONGER
from bench.drawing import Row, bars, dots

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main(argv: list[str]) -> int:
    folder = Path(settings.DATA_DIR)
    parser = argparse.ArgumentParser(prog="bin/bench plot", description=__doc__)
    kept = folder if folder.name == "bench" else folder / "bench"
    parser.add_argument("--from", dest="folder", type=Path, default=kept)
    parser.add_argument("--to", type=Path, default=DOCS)
    options = parser.parse_args(argv)
    made = 0
    for name, (draw, list_rows) in PARTS.items():
        if found := newest(options.folder, name):
            path = options.to / f"performance-{name}.svg"
            path.write_text(draw(found))
            put_table(options.to / "performance.md", name, [_measured(found), "", *list_rows(found)])
            print(f"Drawn: {path}")
            made += 1
    return 0 if made else 1


def put_table(page: Path, name: str, lines: list[str]) -> None:
    """Put the lines where the page has a place for them."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if not page.exists() or begin not in (text := page.read_text()):
        return
    before, _begin, rest = text.partition(begin)
    page.write_text("\n".join([before + begin, "", *lines, "", end]) + rest.partition(end)[2])


def newest(folder: Path, name: str) -> dict[str, Any] | None:
    """The last results of a benchmark."""
    paths = sorted(folder.glob(f"{name}-*.json"))
    found: dict[str, Any] | None = json.loads(paths[-1].read_text()) if paths else None
    return found


def beside(found: dict[str, Any]) -> str:
    """Us and django-helpdesk, work by work."""
    rows = [
        Row(name, [work[side]["median_ms"] for side in ("ours", "theirs")], _times(work["times"]))
        for name, work in found["works"].items()
    ]
    title = "The same work, here and in django-helpdesk"
    sub = f"Median of the server's time, {_place(found)}. Shorter is better; at the end: how many times as fast."
    series = [f"Makegood, {found['tickets']:,} tickets", f"django-helpdesk, {found['theirs']:,}"]
    return bars(title, sub, series, rows)


def dashboard(found: dict[str, Any]) -> str:
    """What each page costs a manager by the number of tickets."""
    sizes = [str(size) for size in found["sizes"]]
    pages = {name.removesuffix(", manager"): name for name in found["pages"] if name.endswith(", manager")}
    rows = [
        Row(page, [found["pages"][name][size]["median_ms"] for size in sizes], f"× {found['ratios'][name]:.2f}")
        for page, name in pages.items()
        if page not in LONGER
    ]
    sub = f"Median of the server's time, as a manager, {_place(found)}; at the end: most tickets beside fewest."
    series = [f"{size:,} tickets" for size in found["sizes"]]
    return dots("Pages of figures: the same thirty days, more years behind them", sub, series, rows, goal=GOAL)


def beside_rows(found: dict[str, Any]) -> list[str]:
    head = ["work", "ours, median ms", "p95 ms", "queries", "theirs, median ms", "p95 ms", "queries", "times as fast"]
    rows = [
        [name, *(cell for side in ("ours", "theirs") for cell in _cells(work[side])), _times(work["times"])]
        for name, work in found["works"].items()
    ]
    return [_of_both(found), "", *_table(head, rows)]


def dashboard_rows(found: dict[str, Any]) -> list[str]:
    sizes = [str(size) for size in found["sizes"]]
    head = [
        "page, who asks",
        *(f"{int(size):,}" for size in sizes),
        "p95 ms",
        "Python ms",
        "buffers",
        "queries",
        "ratio",
    ]
    rows = []
    for name, costs in found["pages"].items():
        few, many = costs[sizes[0]], costs[sizes[-1]]
        cells = [f"{costs[size]['median_ms']:.0f}" for size in sizes]
        cells += [f"{many['p95_ms']:.0f}", f"{many['python_ms']:.0f}", f"{few['buffers']:,} → {many['buffers']:,}"]
        rows.append([name, *cells, str(many["queries"]), f"{found['ratios'][name]:.2f}"])
    return _table(head, rows)


def _cells(cost: dict[str, Any]) -> list[str]:
    return [f"{cost['median_ms']:,.1f}", f"{cost['p95_ms']:,.1f}", str(cost["queries"])]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """As Markdown; numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _of_both(found: dict[str, Any]) -> str:
    theirs = f"{found['theirs']:,} with {found['messages']:,} messages in django-helpdesk"
    return f"{found['tickets']:,} tickets here, {theirs}."


def _measured(found: dict[str, Any]) -> str:
    machine = found["machine"]
    load = f"load {machine['load']:.1f} at the end"
    return f"Measured {found['at'][:16].replace('T', ' ')} UTC, {_versions(machine)}, {load}."


def _versions(machine: dict[str, Any]) -> str:
    fsync = "" if machine["fsync"] == "on" else " without fsync"
    return f"{machine['cores']} cores, Python {machine['python']}, PostgreSQL {machine['postgres']}{fsync}"


def _times(times: float) -> str:
    return f"{times:,.0f} ×" if times >= 10 else f"{times:.1f} ×"


def _place(found: dict[str, Any]) -> str:
    machine = found["machine"]
    return f"{machine['cores']} cores, PostgreSQL {machine['postgres']}, {found['at'][:10]}"


PARTS = {"beside": (beside, beside_rows), "dashboard": (dashboard, dashboard_rows)}
