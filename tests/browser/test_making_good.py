"""What went wrong is noted beside a ticket, in a real Chromium on the real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from accounts.models import User
from recovery.models import Failure, HassleMark
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.models import Ticket

pytestmark = pytest.mark.browser


def test_expected_ten_delivered_seven(
    new_window: Callable[..., BrowserContext], live: str, ticket: Ticket, alice: User
) -> None:
    window = new_window(base_url=live)
    sign_in(window, alice, live)
    page = window.new_page()
    open_and_hear(page, f"/tickets/{ticket.number}/", "heartbeat")
    panel = page.get_by_role("region", name="Making good")
    expect(panel).to_contain_text("Nothing went wrong here")

    # A message's menu leads to its marks.
    entry = page.locator("#entry-2")
    entry.hover()
    entry.get_by_label("Do something with this message").click()
    entry.get_by_role("link", name="Mark hassle").click()
    trip = panel.get_by_role("button", name="Trip for nothing")
    expect(trip).to_be_focused()
    trip.click()
    expect(panel.get_by_role("button", name="Trip for nothing", pressed=True)).to_be_visible()
    expect(panel).to_contain_text("€15.00 of hassle so far")

    # One key opens the form; the loss is suggested until somebody writes it.
    page.locator("#conversation").focus()
    page.keyboard.press("p")
    form = page.get_by_role("dialog", name="What went wrong?").or_(page.locator("#failure"))
    expect(form).to_be_visible()
    form.get_by_text("Product: wrong or faulty").click()
    form.get_by_text("Serious").click()
    form.get_by_label("What they paid, or were to pay, for it").fill("60")
    expect(form.get_by_label("What of that they did not get")).to_have_value("30")
    form.get_by_label("What of that they did not get").fill("3")
    form.get_by_text("Annoying").click()
    expect(form.get_by_label("What of that they did not get")).to_have_value("3")
    assert serious_findings(page) == []
    form.get_by_role("button", name="Note it").click()
    expect(form).not_to_be_visible()

    # Whose fault it was comes first; then what to give.
    expect(panel).not_to_contain_text("or more")
    panel.get_by_role("button", name="Yes", exact=True).click()
    expect(panel).to_contain_text("give 4 or more: €24.00")
    assert serious_findings(page) == []
    assert Failure.objects.get().is_our_fault
    assert HassleMark.objects.get().by == alice

    # The evidence leads to the entry.
    panel.get_by_text("Made a trip for nothing").click()
    panel.locator(".parts").get_by_role("link", name="I ordered a 42").click()
    expect(page).to_have_url(f"{live}/tickets/{ticket.number}/#entry-2")
    expect(entry).to_be_in_viewport()
