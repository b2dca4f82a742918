"""What was said is changed: a note in its place, and a passage that is gone on the customer's screen, too."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from outbox.blackout import BLOCKS
from tests.browser import test_first_day
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.actions import post_message
from tickets.models import Message, Ticket

pytestmark = pytest.mark.browser

storefront, say = test_first_day.shop, test_first_day.say
NewWindow = Callable[..., BrowserContext]


def look(page: Page, name: str) -> None:
    """A picture for whoever wants to look."""
    if folder := os.environ.get("PICTURES_IN"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_what_is_taken_out_is_gone_on_the_customer_s_screen(
    live: str, storefront: str, new_window: NewWindow, lea: User
) -> None:
    visit = new_window().new_page()
    visit.goto(f"{storefront}/tyres")
    visit.get_by_role("button", name="Chat with us").click()
    panel = visit.frame_locator("iframe")
    say(panel, "My card is 4111 1111 1111 1111, the code 737.")
    expect(panel.get_by_text("Sent ")).to_be_visible()
    message = Message.objects.get()
    desk = new_window(base_url=live)
    sign_in(desk, lea, live)
    page = desk.new_page()
    page.goto(f"/messages/{message.pk}/redact/")
    page.get_by_role("checkbox", name="4111 1111 1111 1111").check()
    text = page.get_by_label("The message.")
    text.evaluate("box => { box.focus(); const at = box.value.indexOf('737'); box.setSelectionRange(at, at + 3) }")
    take = page.get_by_role("button", name="Take the selected words")
    expect(take).to_be_enabled()
    take.click()
    expect(page.get_by_role("checkbox", name="737")).to_be_checked()
    expect(page.locator("[data-shown]")).to_have_text(f"My card is {BLOCKS}, the code {BLOCKS}.")
    look(page, "redact")
    assert serious_findings(page) == []
    page.get_by_role("button", name="Black it out for good").click()
    expect(page.get_by_text("partly blacked out")).to_be_visible()
    expect(panel.get_by_text(f"My card is {BLOCKS}, the code {BLOCKS}.")).to_be_visible()
    expect(panel.get_by_text("4111")).to_have_count(0)
    visit.reload()
    visit.evaluate("Makegood.ready.then((chat) => chat.open())")
    expect(panel.get_by_text(f"My card is {BLOCKS}, the code {BLOCKS}.")).to_be_visible()


def test_a_note_is_edited_where_it_stands_and_news_leave_it_alone(
    live: str, new_window: NewWindow, ticket: Ticket, alice: User, bob: User
) -> None:
    post_message(ticket, by=alice, body="Ask the depot.", kind="note")
    window = new_window(base_url=live)
    sign_in(window, alice, live)
    page = window.new_page()
    open_and_hear(page, f"/tickets/{ticket.number}/?view=all", "heartbeat")
    note = page.locator("#timeline .message.note")
    box = note.get_by_role("textbox", name="Your note")

    def begin() -> None:
        note.hover()
        note.get_by_label("Do something with this message").click()
        note.get_by_role("link", name="Edit this note").click()
        expect(box).to_be_focused()

    begin()
    box.fill("Ask the harbour.")
    post_message(ticket, by=bob, body="I am here, too.", kind="note")
    expect(page.get_by_text("I am here, too.")).to_be_visible()
    mine = page.locator("#timeline .message.note").filter(has=page.get_by_role("textbox", name="Your note"))
    expect(mine.get_by_role("textbox", name="Your note")).to_have_value("Ask the harbour.")
    look(page, "edit-note")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.note").filter(has_text="Ask the harbour.")).to_contain_text("· edited")
    expect(page.get_by_role("textbox", name="Your note")).to_have_count(0)
    note = page.locator("#timeline .message.note").filter(has_text="Note from you")
    box = note.get_by_role("textbox", name="Your note")
    begin()
    box.fill("No, not there.")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(note).to_contain_text("Ask the harbour.")
