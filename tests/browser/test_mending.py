"""A cause is mended and those who suffered it are told; an agent takes a breather. In a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from outbox.models import Mail
from recovery.jobs import tell_what_was_fixed
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.actions import resolve_ticket
from tickets.actions.abuse import mark_abuse
from tickets.models import RootCause, Ticket

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(new_window: Callable[..., BrowserContext], live: str) -> Callable[..., Page]:
    def make(user: User, **options: object) -> Page:
        window = new_window(base_url=live, **options)
        sign_in(window, user, live)
        return window.new_page()

    return make


def test_you_told_us_we_fixed_it(open_page, sue: User, alice: User, ticket: Ticket, cause: RootCause) -> None:
    resolve_ticket(ticket, by=alice, root_cause=cause)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=timezone.now() - timedelta(days=2))
    page = open_page(sue)
    page.goto("/root-causes/")
    page.get_by_role("link", name=cause.name).click()
    page.get_by_label("State").select_option("fixed")
    page.get_by_label("What we changed").fill("The frame’s number is not the tyre’s: the shop asks twice now.")
    page.get_by_role("region", name="Mending it").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Tell those who suffered it").click()
    expect(page.get_by_text("One person gets a mail.")).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_label("Tell them from").fill("")
    page.get_by_role("button", name="Tell one person").click()
    told = page.locator("#told").get_by_role("status")
    expect(told).to_contain_text("0 of 1 were told")
    assert tell_what_was_fixed() == 1
    expect(told).to_contain_text("One mail is in the outbox.", timeout=15_000)
    assert "the shop asks twice now" in Mail.objects.get(kind="cause_fixed").text
    page.get_by_role("button", name="Stop").click()
    expect(told).to_contain_text("Stopped.")


def test_a_breather_is_one_press_away_after_hard_words(open_page, alice: User, ticket: Ticket) -> None:
    mark_abuse(ticket, by=alice)
    page = open_page(alice)
    open_and_hear(page, f"/tickets/{ticket.number}/?view=all", "heartbeat")
    offer = page.locator("#hard")
    expect(offer).to_contain_text("That was a hard one.")
    assert serious_findings(page) == []
    offer.get_by_role("button", name="10 minutes").click()
    place = page.locator("#breather-place")
    expect(place.get_by_role("status")).to_contain_text("On a breather until")
    expect(offer).to_have_count(0)
    place.get_by_role("button", name="I am back").click()
    place.get_by_role("button", name="Take a breather").click()
    panel = page.locator("#breather")
    expect(panel.get_by_role("button", name="5 minutes")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).not_to_be_visible()
