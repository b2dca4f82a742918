"""Pages of figures as they are asked for: who sees them, what filters do, and what they cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.actions import get_or_create_company
from reports.actions import recount
from reports.pages import PAGES
from tickets.actions import open_ticket, post_message

MOST_QUERIES = 16


@pytest.fixture
def talked(carla, workshop, shop, alice, desk_row) -> None:
    """A conversation in each team, one of them answered, both counted."""
    found = [
        open_ticket(carla, by=carla, subject="Bell", body="Hello?", channel="email", team=team)
        for team in (workshop, shop)
    ]
    post_message(found[0], by=alice, body="Yes?")
    recount([ticket.pk for ticket in found])


@pytest.mark.parametrize("page", PAGES)
def test_a_manager_and_a_lead_see_the_page_for_a_few_queries(client, sue, lea, talked, page):
    for user in (sue, lea):
        client.force_login(user)
        client.get(f"/dashboard/{page}/")
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(f"/dashboard/{page}/")
        assert answer.status_code == 200
        assert f"<h1>{PAGES[page].title}</h1>" in answer.content.decode()
        assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:200] for query in queries)


def test_an_agent_sees_none_of_it(client, alice, charlie, talked):
    for user in (alice, charlie):
        client.force_login(user)
        assert {client.get(f"/dashboard/{page}/").status_code for page in PAGES} == {403}


def test_a_lead_counts_only_their_own_team(client, sue, lea, talked):
    client.force_login(lea)
    mine = client.get("/dashboard/trends/").context["drawn"][0].figures[0].value
    client.force_login(sue)
    assert (mine, client.get("/dashboard/trends/").context["drawn"][0].figures[0].value) == ("1", "2")


def test_filters_are_in_the_address_and_go_along_to_the_other_pages(client, sue, talked, workshop):
    client.force_login(sue)
    page = client.get(f"/dashboard/trends/?span=7&team={workshop.slug}")
    assert page.context["drawn"][0].figures[0].value == "1"
    text = page.content.decode()
    assert f'href="/dashboard/tags/?span=7&amp;team={workshop.slug}"' in text
    assert '<option value="7" selected>Last 7 days</option>' in text


def test_what_is_not_understood_is_said_and_what_is_usual_is_shown(client, sue, talked):
    client.force_login(sue)
    page = client.get("/dashboard/trends/?span=forever&team=nobody")
    assert page.status_code == 200
    assert len(page.context["problems"]) == 2
    assert page.context["question"].period.days == 30


def test_two_days_in_fields_become_a_period(client, sue, talked):
    client.force_login(sue)
    answer = client.get("/dashboard/trends/?span=7&from=2026-10-31&until=2026-10-01&channel=chat")
    assert answer["Location"] == "/dashboard/trends/?span=2026-10-01..2026-10-31&channel=chat"
    assert client.get("/dashboard/trends/?from=2026-99-01&until=x").status_code == 200
    assert client.get("/dashboard/trends/?team=&span=7&tag=")["Location"] == "/dashboard/trends/?span=7"


def test_the_name_of_a_company_becomes_the_company(client, sue, talked, carla):
    company = get_or_create_company("Okafor & Sons")
    client.force_login(sue)
    answer = client.get("/dashboard/trends/?span=7&company_name=okafor")
    assert answer["Location"] == f"/dashboard/trends/?span=7&company={company.pk}"
    page = client.get(client.get("/dashboard/trends/?company_name=nobody")["Location"])
    assert page.context["question"].company is None
    assert len(page.context["problems"]) == 1


def test_a_table_comes_alone_and_works_without_a_script(client, sue, talked):
    client.force_login(sue)
    piece = client.get("/dashboard/trends/?table=volume", headers={"HX-Request": "true"}).content.decode()
    assert "<table" in piece
    assert "<html" not in piece
    page = client.get("/dashboard/trends/?table=volume").content.decode()
    assert "<table" in page
    assert page.count('class="chart-box') == 1


def test_each_chart_has_its_definition_and_its_file(client, sue, talked):
    client.force_login(sue)
    text = client.get("/dashboard/trends/").content.decode()
    assert text.count('class="info"') >= len(PAGES["trends"].charts)
    for chart in PAGES["trends"].charts:
        if f'href="/dashboard/trends/{chart.key}.csv"' in text:
            assert client.get(f"/dashboard/trends/{chart.key}.csv").status_code == 200
    assert 'href="/dashboard/trends/volume.csv"' in text
