"""A follow-up is planned with the keyboard, falls due and is done, in a real Chromium on the real server."""

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
from tickets.actions import assign_ticket, plan_follow_up, post_message
from tickets.actions.follow_up_templates import create_template
from tickets.jobs import run_due_follow_ups
from tickets.models import FollowUp, Ticket

pytestmark = pytest.mark.browser


@pytest.fixture
def mine(ticket: Ticket, alice: User) -> Ticket:
    post_message(ticket, by=alice, body="The right one leaves today.")
    return assign_ticket(ticket, by=alice, user=alice)


@pytest.fixture
def open_page(new_window: Callable[..., BrowserContext], live: str) -> Callable[..., Page]:
    def make(user: User, **options: object) -> Page:
        window = new_window(base_url=live, **options)
        sign_in(window, user, live)
        return window.new_page()

    return make


def test_a_follow_up_is_planned_with_the_keyboard_and_done_when_it_is_due(open_page, alice, adam, mine) -> None:
    body = "Hello {{ customer.first_name }}, has it arrived?"
    kept = create_template(by=adam, name="Has it arrived?", kind="message", body=body, when="friday 9")
    page = open_page(alice)
    open_and_hear(page, f"/tickets/{mine.number}/?view=all", "heartbeat")
    page.keyboard.press("f")
    panel = page.locator("#plan")
    when = panel.get_by_label("When, on the customer’s clock")
    expect(when).to_be_focused()
    panel.get_by_label("From a template").select_option(str(kept.pk))
    expect(when).to_have_value("friday 9")
    expect(panel.locator(".plan-preview")).to_contain_text(re.compile(r"Fri \d+ \w{3}( \d{4})?, 9:00"))
    expect(panel.locator(".plan-preview")).to_contain_text("Hello Carla, has it arrived?")
    assert serious_findings(page) == []
    when.fill("soonish")
    expect(panel.locator(".plan-preview")).to_contain_text("No time that I know")
    when.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("Say when, as in")
    when.fill("tomorrow 9")
    when.press("Enter")
    expect(panel).not_to_be_visible()
    side = page.locator("#side .planned")
    expect(side).to_contain_text("has it arrived?")
    expect(page.locator("#timeline")).to_contain_text("You planned a message for")
    page.keyboard.press("z")
    expect(side).to_have_count(0)

    page.keyboard.press("f")
    expect(when).to_be_focused()
    panel.get_by_text("Task for one of us").click()
    when.fill("tomorrow 10")
    panel.get_by_label("What it says").fill("Call the depot")
    panel.get_by_role("button", name="Plan it").click()
    expect(side).to_contain_text("Call the depot")
    FollowUp.objects.planned().scheduled().update(due_at=timezone.now())
    assert run_due_follow_ups() >= 1
    expect(page.locator("#timeline")).to_contain_text("A task is due")
    page.goto("/follow-ups/")
    row = page.locator("#due-list .due")
    expect(row).to_contain_text("Call the depot")
    expect(page.locator("#follow-ups-place b")).to_have_text(re.compile("^1"))
    assert serious_findings(page) == []
    row.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Nothing of yours is planned")).to_be_visible()
    expect(page.locator("#follow-ups-place b")).to_have_count(0)
    page.locator("#undo").get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("Call the depot")


def test_it_works_on_a_small_phone_and_without_a_script(open_page, alice, mine) -> None:
    later = timezone.now() + timedelta(days=2)
    plan_follow_up(mine, by=alice, kind="message", body="Has it arrived?", due_at=later, unless=["customer_writes"])
    phone = open_page(alice, viewport={"width": 360, "height": 740})
    phone.goto("/follow-ups/")
    expect(phone.get_by_role("link", name="Has it arrived?")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious_findings(phone) == []
    plain = open_page(alice, java_script_enabled=False)
    plain.goto(f"/tickets/{mine.number}/")
    plain.get_by_role("link", name="Plan a follow-up").click()
    plain.get_by_text("Task for one of us").click()
    plain.get_by_label("When, on the customer’s clock").fill("monday 10")
    plain.get_by_label("What it says").fill("Call the depot")
    plain.get_by_role("button", name="Plan it").click()
    expect(plain.locator("#side .planned")).to_contain_text("Call the depot")
