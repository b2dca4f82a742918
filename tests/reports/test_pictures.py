"""Charts as pictures: the styles of the page, resolved, and a PNG file of the right size."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.template.loader import render_to_string
from PIL import Image

from reports.charts import Part, Point, bars, columns, count_scale, lines
from reports.pictures import as_picture, for_drawing

ACCENT = (13, 92, 73)


def colors(png: bytes) -> set[tuple[int, int, int]]:
    with Image.open(BytesIO(png)) as picture:
        return {color for _count, color in picture.convert("RGB").getcolors(100_000)}  # type: ignore[union-attr, misc]


def size(png: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(png)) as picture:
        return picture.size


def test_variables_and_units_are_resolved_and_what_cannot_be_drawn_is_left_out():
    css = """/* words { } */
    :root { --a: light-dark(rgb(1 2 3), #000); --b: var(--a); --s: 0.75rem }
    .x .y { fill: var(--b); font-size: var(--s); stroke: light-dark(#fff, rgb(9 9 9 / .5)) }
    .x:hover { fill: red }
    @import url(x.css);
    @media print { .x { fill: blue } .z { fill: blue } }
    .gone { fill: var(--nowhere) }
    .last { width: 1.5rem }"""
    assert for_drawing(css).split("\n") == [
        ".x .y { fill: rgb(1 2 3); font-size: 12px; stroke: #fff }",
        ".gone { fill: none }",
        ".last { width: 24px }",
    ]


def test_it_is_drawn_in_the_colours_of_the_page_and_sharp():
    points = [Point(str(day), "", value=float(day), high=day + 2.0, before=3.0) for day in range(10)]
    course = lines(points, scale=count_scale([12]), words=str, name="9", high="11", before="before", fixed=400)
    png = as_picture(render_to_string("reports/charts/_course.html", {"chart": course}), width=400)
    assert size(png) == (800, course.height * 2)
    assert {ACCENT, (255, 255, 255)} <= colors(png)


@pytest.mark.parametrize("name", ["<b>& \"'", "日本語", "עברית", "\u202eevil", "a" * 500, ""])
def test_any_name_can_be_drawn(name: str):
    chart = bars([Part(name, 3.0, "3")], fixed=504)
    assert as_picture(render_to_string("reports/charts/_bars.html", {"chart": chart}), width=504).startswith(b"\x89PNG")


def test_nothing_is_drawn_of_what_is_no_drawing():
    with pytest.raises(ValueError, match="no drawing"):
        as_picture("<p>Hello</p>", width=100)
    with pytest.raises(ValueError, match=r".+"):
        as_picture("<svg><", width=100)


def test_the_same_drawing_is_the_same_file():
    points = [Point(str(day), "", value=float(day)) for day in range(5)]
    markup = render_to_string("reports/charts/_course.html", {"chart": columns(points, words=str, fixed=300)})
    assert as_picture(markup, width=300) == as_picture(markup, width=300)
