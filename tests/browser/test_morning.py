"""An agent's morning of thirty tickets, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from customers.actions import get_or_create_customer
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear
from tickets.actions import create_macro, open_ticket
from tickets.macros import read
from tickets.models import Message, RootCause, Ticket

pytestmark = pytest.mark.browser


@pytest.fixture(params=[6, pytest.param(30, marks=pytest.mark.long)])
def morning(request, workshop: Team, alice: User, desk_row) -> list[Ticket]:
    """Mails of so many customers, the first the longest ago."""
    create_macro(
        by=alice, name="Loan wheel", body="Take our loan wheel home.", steps=[read("add_tags:loan")], owner=alice
    )
    began = timezone.now() - timedelta(hours=12)
    return [mail(number, workshop, began + timedelta(minutes=number)) for number in range(request.param)]


def mail(number: int, team: Team, at: datetime) -> Ticket:
    customer, _ = get_or_create_customer(by=None, email=f"c{number:02}@example.org", name=f"Customer {number:02}")
    words = {"subject": f"Question {number:02}", "body": f"The tyre of bike {number:02} is wrong."}
    return open_ticket(customer, by=customer, channel="email", team=team, at=at, **words)


@pytest.fixture
def page(new_window: Callable[..., BrowserContext], live: str, alice: User, settings) -> Page:
    settings.UNDO_SEND_SECONDS = 0
    window = new_window(base_url=live)
    sign_in(window, alice, live)
    page = window.new_page()
    # Who touches the mouse has failed.
    page.add_init_script("addEventListener('pointerdown', (e) => { if (e.isTrusted) window.clicked = true }, true)")
    return page


def to_the_next(page: Page, subject: str) -> None:
    """To the ticket that waits longest, once what was done before has left the list."""
    row = page.locator("#rows .item").nth(0)
    expect(row).to_contain_text(subject)
    page.keyboard.press("j")
    expect(row.locator(".row")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=subject)).to_be_visible()


def write(page: Page, key: str, words: str) -> None:
    page.keyboard.press(key)
    field = page.get_by_role("textbox", name="Your words")
    expect(field).to_be_focused()
    page.keyboard.type(words)


def reply(page: Page) -> None:
    write(page, "r", "It is on its way.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us")).to_contain_text("It is on its way.")
    page.keyboard.press("Escape")


def reply_and_solve(page: Page) -> None:
    write(page, "r", "It is on its way, and that is all.")
    page.keyboard.press("Control+Shift+Enter")
    choose_no_cause(page, "#send-solve")


def solve(page: Page) -> None:
    page.keyboard.press("e")
    choose_no_cause(page, "#solve")


def choose_no_cause(page: Page, panel: str) -> None:
    search = page.locator(panel).get_by_label("Find a cause")
    expect(search).to_be_focused()
    page.keyboard.type("no such cause")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()


def note_and_snooze(page: Page) -> None:
    write(page, "n", "The wheel comes on Friday.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.note")).to_contain_text("The wheel comes on Friday.")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_label("When, in your words")).to_be_focused()
    page.keyboard.type("in 2 days")
    page.keyboard.press("Enter")
    expect(page.locator("#snoozed")).to_contain_text("Snoozed until")


def macro(page: Page) -> None:
    page.keyboard.press("m")
    expect(page.get_by_role("dialog", name="Macros").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("loan")
    expect(page.get_by_role("dialog", name="Macros").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Your words")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us")).to_contain_text("Take our loan wheel home.")
    page.keyboard.press("Escape")


def tag_and_reply(page: Page) -> None:
    page.keyboard.press("l")
    expect(page.get_by_label("Tags")).to_be_focused()
    page.keyboard.type("tyre")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline .event").filter(has_text="tyre")).to_be_visible()
    page.keyboard.press("Escape")
    reply(page)


DEEDS = [reply, reply_and_solve, note_and_snooze, macro, tag_and_reply, solve]


def test_a_morning_without_a_mouse(page: Page, morning: list[Ticket], alice: User, cause: RootCause) -> None:
    open_and_hear(page, "/inbox/?view=waiting", "ready")
    for number, ticket in enumerate(morning):
        to_the_next(page, ticket.subject)
        DEEDS[number % len(DEEDS)](page)
    expect(page.locator("#rows .item")).to_have_count(0)
    each = len(morning) // len(DEEDS)
    assert Ticket.objects.solved().count() == 2 * each
    assert Ticket.objects.filter(snoozed_at__isnull=False).count() == each
    assert Ticket.objects.filter(tags__name="loan").count() == Ticket.objects.filter(tags__name="tyre").count() == each
    assert Message.objects.replies().filter(by_user=alice).count() == 4 * each
    assert Message.objects.filter(kind="note").count() == each
    assert not Ticket.objects.waiting().exclude(snoozed_at__isnull=False).exists()
    assert not page.evaluate("window.clicked")
