"""The page that says what changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.measures import Kind
from reports.models import Counting, Fact, SavedReport
from tickets.actions import open_ticket


@pytest.fixture
def counted(db) -> Counting:
    """All of the log has been counted."""
    return Counting.objects.create(hours="", left=0, begun_at=timezone.now())


@pytest.fixture
def twice_as_many(carla, workshop, shop, counted, desk_row) -> None:
    """Of both teams: forty before, eighty now."""
    now = timezone.now()
    for team in (workshop, shop):
        ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", team=team)
        Fact.objects.bulk_create(
            Fact(ticket=ticket, kind=Kind.OPENED, seq=place, at=now - timedelta(days=days), channel="email", team=team)
            for place, days in enumerate([2] * 80 + [9] * 40 + [30], 100)
        )


def words(response) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def test_a_manager_reads_what_changed(client, sue, twice_as_many):
    client.force_login(sue)
    page = words(client.get("/dashboard/changes/"))
    assert "More new conversations: 160 instead of 80" in page
    assert "160 now" in page
    assert "2.0 times as many" in page
    assert "by chance in less than 1 of 10,000" in page or "by chance in less than 1 of 1,000" in page


def test_each_number_leads_to_exactly_its_tickets(client, sue, twice_as_many):
    client.force_login(sue)
    (change,) = client.get("/dashboard/changes/").context["review"].changes
    for url, n in ((change.url, 160), (change.before_url, 80)):
        assert client.get(url).context["behind"].n == n


def test_a_part_of_the_week_leads_to_its_own(client, sue, twice_as_many):
    client.force_login(sue)
    facts = Fact.objects.filter(kind=Kind.OPENED)
    hour = facts.first().at.astimezone(sue.zone).hour
    part = f"hour:{(timezone.localtime(timezone.now(), sue.zone) - timedelta(days=2)).isoweekday()}"
    page = client.get(f"/dashboard/behind/opened/?part={part}-{hour}-{hour + 1}")
    assert page.context["behind"].n == 160 + 80
    page = client.get(f"/dashboard/behind/opened/?part={part}-0-24")
    assert page.context["behind"].n == 160 + 80
    for nonsense in ("9-1-2", "1-5-4", "1-1-25", "1-1-2-3", "1", "1-x-2", "1-²-3"):
        assert client.get(f"/dashboard/behind/opened/?part=hour:{nonsense}").status_code == 404


def test_a_lead_reads_of_her_teams(client, lea, charlie, twice_as_many):
    client.force_login(lea)
    page = words(client.get("/dashboard/changes/"))
    assert "80 instead of 40" in page
    assert "Shop" not in page


def test_an_agent_may_not(client, alice):
    client.force_login(alice)
    assert client.get("/dashboard/changes/").status_code == 403


def test_nothing_new_is_an_answer_too(client, sue, carla, workshop, counted, desk_row):
    ticket, now = open_ticket(carla, by=carla, body="Hello?", channel="email", team=workshop), timezone.now()
    Fact.objects.bulk_create(
        Fact(ticket=ticket, kind=Kind.OPENED, seq=place, at=now - timedelta(days=place % 14 + 1), channel="email")
        for place in range(140)
    )
    client.force_login(sue)
    assert "Nothing that chance would not do" in words(client.get("/dashboard/changes/"))


def test_of_nothing_it_says_so(client, sue, counted, desk_row):
    client.force_login(sue)
    assert "Too little to compare" in words(client.get("/dashboard/changes/"))


def test_nothing_is_said_before_all_is_counted(client, sue, twice_as_many):
    Counting.objects.update(left=10**9)
    client.force_login(sue)
    page = words(client.get("/dashboard/changes/"))
    assert "Still counting" in page
    assert "instead of" not in page


def test_days_before_the_first_conversation_are_none_to_compare_with(client, sue, twice_as_many):
    client.force_login(sue)
    page = words(client.get("/dashboard/changes/?span=30"))
    assert "Nothing to compare with yet" in page
    assert "instead of" not in page


def test_a_month_that_begins_today_has_no_full_day(client, sue, counted, desk_row):
    today = timezone.localtime(timezone.now(), sue.zone).date()
    client.force_login(sue)
    assert "No day of this is over yet" in words(client.get(f"/dashboard/changes/?span={today}..{today}"))


@pytest.mark.parametrize(("asked", "kept"), [("", "span=7"), ("span=30", "span=30"), ("channel=chat", "channel=chat")])
def test_its_days_are_kept_with_it(client, sue, counted, desk_row, asked, kept):
    """What is usual here is not what is usual on other pages."""
    client.force_login(sue)
    page = client.get(f"/dashboard/changes/?{asked}")
    assert kept in page.context["query"]
    client.post(f"/dashboard/changes/save/?{page.context['query']}", {"name": "Mondays", "whose": "me"})
    again = client.get(client.get(f"/dashboard/saved/{SavedReport.objects.get().pk}/").url)
    assert again.context["question"] == page.context["question"]


@pytest.mark.parametrize("query", ["span=x", "span=9999-99-99..1", "team=none", "tag=none", "company=²", "hours=never"])
def test_what_is_not_understood_is_said(client, sue, counted, desk_row, query):
    client.force_login(sue)
    page = client.get(f"/dashboard/changes/?{query}")
    assert page.status_code == 200
    assert page.context["problems"]


def test_it_stays_within_the_queries_of_a_page(client, sue, lea, twice_as_many):
    for viewer in (sue, lea):
        client.force_login(viewer)
        client.get("/dashboard/changes/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get("/dashboard/changes/")
        assert len(asked) <= 16
