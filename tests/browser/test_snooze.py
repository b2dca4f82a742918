"""Snoozing and reading again, in a real Chromium on the real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.actions import assign_ticket, snooze_ticket
from tickets.jobs import wake_due_tickets
from tickets.models import ReadMark, Ticket

pytestmark = pytest.mark.browser


@pytest.fixture
def mine(ticket: Ticket, alice: User) -> Ticket:
    return assign_ticket(ticket, by=alice, user=alice)


@pytest.fixture
def open_page(new_window: Callable[..., BrowserContext], live: str) -> Callable[..., Page]:
    def make(user: User, **options: object) -> Page:
        window = new_window(base_url=live, **options)
        sign_in(window, user, live)
        return window.new_page()

    return make


def row(page: Page, ticket: Ticket):
    return page.locator(f'#rows [data-ref="{ticket.reference}"]')


def test_a_ticket_is_put_away_and_woken_with_the_keyboard(open_page, alice: User, mine: Ticket) -> None:
    page = open_page(alice)
    open_and_hear(page, f"/tickets/{mine.number}/?view=all", "heartbeat")
    expect(row(page, mine)).to_be_visible()
    page.keyboard.press("s")
    field = page.locator("#snooze").get_by_label("When, in your words")
    expect(field).to_be_focused()
    page.keyboard.type("friday 14")
    expect(page.locator("#snooze-when")).to_have_text(re.compile(r"Fri \d+ \w{3}( \d{4})?, 14:00"))
    assert serious_findings(page) == []
    page.keyboard.press("Control+A")
    page.keyboard.type("soonish")
    expect(page.locator("#snooze-when")).to_contain_text("No time that I know")
    page.keyboard.press("Enter")
    expect(page.locator("#snooze [role=alert]")).to_contain_text("Say when, as in")
    expect(page.locator("#snooze [role=alert]")).to_be_focused()  # the panel that came with the answer is open
    expect(field).to_have_value("soonish")
    page.keyboard.press("Escape")
    expect(page.locator("#snooze")).not_to_be_visible()
    page.locator("#conversation").get_by_role("button", name="Snooze").first.click()
    field.fill("tomorrow 9")
    page.keyboard.press("Enter")
    expect(page.locator("#snoozed")).to_contain_text(re.compile(r"Snoozed until \w{3} \d+ \w{3}, 9:00 by you"))
    expect(row(page, mine)).to_have_count(0)
    expect(page.locator("#timeline .event").last).to_contain_text("You snoozed it until")
    page.goto("/inbox/?view=snoozed")
    expect(row(page, mine)).to_contain_text("until tomorrow 9:00")
    row(page, mine).click()
    page.get_by_role("button", name="Wake now").click()
    expect(page.locator("#timeline .event").last).to_contain_text("You woke it")
    expect(page.locator("#snoozed")).not_to_be_visible()


def test_what_is_offered_is_that_of_now_and_wakes_by_itself(open_page, alice: User, mine: Ticket) -> None:
    page = open_page(alice)
    open_and_hear(page, f"/tickets/{mine.number}/?view=all", "heartbeat")
    stale = page.locator("#snooze .choice").first
    page.evaluate("document.querySelector('#snooze .choice').value = '2020-01-01T09:00+00:00'")
    page.locator("#conversation").get_by_role("button", name="Snooze").first.click()
    expect(stale).not_to_have_attribute("value", "2020-01-01T09:00+00:00")
    page.get_by_role("button", name="Until they reply").click()
    expect(page.locator("#snoozed")).to_contain_text("Snoozed until they reply by you")
    snooze_ticket(mine, by=alice, until=timezone.now() + timedelta(days=2))
    expect(page.locator("#snoozed")).not_to_contain_text("they reply")
    Ticket.objects.filter(pk=mine.pk).update(snoozed_until=timezone.now())
    assert wake_due_tickets() == 1
    expect(page.locator("#snoozed")).not_to_be_visible()
    expect(page.locator("#timeline .event").last).to_contain_text("Snoozed until now")
    expect(row(page, mine)).to_be_visible()


def test_unread_stays_so_until_it_is_opened(open_page, alice: User, mine: Ticket) -> None:
    page = open_page(alice)
    open_and_hear(page, f"/tickets/{mine.number}/?view=mine", "heartbeat")
    expect(row(page, mine)).not_to_have_class(re.compile("unread"))
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Pick a conversation")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/inbox/\?view=mine$"))
    expect(row(page, mine)).to_have_class(re.compile("unread"))
    snooze_ticket(mine, by=None, until=None)  # something happens: frames come, the list is drawn again
    expect(row(page, mine)).to_have_count(0)
    page.wait_for_timeout(500)
    assert ReadMark.objects.get(user=alice).seq == 1
    page.goto("/inbox/?view=snoozed")
    row(page, mine).click()
    expect(page.get_by_role("heading", name=mine.subject)).to_be_visible()
    page.locator("#ticket-head .menu summary").click()
    page.get_by_role("button", name="Mark unread").click()
    expect(row(page, mine)).to_have_class(re.compile("unread"))


def test_it_works_on_a_small_phone_and_without_a_script(open_page, alice: User, mine: Ticket) -> None:
    phone = open_page(alice, viewport={"width": 360, "height": 740})
    phone.goto(f"/tickets/{mine.number}/")
    phone.locator("#ticket-head .menu summary").click()
    assert serious_findings(phone) == []
    phone.locator("#ticket-head .menu").get_by_role("button", name="Snooze").click()
    phone.get_by_role("button", name="Tomorrow").click()
    expect(phone.locator("#snoozed")).to_contain_text("Snoozed until")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    plain = open_page(alice, java_script_enabled=False)
    plain.goto(f"/tickets/{mine.number}/")
    plain.get_by_role("button", name="Wake now").click()
    expect(plain.locator("#snoozed")).to_be_hidden()
    plain.locator("#ticket-head").get_by_role("button", name="Snooze").first.click()
    plain.locator("#snooze").get_by_label("When, in your words").fill("monday 10")
    plain.locator("#snooze").get_by_role("button", name="Snooze", exact=True).click()
    expect(plain.locator("#snoozed")).to_contain_text(", 10:00 by you")
