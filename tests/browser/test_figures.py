"""A manager reads the figures: on a desk and on a phone, from a chart to its table and to its tickets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from accounts.models import User
from customers.models import Customer
from reports.actions import recount
from tests.browser.conftest import sign_in
from tests.browser.looking import serious_findings
from tickets.actions import open_ticket, post_message, resolve_ticket

pytestmark = pytest.mark.browser


@pytest.fixture
def counted(live: str, carla: Customer, alice: User, workshop: object, cause: object) -> str:
    """Some days of work, counted; yields the address of the desk."""
    now = timezone.now()
    found = []
    for days in range(5, 0, -1):
        at = now - timedelta(days=days)
        ticket = open_ticket(carla, by=carla, subject=f"Bell {days}", body="?", channel="email", team=workshop, at=at)
        post_message(ticket, by=alice, body="Yes.", at=at + timedelta(minutes=20))
        resolve_ticket(ticket, by=alice, root_cause=cause, at=at + timedelta(hours=1))
        found.append(ticket.pk)
    recount(found)
    return live


def test_a_chart_leads_to_its_table_and_to_its_tickets(
    counted: str, sue: User, new_window: Callable[..., BrowserContext]
) -> None:
    for width in (1440, 390):
        page = new_window(viewport={"width": width, "height": 900}).new_page()
        sign_in(page.context, sue, counted)
        page.goto(f"{counted}/dashboard/trends/")
        volume = page.get_by_role("region", name="New conversations by channel")
        expect(volume.get_by_text("5 new conversations.")).to_be_visible()
        assert serious_findings(page) == []
        main = page.locator("#main")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth")

    page.get_by_label("Period").select_option("7")
    expect(page).to_have_url(f"{counted}/dashboard/trends/?span=7")
    volume.get_by_text("As a table").click()
    expect(volume.get_by_role("row")).to_have_count(8)  # a week, below its heading

    volume.get_by_role("link", name="Email").click()
    expect(page.get_by_role("link", name="Bell 3")).to_be_visible()
