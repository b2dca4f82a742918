"""From a number to its tickets, as pages and files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recovery.sheets import file_of
from reports.actions import recount
from reports.pages import PAGES
from reports.replica import from_replica
from tickets.actions import open_ticket, post_message, rate_ticket, resolve_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def counted(carla, workshop, shop, desk_row, alice, cause) -> list[Ticket]:
    """Three conversations that were counted: one is solved and rated."""
    now = timezone.now()
    found = [
        open_ticket(carla, by=carla, subject=subject, body="Hello?", channel="email", team=team, at=at)
        for subject, team, at in [
            ("=1+1", workshop, now - timedelta(days=3)),
            ("Second", workshop, now - timedelta(days=2)),
            ("Of the shop", shop, now - timedelta(days=2) + timedelta(seconds=1)),
        ]
    ]
    post_message(found[0], by=alice, body="Two.", at=now - timedelta(days=2, hours=23))
    resolve_ticket(found[0], by=alice, root_cause=cause, at=now - timedelta(days=1))
    rate_ticket(found[0], by=carla, score=5, comment="@thanks")
    recount([ticket.pk for ticket in found])
    return found


def lines(answer) -> list[list[str]]:
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_number_leads_to_its_very_tickets(client, sue, lea, counted):
    client.force_login(sue)
    page = client.get("/dashboard/behind/opened/")
    assert [row.ticket.pk for row in page.context["rows"]] == [ticket.pk for ticket in (*counted[2:0:-1], counted[0])]
    assert str(page.context["behind"].definition)[:60] in page.content.decode()
    client.force_login(lea)
    page = client.get("/dashboard/behind/opened/").content.decode()
    assert "Second" in page
    assert "Of the shop" not in page


def test_a_part_of_a_number_leads_to_its_part(client, sue, counted):
    client.force_login(sue)
    page = client.get("/dashboard/behind/opened/?part=team:shop")
    assert [row.ticket.subject for row in page.context["rows"]] == ["Of the shop"]
    assert client.get("/dashboard/behind/opened/?part=team:nobody").status_code == 404
    assert client.get("/dashboard/behind/nothing/").status_code == 404


def test_further_rows_come_as_a_fragment(client, sue, counted, monkeypatch):
    monkeypatch.setattr("reports.queries.behind.MOST", 2)
    monkeypatch.setattr("reports.queries.behind.Behind.page.__defaults__", ("", 2))
    client.force_login(sue)
    page = client.get("/dashboard/behind/opened/?span=7")
    assert len(page.context["rows"]) == 2
    more = client.get(f"/dashboard/behind/opened/{page.context['more']}", headers={"HX-Request": "true"})
    assert [row.ticket.pk for row in more.context["rows"]] == [counted[0].pk]
    assert "<html" not in more.content.decode()
    assert more.context["more"] == ""


def test_the_raw_rows_are_a_file_in_which_nothing_is_a_formula(client, sue, counted):
    client.force_login(sue)
    answer = client.get("/dashboard/behind/resolution.csv?hours=clock")
    heads, row = lines(answer)
    found = dict(zip(heads, row, strict=True))
    assert found["ticket"] == str(counted[0].pk)
    assert found["subject"] == "'=1+1"
    assert found["value"] == found["seconds"] == str(2 * 86400)
    assert found["number"] == "1"
    assert "attachment" in answer["Content-Disposition"]


def test_every_chart_is_a_file_too(client, sue, counted):
    client.force_login(sue)
    for page in PAGES.values():
        for chart in page.charts:
            found = lines(client.get(f"/dashboard/{page.key}/{chart.key}.csv"))
            assert {len(row) for row in found} == {len(found[0])}, (page.key, chart.key)
            assert not [cell for row in found for cell in row if cell.startswith(("=", "@", "+"))]
    rows = lines(client.get("/dashboard/channels/teams.csv"))
    opened = {row[1]: row[2] for row in rows[1:]}
    assert opened == {"Workshop": "2", "Shop": "1", "All": "3"}
    assert client.get("/dashboard/trends/nothing.csv").status_code == 404
    assert client.get("/dashboard/nothing/volume.csv").status_code == 404


def test_an_agent_gets_no_figures(client, alice, counted):
    client.force_login(alice)
    for path in ("behind/opened/", "behind/opened.csv", "trends/volume.csv", "saved/", "trends/save/"):
        assert client.get(f"/dashboard/{path}").status_code == 403


def test_what_is_unsolved_leads_to_what_is_unsolved(client, sue, counted):
    client.force_login(sue)
    two_days_ago = (timezone.now().astimezone(sue.zone) - timedelta(days=2)).date().isoformat()
    rows = client.get(f"/dashboard/behind/backlog/?span=7&step={two_days_ago}").context["rows"]
    assert {row.ticket.pk for row in rows} == {ticket.pk for ticket in counted}
    rows = client.get("/dashboard/behind/age/?part=age:days").context["rows"]
    assert {row.ticket.pk for row in rows} == {ticket.pk for ticket in counted[1:]}


def test_numbers_stay_numbers_and_text_is_only_text():
    text = "".join(file_of(["a", "=b"], [[-1.5, "-1"], [None, "+x"], [True, "\x00=x"]]))
    assert text.removeprefix("\ufeff").splitlines() == ['"a","\'=b"', '"-1.5","\'-1"', '"","\'+x"', '"1","\'=x"']


@pytest.fixture
def copy(transactional_db, settings):
    """A second way to the same database, as a replica is."""
    main = connections["default"]
    connections.settings["replica"] = main.settings_dict | {"TEST": main.settings_dict["TEST"]}
    settings.DATABASE_ROUTERS = ["reports.replica.Router"]
    connections["replica"].connect()
    yield connections["replica"]
    connections["replica"].close()
    del connections["replica"], connections.settings["replica"]


@pytest.mark.django_db(transaction=True)
def test_reports_are_read_from_the_copy_and_nothing_else_is(copy, client, sue, counted):
    client.force_login(sue)
    with CaptureQueriesContext(copy) as there, CaptureQueriesContext(connections["default"]) as here:
        client.get("/dashboard/behind/opened/")
        lines(client.get("/dashboard/behind/opened.csv"))
        lines(client.get("/dashboard/channels/teams.csv"))
    assert any("reports_fact" in query["sql"] for query in there)
    assert not any("reports_fact" in query["sql"] for query in here)
    with CaptureQueriesContext(copy) as there:
        client.get("/inbox/")
    assert len(there) == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_written_goes_to_the_database_itself(copy, carla):
    with from_replica(), CaptureQueriesContext(copy) as there:
        carla.name = "C."
        carla.save()
    assert len(there) == 0


@pytest.mark.django_db(transaction=True)
def test_without_the_copy_the_database_itself_answers(copy, client, sue, counted, monkeypatch):
    def gone() -> None:
        raise OperationalError

    client.force_login(sue)
    monkeypatch.setattr(copy, "cursor", gone)
    assert len(client.get("/dashboard/behind/opened/").context["rows"]) == 3
