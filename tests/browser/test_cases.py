"""A case is opened by one key, worked on beside its ticket, and taken back; in a real Chromium on the real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from accounts.models import User
from recovery.models import Case
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.models import Ticket

pytestmark = pytest.mark.browser


def test_a_case_is_opened_by_a_key_and_stands_in_the_queue(
    new_window: Callable[..., BrowserContext], live: str, lea: User, ticket: Ticket
) -> None:
    window = new_window(base_url=live)
    sign_in(window, lea, live)
    page = window.new_page()
    open_and_hear(page, f"/tickets/{ticket.number}/?view=all", "heartbeat")
    panel = page.locator("[data-recovery]")
    why = page.locator("#open-case").get_by_label("Why", exact=True)
    expect(panel.get_by_role("button", name="Open a case", exact=True)).to_be_visible()
    page.keyboard.press("o")
    expect(why).to_be_focused()
    why.fill("They sounded lost")
    why.press("Enter")
    expect(panel.locator(".case-steps .now")).to_have_text("Detected")
    expect(panel.locator(".case")).to_contain_text("They sounded lost")
    panel.get_by_role("button", name="I called them").click()
    expect(panel.locator(".case-steps .now")).to_have_text("Contacted")
    page.locator("[data-undo]").click()
    expect(panel.locator(".case-steps .now")).to_have_text("Detected")
    page.goto("/recovery/?whose=mine")
    row = page.locator(f"#case-row-{Case.objects.get().pk}")
    expect(row).to_contain_text("first word by tomorrow")
    expect(page.locator("#recovery-place b")).to_contain_text("1")
    assert serious_findings(page) == []
    row.get_by_role("link").click()
    expect(panel.locator(".case-steps .now")).to_have_text("Detected")
