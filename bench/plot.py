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
    drawn = 0
    for name, draw in (("beside", beside), ("dashboard", dashboard)):
        if found := newest(options.folder, name):
            path = options.to / f"performance-{name}.svg"
            path.write_text(draw(found))
            print(f"Drawn: {path}")
            drawn += 1
    return 0 if drawn else 1


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


def _times(times: float) -> str:
    return f"{times:,.0f} ×" if times >= 10 else f"{times:.1f} ×"


def _place(found: dict[str, Any]) -> str:
    machine = found["machine"]
    return f"{machine['cores']} cores, PostgreSQL {machine['postgres']}, {found['at'][:10]}"
