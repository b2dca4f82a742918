"""Mail in a real Chromium: a letter on its ticket, and the pages of whoever looks after mail."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, expect

from accounts.models import User
from outbox.models import Sender
from tests.browser.conftest import sign_in
from tests.browser.looking import serious_findings
from tests.mailroom.looking import letter_on, raw_mail
from tickets.models import Ticket

pytestmark = pytest.mark.browser
NewWindow = Callable[..., BrowserContext]


def test_a_letter_is_read_with_the_keyboard_alone(
    live: str, new_window: NewWindow, alice: User, ticket: Ticket, carla
) -> None:
    message = letter_on(
        ticket,
        carla,
        from_email="carla@work.example",
        html="<p>It is <b>flat</b> again.</p>",
        quoted="> We mended it on Monday.",
        cc=[["Dana", "dana@example.net"]],
    )
    raw_mail(state="ticket", reason="It begins a conversation.", ticket=ticket, entry=message)
    for scheme in ("light", "dark"):
        window = new_window(color_scheme=scheme, viewport={"width": 390, "height": 844})
        sign_in(window, alice, live)
        page = window.new_page()
        page.goto(f"{live}/tickets/{ticket.number}/")
        entry = page.locator(".message", has_text="again.")
        expect(entry.locator(".letter-words b")).to_have_text("flat")
        expect(entry.get_by_text("We mended it on Monday.")).to_be_hidden()
        entry.locator(".quoted > summary").focus()
        page.keyboard.press("Enter")
        expect(entry.get_by_text("We mended it on Monday.")).to_be_visible()
        badge = entry.locator(".letter-head")
        badge.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(badge.get_by_text("Nothing proves who sent it.")).to_be_visible()
        assert serious_findings(page) == []
        page.keyboard.press("Escape")
        expect(badge.get_by_text("Nothing proves who sent it.")).to_be_hidden()


def test_whoever_looks_after_mail_finds_their_way(live: str, new_window: NewWindow, adam: User, desk_row) -> None:
    raw_mail(subject="Invoice 4711", from_email="tomasz@supplier.example", raw=b"Subject: x\r\n\r\n<script>1</script>")
    raw_mail(subject="You have won", state="spam", reason="Its sender is blocked.")
    sender = Sender.objects.create(email="help@example.com", signature="{{ agent.name }}")
    window = new_window(viewport={"width": 360, "height": 780})
    sign_in(window, adam, live)
    page = window.new_page()
    page.goto(live + reverse("mailroom:mails"))
    page.get_by_role("searchbox", name="Sender or subject").fill("supplier")
    expect(page.get_by_text("You have won")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=supplier"))
    assert serious_findings(page) == []
    page.get_by_role("link", name="Invoice 4711").click()
    expect(page.get_by_text("<script>1</script>")).to_be_visible()
    assert serious_findings(page) == []
    page.goto(live + reverse("mailroom:sender", args=[sender.pk]))
    page.get_by_label("Signature").fill("The workshop of {{ company.name }}")
    expect(page.get_by_text("The workshop of Bellwether")).to_be_visible()
    page.goto(live + reverse("mailroom:wording", args=["receipt", "en"]))
    page.get_by_label("Words").fill("Ahoy {{ customer.first_name }}!")
    expect(page.get_by_text("Ahoy Carla!")).to_be_visible()
    for name in ("mailboxes", "outgoing", "senders", "wordings", "blocked", "suppressed"):
        page.goto(live + reverse(f"mailroom:{name}"))
        assert serious_findings(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
