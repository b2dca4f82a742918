from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from bench import drawing, plot
from bench.drawing import Row, Scale

SVG = "{http://www.w3.org/2000/svg}"
MACHINE = {
    "at": "2026-11-22T21:00:00",
    "machine": {"cores": 2, "postgres": "18.6", "python": "3.11.7", "fsync": "on", "load": 0.5},
}
MANY = {"median_ms": 2000, "p95_ms": 2100, "python_ms": 5, "queries": 7, "buffers": 9}
BESIDE = {
    **MACHINE,
    "tickets": 1000,
    "theirs": 100,
    "messages": 500,
    "works": {"list": {"ours": MANY | {"median_ms": 20}, "theirs": MANY, "times": 100}},
}
COST = {"10": MANY | {"median_ms": 20}, "1000": MANY | {"median_ms": 25}}
DASHBOARD = {
    **MACHINE,
    "sizes": [10, 1000],
    "ratios": {"now, manager": 1.25, "now, lead": 1, "trends, a year, manager": 9},
    "pages": {"now, manager": COST, "now, lead": COST, "trends, a year, manager": COST},
}


def test_a_logarithmic_axis_has_room_for_all():
    scale = Scale.around([4.2, 1640])
    assert (scale.low, scale.high) == (0, 4)
    assert scale.x(1) == drawing.LEFT
    assert scale.x(10_000) == drawing.WIDTH - drawing.RIGHT
    assert scale.x(10) - scale.x(1) == pytest.approx(scale.x(100) - scale.x(10), abs=0.2)
    assert Scale.around([10]).high == 2


@pytest.mark.parametrize(("ms", "words"), [(4.24, "4.2 ms"), (38.4, "38 ms"), (1640, "1.64 s"), (999.6, "1000 ms")])
def test_times_are_said_as_people_say_them(ms, words):
    assert drawing.said(ms) == words


def test_bars_begin_at_the_axis_and_end_where_they_should():
    root = ElementTree.fromstring(drawing.bars("A <title>", "sub", ["us", "them"], [Row("list", [10, 1000], "100 ×")]))
    ours, theirs = (root.find(f"{SVG}rect[@class='{name}']") for name in "ab")
    assert ours is not None
    assert theirs is not None
    assert float(ours.get("width", 0)) < float(theirs.get("width", 0))
    assert root.findtext(f"{SVG}title") == "A <title>"
    assert "100 ×" in [text.text for text in root.iter(f"{SVG}text")]


def test_the_newest_results_are_drawn(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "performance.md").write_text("# P\n\n<!-- beside -->\nold\n<!-- end of beside -->\n\nWords.\n")
    assert plot.main(["--from", str(tmp_path), "--to", str(docs)]) == 1
    (tmp_path / "beside-20261122-200000.json").write_text(json.dumps(BESIDE | {"tickets": 7}))
    (tmp_path / "beside-20261122-210000.json").write_text(json.dumps(BESIDE))
    (tmp_path / "dashboard-20261122-210000.json").write_text(json.dumps(DASHBOARD))
    assert plot.main(["--from", str(tmp_path), "--to", str(docs)]) == 0
    ours = (docs / "performance-beside.svg").read_text()
    assert "Makegood, 1,000 tickets" in ours
    page = (docs / "performance.md").read_text()
    assert page.startswith("# P\n\n<!-- beside -->\n\nMeasured 2026-11-22 21:00 UTC, 2 cores, ")
    assert "| list | 20.0 | 2,100.0 | 7 | 2,000.0 | 2,100.0 | 7 | 100 × |" in page
    assert page.endswith("<!-- end of beside -->\n\nWords.\n")
    assert "old" not in page
    root = ElementTree.fromstring((docs / "performance-dashboard.svg").read_text())
    assert [circle.get("class") for circle in root.iter(f"{SVG}circle") if circle.get("r") == "6"] == ["a", "b"]
