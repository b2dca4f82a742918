"""What is made of facts: totals beside the period before, courses and parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.measures import MEASURES, Kind
from reports.models import Fact
from reports.periods import last_days
from reports.queries.figures import Found, course, parts, total, totals
from reports.queries.question import Question
from tickets.actions import open_ticket, tag_ticket

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def ask(sue, desk_row):
    def make(viewer=sue, days=7, **more) -> Question:
        return Question(viewer, last_days(days, NOW, AMSTERDAM), str(days), **more)

    return make


@pytest.fixture
def fact(carla, workshop):
    """A fact of a ticket of its own, some days ago."""

    def make(kind: Kind, *, days: float = 1, team=workshop, customer=carla, tags=(), **fields) -> Fact:
        ticket = open_ticket(customer, by=customer, body="Hello?", channel="email", team=team)
        if tags:
            tag_ticket(ticket, by=None, tags=tags)
        fields = {"channel": ticket.channel, "team": team, "seq": 1} | fields
        return Fact.objects.create(ticket=ticket, kind=kind, at=NOW - timedelta(days=days), **fields)

    return make


def test_nothing_is_said_of_nothing(ask):
    found = totals(MEASURES.values(), ask())
    assert {key: (one.now.n, one.now.value) for key, one in found.items()} == {
        key: (0, 0.0 if key in ("opened", "solved", "handed_on") else None) for key in MEASURES
    }
    assert all(one.change is None for key, one in found.items() if key not in ("opened", "solved", "handed_on"))


def test_a_median_stands_beside_the_one_before(ask, fact):
    for seconds in (60, 120, 600):
        fact(Kind.FIRST_ANSWER, seconds=2 * seconds, open_seconds=seconds)
    fact(Kind.FIRST_ANSWER, days=8, seconds=500, open_seconds=200)
    found = total(MEASURES["first_answer"], ask())
    assert found.now == Found(3, 120.0, 504.0)  # nine in ten: four fifths of the way from 120 to 600
    assert found.before == Found(1, 200.0, 200.0)
    assert (found.change, found.is_better) == (-80.0, True)
    assert total(MEASURES["first_answer"], ask(by_clock=True)).now.value == 240.0


def test_what_was_undone_is_not_solved(ask, fact):
    fact(Kind.SOLVED, seconds=10, open_seconds=10, number=1)
    fact(Kind.SOLVED, seconds=50, open_seconds=30, number=3)
    fact(Kind.SOLVED, seconds=90, open_seconds=90, number=1, is_undone=True)
    found = totals(MEASURES.values(), ask())
    assert found["solved"].now == Found(2, 2.0)
    assert found["resolution"].now.value == 20.0
    assert found["reopened"].now == Found(3, 1 / 3)
    assert found["one_answer"].now == Found(2, 0.5)


def test_ratings_are_a_mean_and_a_share(ask, fact):
    for score in (5, 4, 1):
        fact(Kind.RATED, number=score)
    found = totals(MEASURES.values(), ask())
    assert found["satisfaction"].now == Found(3, pytest.approx(10 / 3))
    assert found["csat"].now == Found(3, pytest.approx(2 / 3))


@pytest.mark.parametrize("days", [7, 90, 365])
def test_a_course_adds_up_to_its_total(ask, fact, days):
    for ago in (0, 1, 1.5, 6, 20, 80, 300):
        fact(Kind.OPENED, days=ago)
    steps = course(MEASURES["opened"], ask(days=days))
    assert sum(step.found.n for step in steps) == total(MEASURES["opened"], ask(days=days)).now.n
    assert [step.period for step in steps] == list(ask(days=days).period.steps())


def test_a_day_is_that_of_the_viewer(ask, fact):
    fact(Kind.OPENED, days=1 - 11.5 / 24)  # half past eleven at night in London: the next day in Amsterdam
    steps = {step.period.first.day: step.found.n for step in course(MEASURES["opened"], ask())}
    assert (steps[18], steps[19]) == (0, 1)


def test_parts_are_the_whole(ask, fact, workshop, shop):
    fact(Kind.OPENED)
    fact(Kind.OPENED, team=shop)
    fact(Kind.OPENED, team=None, days=9)
    found = parts(MEASURES["opened"], ask(), "team")
    assert {key: (one.now.n, one.before.n) for key, one in found.items()} == {
        workshop.pk: (1, 0),
        shop.pk: (1, 0),
        None: (0, 1),
    }


def test_nobody_counts_what_they_may_not_see(ask, fact, alice, charlie, lea, shop):
    fact(Kind.OPENED)
    fact(Kind.OPENED, team=shop)
    assert [total(MEASURES["opened"], ask(viewer=one)).now.n for one in (alice, lea)] == [1, 1]
    assert total(MEASURES["opened"], ask(viewer=charlie)).now.n == 1


def test_filters_narrow_it_down(ask, fact, workshop, shop):
    fact(Kind.OPENED)
    fact(Kind.OPENED, team=shop, channel="chat")
    assert total(MEASURES["opened"], ask(team=shop)).now.n == 1
    assert total(MEASURES["opened"], ask(channel="email")).now.n == 1
    assert total(MEASURES["opened"], ask(team=shop, channel="email")).now.n == 0
