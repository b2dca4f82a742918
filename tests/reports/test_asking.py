"""What an address asks: known words become a question, all else is said and asks what is usual."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.http import QueryDict

from customers.models import Company
from reports.queries.asking import asked
from tests.hostile.payloads import PAYLOADS
from tickets.models import Tag

NOW = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)  # it is Friday already in Amsterdam


@pytest.fixture
def ask(sue, desk_row):
    def make(query: str = "", viewer=sue):
        return asked(QueryDict(query), viewer, NOW)

    return make


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("", date(2026, 10, 22), date(2026, 11, 20)),
        ("7", date(2026, 11, 14), date(2026, 11, 20)),
        ("365", date(2025, 11, 21), date(2026, 11, 20)),
        ("month", date(2026, 11, 1), date(2026, 11, 20)),
        ("last-month", date(2026, 10, 1), date(2026, 10, 31)),
        ("2026-10-05..2026-10-05", date(2026, 10, 5), date(2026, 10, 5)),
        ("2020-02-28..2020-02-29", date(2020, 2, 28), date(2020, 2, 29)),
    ],
)
def test_days_are_those_of_the_viewer(ask, span, first, last):
    found = ask(f"span={span}")
    assert (found.question.period.first, found.question.period.last) == (first, last)
    assert found.problems == {}


@pytest.mark.parametrize(
    "span",
    [
        "8", "-7", "30.0", "2026-10-05", "2026-10-06..2026-10-05", "2026-02-30..2026-03-01", "0001-01-01..0001-01-02",
        "1990-01-01..2026-01-01", "2000-01-01..2026-01-01", "9999-12-31..9999-12-31", "20261001..20261002", "٧",
    ],
)  # fmt: skip
def test_days_that_are_none_are_said_and_thirty_are_shown(ask, span):
    found = ask(f"span={span}")
    assert set(found.problems) == {"span"}
    assert found.question.period == ask().question.period
    assert found.question.query == ""


def test_filters_are_found_by_what_they_are_called(ask, workshop):
    tag, company = Tag.objects.create(name="Tyre"), Company.objects.create(name="Spokes")
    query = f"span=7&team=workshop&channel=chat&tag=tyre&company={company.pk}&hours=clock"
    found = ask(query)
    question = found.question
    assert (question.team, question.channel, question.tag, question.company) == (workshop, "chat", tag, company)
    assert question.by_clock
    assert found.problems == {}
    assert ask(question.query).question == question


@pytest.mark.parametrize("name", ["team", "channel", "tag", "company", "hours"])
def test_what_is_not_known_is_said_and_asks_for_all(ask, name):
    found = ask(f"{name}=nobody")
    assert set(found.problems) == {name}
    assert found.question == ask().question


def test_a_lead_asks_for_teams_of_hers_only(ask, lea, workshop, shop):
    assert ask("team=workshop", viewer=lea).question.team == workshop
    assert set(ask("team=shop", viewer=lea).problems) == {"team"}


def test_nothing_that_anybody_writes_breaks_it(ask, lea):
    for text in [*PAYLOADS.values(), "\x00", "9" * 400, "²", "١"]:
        given = dict.fromkeys(("span", "team", "channel", "tag", "company", "hours"), text)
        assert asked(given, lea, NOW).question == ask(viewer=lea).question
