"""What is drawn where: each mark lies where its number belongs, and nothing is drawn of nothing."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from reports.charts import (
    Part,
    Point,
    Strip,
    Strips,
    Tally,
    bars,
    columns,
    count_cells,
    count_scale,
    few_that_matter,
    heat,
    kept_cells,
    lines,
    share_scale,
    star_scale,
    time_scale,
)
from reports.charts.courses import GUTTER, LEAST_APART, WIDE
from reports.charts.curves import curve
from reports.charts.scales import MOST_LINES, TALL

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def points(*values: float | None, **more: list[float | None]) -> list[Point]:
    return [
        Point(str(index), f"step {index}", f"/{index}/", value, **{name: row[index] for name, row in more.items()})
        for index, value in enumerate(values)
    ]


def plain(value: float) -> str:
    return f"{value:g}"


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (count_scale([]), (0, 1)),
        (count_scale([0, 3]), (0, 1, 2, 3)),
        (count_scale([7]), (0, 2, 4, 6, 8)),
        (count_scale([160]), (0, 50, 100, 150, 200)),
        (count_scale([12_345]), (0, 5000, 10_000, 15_000)),
        (time_scale([220]), (0, 60, 120, 180, 240)),
        (time_scale([5 * 3600]), (0, 7200, 14_400, 21_600)),
        (time_scale([9 * 86_400]), (0, 259_200, 518_400, 777_600)),
        (share_scale([0.03]), (0, 0.02, 0.04)),
        (share_scale([0.9]), (0, 0.25, 0.5, 0.75, 1.0)),
        (star_scale(), (1, 2, 3, 4, 5)),
    ],
)
def test_lines_of_the_grid_are_at_round_numbers(scale, expected):
    assert scale.lines == pytest.approx(expected)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_every_number_is_within_its_scale(values):
    for scale in (count_scale(values), time_scale(values)):
        assert len(scale.lines) <= MOST_LINES + 1
        assert scale.top >= max(values) * (1 - 1e-9)
        assert all(0 <= scale.y(value) <= TALL for value in values)


@given(st.lists(st.tuples(st.floats(1, 50), st.floats(0, 168)), min_size=2, max_size=40))
def test_a_curve_never_goes_beyond_its_places(steps):
    across, places = 0.0, []
    for step, y in steps:
        across += step
        places.append((across, y))
    for (a, b), bend in zip(pairwise(places), curve(places).split("C")[1:], strict=True):
        heights = [float(number) for number in NUMBER.findall(bend)][1::2]
        low, high = sorted((a[1], b[1]))
        assert all(low - 0.06 <= height <= high + 0.06 for height in heights)


def test_a_column_stands_on_the_ground_and_leads_to_its_tickets():
    chart = columns(points(4, 0, None, 2), words=plain)
    assert [(spot.y, spot.column_height) for spot in chart.spots] == [(0, 168), (168, 0), (None, 0), (84, 84)]
    assert [spot.url for spot in chart.spots] == ["/0/", "/1/", "/2/", "/3/"]
    assert chart.gutter == 0
    assert sum(spot.width for spot in chart.spots) == 100


def test_before_is_a_line_with_its_name_beside_the_columns():
    chart = columns(points(1, 2, before=[2, 4]), words=plain, before="the 2 before")
    assert (chart.gutter, [name.words for name in chart.names]) == (GUTTER, ["the 2 before"])
    assert chart.before.startswith("M250 84C")
    assert columns(points(1, 2), words=plain, before="the 2 before").before == ""


def test_a_line_has_a_hole_where_there_is_nothing():
    chart = lines(points(1, 2, None, 3, None, 4, 4), scale=count_scale([4]), words=plain, name="median")
    assert chart.line.count("M") == 2
    assert [spot.title for spot in chart.alone] == ["step 3"]


def test_a_band_lies_between_the_median_and_the_ninetieth():
    chart = lines(points(60, 120, high=[120, 240]), scale=time_scale([240]), words=plain, name="median", high="9 in 10")
    assert chart.band.startswith("M250 84C")
    assert chart.band.endswith("250 126Z")
    assert [(name.words, name.look) for name in chart.names] == [("9 in 10", "high"), ("median", "line")]


def test_names_at_the_ends_never_stand_on_each_other():
    chart = lines(
        points(4, 4, high=[4, 4], before=[4, 4]),
        scale=count_scale([4]),
        words=plain,
        name="median",
        high="9 in 10",
        before="before",
    )
    heights = [name.y for name in chart.names]
    assert len(heights) == 3
    assert all(later - earlier >= LEAST_APART for earlier, later in pairwise(heights))
    assert max(heights) <= TALL


def test_no_more_than_five_days_are_named_and_always_the_ends():
    chart = columns(points(*range(30)), words=plain)
    assert [tick.words for tick in chart.ticks] == ["0", "7", "14", "22", "29"]
    assert [tick.anchor for tick in chart.ticks] == ["start", "middle", "middle", "middle", "end"]


def test_a_picture_is_drawn_on_its_own_pixels():
    page = lines(points(1, 2), scale=count_scale([2]), words=plain, name="median")
    picture = lines(points(1, 2), scale=count_scale([2]), words=plain, name="median", fixed=600)
    assert (page.wide, picture.wide) == (WIDE, 600 - GUTTER - picture.margin)
    assert picture.margin + picture.wide + picture.gutter == 600
    assert float(NUMBER.findall(picture.line)[0]) == pytest.approx(picture.wide / 4, abs=0.06)


def test_bars_are_as_long_as_they_are_much():
    chart = bars([Part("a", 8, "8", before=16), Part("b", 4, "4")])
    assert [(bar.percent, bar.was) for bar in chart.bars] == [(50, 100), (25, None)]
    assert bars([]).is_empty


def test_the_few_that_matter_make_most_of_it():
    assert few_that_matter([34, 21, 14, 9, 6, 31]) == 3
    assert few_that_matter([5]) == 1
    assert few_that_matter([]) == 0


def test_a_strip_shows_what_was_broken_however_little():
    kept, broken, nothing = kept_cells([Tally(3), Tally(99, 1), Tally(0)])
    assert (kept.good, kept.bad) == (16, 0)
    assert (broken.good, broken.bad, broken.bad_y) == (13, 3, 0)
    assert (nothing.good, nothing.bad) == (0, 0)


def test_a_strip_of_counts_has_its_own_scale():
    assert [cell.good for cell in count_cells([Tally(10), Tally(5), Tally(0), Tally(0.01)])] == [16, 8, 0, 1.5]


def test_a_heat_map_is_darkest_where_it_is_most():
    chart = heat(
        [[0, 1], [4, 2]],
        days=["Mon", "Tue"],
        hours=["0", "1"],
        title=lambda day, hour, value: f"{day}-{hour}: {value}",
        url=lambda day, hour: f"/{day}/{hour}/",
        most=plain,
    )
    assert [square.level for square in chart.squares] == [0, 1, 4, 2]
    assert chart.squares[2].title == "1-0: 4"
    assert chart.most == "4"
    assert not chart.is_empty


PICTURES = {
    "_course": lambda fixed: lines(
        points(60.5, None, 90, high=[100, None, 130.25]),
        scale=time_scale([130]),
        words=plain,
        name="<median>",
        high="9 in 10",
        fixed=fixed,
    ),
    "_bars": lambda fixed: bars([Part("<Depot>", 3, "3", url="/a/"), Part("B", 1.7, "1", before=2)], fixed=fixed),
    "_strips": lambda fixed: Strips(
        [Strip("<Answer>", "94 %", "", kept_cells([Tally(2, 1, "Mon", "/x/"), Tally(0)]))], fixed
    ),
    "_heat": lambda fixed: heat(
        [[1.5] * 24] * 7,
        days=["Mon"] * 7,
        hours=["0", "6", "12", "18"],
        title=lambda *_: "<hour>",
        url=lambda *_: "/h/",
        most=plain,
        fixed=fixed,
    ),
}


@pytest.mark.parametrize("fixed", [0, 600])
@pytest.mark.parametrize("name", PICTURES)
def test_what_is_drawn_is_well_formed_in_every_language(name, fixed):
    from xml.etree import ElementTree

    with translation.override("de"):
        drawn = render_to_string(f"reports/charts/{name}.html", {"chart": PICTURES[name](fixed)})
    root = ElementTree.fromstring(f"<div>{drawn}</div>")
    places = [
        value
        for element in root.iter()
        for key, value in element.attrib.items()
        if key in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "dx", "dy", "d")
    ]
    assert places
    assert not [value for value in places if "," in value], "a comma is no decimal point in a drawing"
    links = [element for element in root.iter() if element.tag.endswith("a")]
    assert bool(links) != bool(fixed), "a page leads to the tickets; in a picture nothing can be pressed"
