"""What a page of figures shows: drawings, sentences and tables that agree with their numbers and lead to tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.measures import MEASURES, How, Kind
from reports.models import Fact
from reports.pages import PAGES
from reports.periods import last_days
from reports.queries.answers import answer
from reports.queries.drawing import draw, figure_of
from reports.queries.figures import Found, Total
from reports.queries.question import Question
from tickets.actions import open_ticket

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TRENDS = PAGES["trends"]


@pytest.fixture
def ask(sue, desk_row):
    def make(days=30, **more) -> Question:
        return Question(sue, last_days(days, NOW, AMSTERDAM), str(days), **more)

    return make


@pytest.fixture
def facts(carla, workshop):
    """So many facts of one ticket, one for each number of days ago."""
    ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", team=workshop)

    def make(kind: Kind, days: list[float], **fields) -> None:
        begun = Fact.objects.count()
        common = {"ticket": ticket, "channel": "email", "team": workshop, "kind": kind} | fields
        Fact.objects.bulk_create(
            Fact(seq=begun + index + 1000, at=NOW - timedelta(days=ago), **common) for index, ago in enumerate(days)
        )

    return make


def shown(page: str, question: Question, **options):
    return {one.key: one for one in draw(answer(PAGES[page].charts, question, NOW), NOW, **options)}


def test_nothing_is_drawn_of_nothing(ask):
    for page in PAGES:
        for one in shown(page, ask()).values():
            assert one.figures or one.is_empty, f"{page}/{one.key}"
            assert all(figure.value in ("–", "0") for figure in one.figures)


def test_columns_and_strips_add_up_to_the_number_above_them(ask, facts):
    facts(Kind.OPENED, [0, 0, 1, 5, 29, 31, 40])
    facts(Kind.OPENED, [1, 2], channel="chat")
    drawn = shown("trends", ask())
    course, strips = (piece.chart for piece in drawn["volume"].pieces)
    assert drawn["totals"].figures[0].value == "7"
    assert drawn["totals"].figures[0].change == "+5"
    assert [(strip.name, strip.said, strip.more) for strip in strips.strips] == [
        ("Email", "5", "+3"),
        ("Chat", "2", "+2"),
    ]
    assert len(course.spots) == 30
    assert course.ticks[-1].words == "today"
    assert sum(int(spot.title.rpartition(": ")[2]) for spot in course.spots) == 7
    assert (
        drawn["volume"].say
        == "7 new conversations. In the 30 days before: 2. Most came by Email: 71\N{NO-BREAK SPACE}%."
    )


def test_a_median_of_few_goes_by_weeks_and_one_of_many_by_days(ask, facts):
    facts(Kind.FIRST_ANSWER, [1, 2, 20], seconds=600, open_seconds=300)
    few = shown("trends", ask())["first-answer"]
    assert few.what == "by week, in opening hours"
    assert few.pieces[0].chart.spots[0].title.startswith("21 Oct to 25 Oct: –")
    facts(Kind.FIRST_ANSWER, [day + part / 10 for day in range(29) for part in range(6)], seconds=600, open_seconds=300)
    many = shown("trends", ask())["first-answer"]
    assert many.what == "by day, in opening hours"
    assert len(many.pieces[0].chart.spots) == 30
    assert many.say.replace("\N{NO-BREAK SPACE}", " ") == (
        "Half got their first answer within 5:00 min, nine in ten within 5:00 min."
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_mark_leads_to_tickets(client, sue, ask, facts, page, time_machine):
    time_machine.move_to(NOW)
    facts(Kind.OPENED, [0, 1, 2, 33])
    for kind in (Kind.FIRST_ANSWER, Kind.ANSWER, Kind.SOLVED):
        facts(kind, [0, 1, 2], seconds=60, open_seconds=30, number=1)
    facts(Kind.RATED, [1, 2], number=4)
    client.force_login(sue)
    addresses = set()
    for one in shown(page, ask()).values():
        addresses |= {figure.url for figure in one.figures} | set(one.urls[-2:]) | {row.url for row in one.rows}
        for piece in one.pieces:
            marks = [*getattr(piece.chart, "spots", []), *getattr(piece.chart, "bars", [])]
            marks += getattr(piece.chart, "squares", [])[-3:] + getattr(piece.chart, "strips", [])
            marks += [cell for strip in getattr(piece.chart, "strips", []) for cell in strip.cells[-1:]]
            addresses |= {mark.url for mark in marks[-6:]}
    addresses.discard("")
    assert addresses or page == "causes"  # none was named
    for address in addresses:
        assert client.get(address).status_code == 200, address


def test_a_picture_leads_nowhere(ask, facts):
    facts(Kind.OPENED, [0, 1])
    course = shown("trends", ask(), fixed=600)["volume"].pieces[0].chart
    assert course.fixed == 600
    assert {spot.url for spot in course.spots} == {""}


def test_a_filter_goes_along_on_every_way(ask, facts, workshop):
    facts(Kind.OPENED, [0, 1])
    drawn = shown("trends", ask(team=workshop, by_clock=True))
    spot = drawn["volume"].pieces[0].chart.spots[-1]
    assert spot.url == f"/dashboard/behind/opened/?team={workshop.slug}&hours=clock&step=2026-11-19"


def test_what_stays_alone_is_as_wide_as_the_page(ask):
    assert {key: one.is_whole for key, one in shown("causes", ask()).items()} == {"pareto": True, "tree": True}
    widths = [one.is_whole for one in shown("trends", ask()).values()]
    assert widths == [True] + [False] * (len(TRENDS.charts) - 1)
    assert all(one.is_whole for one in shown("promises", ask()).values())  # one is twice as tall as the other


@pytest.mark.parametrize(
    ("key", "now", "before", "expected"),
    [
        ("first_answer", Found(100, 60.0), Found(100, 80.0), True),
        ("first_answer", Found(100, 78.0), Found(100, 80.0), None),  # hardly anything
        ("first_answer", Found(9, 60.0), Found(100, 80.0), None),  # of few
        ("reopened", Found(400, 0.05), Found(400, 0.15), True),
        ("reopened", Found(40, 0.05), Found(40, 0.1), None),  # chance would do it
        ("opened", Found(100, 100.0), Found(50, 50.0), None),  # neither good nor bad
        ("satisfaction", Found(50, 4.1), Found(50, 4.6), False),
    ],
)
def test_only_what_chance_would_not_do_is_called_better_or_worse(ask, key, now, before, expected):
    total = Total(MEASURES[key], now, before)
    assert total.is_clearly_better is expected
    assert figure_of(total, ask()).is_better is expected


def test_a_table_says_what_its_chart_shows_and_leads_to_the_same_tickets(ask, facts):
    facts(Kind.OPENED, [0, 0, 1])
    volume = shown("trends", ask())["volume"]
    lines = volume.cells
    assert len(lines) == 30
    assert [cell.text for cell in lines[-1]][-1] == "2"
    assert lines[-1][0].url == volume.pieces[0].chart.spots[-1].url


def test_coarser_steps_hold_the_same_days(ask):
    period = ask().period
    weeks = list(period.coarser.steps())
    assert (weeks[0].first, weeks[-1].last) == (period.first, period.last)
    assert [week.days for week in weeks] == [5, 7, 7, 7, 4]
    assert replace(period, first=period.last - timedelta(days=6)).coarser.unit == "day"  # too short for weeks
    assert period.coarser.before.unit == "week"


def test_every_measure_has_a_drawing(ask, facts):
    assert {how for how in How if how is not How.COUNT} == {How.TIME, How.SHARE, How.MEAN}
    facts(Kind.RATED, [day / 5 for day in range(150)], number=5)
    csat, mean = (piece.chart for piece in shown("satisfaction", ask())["satisfaction"].pieces)
    assert [line.words for line in mean.grid] == ["1", "2", "3", "4", "5"]
    assert {spot.y for spot in csat.spots} == {0}  # all of them good
