"""How things stand now, on a desk and on a wall: it moves by itself, keeps what one reads, and says when it is old."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from accounts.models import User
from customers.models import Customer
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.actions import open_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.browser


def test_it_moves_by_itself_and_says_when_it_is_old(
    new_window: Callable[..., BrowserContext], live: str, sue: User, carla: Customer, ticket: Ticket
) -> None:
    window = new_window(base_url=live, viewport={"width": 1920, "height": 1080})
    sign_in(window, sue, live)
    page = window.new_page()
    open_and_hear(page, "/dashboard/", "ready")
    waiting = page.locator("#figure-waiting")
    expect(waiting.locator(".v")).to_contain_text("1 person")
    expect(page.locator("#chart-kept")).to_be_visible()
    assert serious_findings(page) == []
    waiting.locator("summary").click()
    expect(waiting.locator("details p")).to_be_visible()
    open_ticket(carla, by=carla, subject="Another", body="Hello?", channel="email", team=ticket.team)
    expect(waiting.locator(".v")).to_contain_text("2 people")
    expect(waiting.locator("details p")).to_be_visible()  # somebody reads it

    page.get_by_role("link", name="Wall").click()
    expect(page.locator("[data-wall] #figure-waiting .v")).to_contain_text("2 people")
    expect(page.locator("#rail")).to_have_count(0)
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    User.objects.filter(pk=sue.pk).update(last_seen_at=None)
    expect(page.locator("#now .on")).to_have_count(0, timeout=20_000)  # a screen is nobody
    assert User.objects.get(pk=sue.pk).last_seen_at is None
    page.clock.install(time=timezone.now())
    page.reload()
    expect(page.locator("#stale")).to_be_hidden()
    page.route("**/dashboard/?fragment=1*", lambda route: route.abort())
    page.clock.fast_forward("01:30")
    expect(page.locator("#stale")).to_contain_text("No connection")
    page.unroute("**/dashboard/?fragment=1*")
    page.clock.fast_forward("00:30")
    expect(page.locator("#stale")).to_be_hidden()
