"""The cases of this month: how many were made good, and which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery.models import Case
from reports.queries.made_good import PAGE_SIZE, made_good
from tickets.actions import open_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(carla, workshop, desk_row):
    def make(*, team=workshop, days: int = 0, is_good: bool = False) -> Case:
        now = timezone.now()
        ticket = open_ticket(carla, by=carla, subject="Broken", body="Broken!", channel="email", team=team)
        times = {"opened_at": now - timedelta(days=days), "contact_due_at": now, "resolution_due_at": now}
        verified = {"state": "verified", "verified_at": now} if is_good else {}
        return Case.objects.create(ticket=ticket, customer=carla, trigger="agent", **times, **verified)

    return make


def test_of_this_month_and_of_what_one_may_see(case, sue, lea, shop):
    case(is_good=True)
    case()
    case(team=shop, is_good=True)
    case(days=40, is_good=True)
    now = timezone.now()
    assert [
        (made_good(who, now, team).good, made_good(who, now, team).cases)
        for who, team in ((sue, None), (lea, None), (sue, shop))
    ] == [(2, 3), (1, 2), (1, 1)]
    assert (made_good(sue, now).budget, made_good(sue, now).ratio) == (None, None)


def test_the_figure_leads_to_exactly_these(client, case, sue, shop):
    good, open_ = case(is_good=True), case()
    client.force_login(sue)
    assert [one.pk for one in client.get("/dashboard/made-good/").context["cases"]] == [good.pk]
    assert [one.pk for one in client.get("/dashboard/made-good/?show=all").context["cases"]] == [open_.pk, good.pk]
    assert client.get("/dashboard/made-good/?show=all&team=shop").context["cases"] == []


def test_a_long_list_goes_on(client, case, sue):
    cases = [case() for _ in range(3)]
    for one in cases[1:]:
        Case.objects.filter(pk=one.pk).update(opened_at=cases[0].opened_at)  # all at once
    client.force_login(sue)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reports.queries.made_good.PAGE_SIZE", 2)
        first = client.get("/dashboard/made-good/?show=all").context
        second = client.get(f"/dashboard/made-good/?show=all&cursor={first['next_cursor']}").context
    assert PAGE_SIZE > 2
    assert [one.pk for one in (*first["cases"], *second["cases"])] == [one.pk for one in reversed(cases)]
    assert second["next_cursor"] is None
    assert client.get("/dashboard/made-good/?cursor=%00").status_code == 200
