"""Pages of figures, by the API: the same numbers as everywhere, as tables."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.actions import recount
from reports.measures import Kind
from reports.models import Counting, Fact
from reports.pages import PAGES
from tests.api.test_schema import promised, schema  # noqa: F401  (a fixture)
from tickets.actions import open_ticket

URL = "/api/v1/reports/"


@pytest.mark.django_db
def test_every_page_is_as_the_schema_promises(schema, as_, sue, ticket):  # noqa: F811
    recount([ticket.pk])
    program = as_(sue)
    for name, page in PAGES.items():
        found = program.get(f"{URL}{name}/?span=7").json()
        promised(schema, "reports/{name}/", "get", 200).validate(found)
        assert [chart["key"] for chart in found["charts"]] == [chart.key for chart in page.charts]
        for chart in found["charts"]:
            assert {len(row) for row in chart["rows"]} <= {len(chart["columns"])}
            assert all(number["definition"] for number in chart["numbers"])


def test_a_number_is_the_one_of_the_page(as_, sue, lea, ticket, shop):
    recount([ticket.pk])

    def opened(person, query=""):
        (totals, *_rest) = as_(person).get(f"{URL}trends/?{query}").json()["charts"]
        rows = [dict(zip([column["key"] for column in totals["columns"]], row, strict=True)) for row in totals["rows"]]
        return next(row["value"] for row in rows if row["number"] == "opened")

    assert (opened(sue), opened(lea), opened(sue, "team=shop"), opened(sue, "channel=email")) == (1, 1, 0, 1)


@pytest.mark.parametrize("query", ["span=8", "team=nobody", "hours=wall", "company=x", "colour=red", "span=7&span=30"])
def test_what_is_not_understood_is_refused(as_, sue, desk_row, query):
    answer = as_(sue).get(f"{URL}trends/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [query.split("=")[0]]


def test_agents_get_no_figures_and_unknown_pages_are_unknown(as_, alice, sue, desk_row):
    assert as_(alice).get(f"{URL}trends/").status_code == 403
    assert as_(sue).get(f"{URL}nothing/").status_code == 404


@pytest.mark.django_db
def test_what_changed_is_as_the_schema_promises(schema, as_, sue, carla, workshop, desk_row):  # noqa: F811
    now = timezone.now()
    Counting.objects.create(hours="", left=0, begun_at=now)
    ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", team=workshop)
    Fact.objects.bulk_create(
        Fact(ticket=ticket, kind=Kind.OPENED, seq=place, at=now - timedelta(days=days), channel="email", team=workshop)
        for place, days in enumerate([2] * 80 + [9] * 40 + [30], 100)
    )
    found = as_(sue).get(f"{URL}changes/").json()
    promised(schema, "reports/changes/", "get", 200).validate(found)
    whole = found["changes"][0]
    assert (whole["number"]["key"], whole["part"], whole["is_better"]) == ("opened", None, None)
    assert (whole["now"], whole["before"]) == ({"n": 80, "value": 80.0}, {"n": 40, "value": 40.0})
    assert whole["chance"] < 0.05
    assert found["compared"] >= 1
    longer = as_(sue).get(f"{URL}changes/?span=90").json()
    promised(schema, "reports/changes/", "get", 200).validate(longer)
    assert (longer["begun"] is not None, longer["compared"]) == (True, 0)


def test_what_changed_is_for_those_who_hold_reports(as_, alice, sue, desk_row):
    assert as_(alice).get(f"{URL}changes/").status_code == 403
    assert as_(sue).get(f"{URL}changes/?span=8").status_code == 400
