"""Mentions and notifications in a real Chromium: whom one types after an @, the bell, and notes while nobody looks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from accounts.models import User
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.jobs import notify_of
from tickets.models import Message, Ticket
from tickets.pushing import Note

pytestmark = pytest.mark.browser


def test_a_colleague_is_mentioned_by_keys_and_the_bell_tells_them(
    new_window: Callable[..., BrowserContext], live: str, alice: User, bob: User, charlie: User, ticket: Ticket
):
    hers, his = new_window(base_url=live), new_window(base_url=live)
    sign_in(hers, alice, live)
    sign_in(his, bob, live)
    bobs = his.new_page()
    open_and_hear(bobs, f"{live}/notifications/", "ready")
    page = hers.new_page()
    page.goto(f"/tickets/{ticket.pk}/?view=all")
    expect(page.locator("[data-composer][data-ready]")).to_be_visible()
    page.locator("[data-composer]").get_by_text("Note", exact=True).click()
    words = page.get_by_role("textbox", name="Your words")
    expect(words).to_have_attribute("placeholder", "Write to your team")
    words.press_sequentially("Ask @bo")
    option = page.get_by_role("listbox", name="People and teams").get_by_role("option", name="Bob Bakker")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(words).to_have_attribute("aria-activedescendant", f"mention-user-{bob.pk}")
    expect(words).to_be_focused()
    assert serious_findings(page) == []
    words.press("Enter")
    expect(words).to_have_value("Ask @Bob Bakker ")
    expect(option).to_be_hidden()
    words.press_sequentially("or @charlie chen")
    expect(page.get_by_role("option", name="Charlie Chen cannot see this ticket")).to_be_visible()
    words.press("Escape")
    expect(page.get_by_role("listbox", name="People and teams")).to_be_hidden()
    expect(words).to_be_focused()
    words.press("Control+Enter")
    expect(page.get_by_text("Charlie Chen cannot see this ticket and will not hear of it")).to_be_visible()
    expect(page.locator("mark.mention", has_text="@Bob Bakker")).to_be_visible()
    note = Message.objects.get(kind="note")
    assert note.body == "Ask @Bob Bakker or @charlie chen"
    notify_of([note.event.pk])
    expect(bobs.locator("#bell b")).to_have_text("1 unread")
    expect(bobs.locator("#told")).to_contain_text("Alice mentions you")


@pytest.mark.long  # how soon a busy machine's browser wakes the worker is not ours to say
def test_a_browser_shows_a_note_while_nobody_looks_and_opens_its_ticket(
    new_window: Callable[..., BrowserContext], live: str, alice: User, ticket: Ticket
):
    """All but the push service itself, which is somebody else's: its message is handed to the worker by the browser."""
    window = new_window(base_url=live, permissions=["notifications"])
    sign_in(window, alice, live)
    page = window.new_page()
    page.goto("/settings/notifications/")
    expect(page.get_by_role("button", name="Switch on in this browser")).to_be_visible()
    devtools = window.new_cdp_session(page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: registrations.extend(
            one["registrationId"] for one in said["registrations"] if not one["isDeleted"]
        ),
    )
    devtools.send("ServiceWorker.enable")
    page.evaluate(
        """async () => {
            const place = { scope: "/notifications/" }
            const registration = await navigator.serviceWorker.register("/notifications/worker.js", place)
            while (!registration.active) await new Promise((resolve) => setTimeout(resolve, 20))
        }"""
    )
    assert registrations
    note = Note("Bob writes", "Ticket 1: The tyre", f"/tickets/{ticket.pk}/", "ticket-1").as_json().decode()
    push = {"origin": live, "registrationId": registrations[-1], "data": note}
    devtools.send("ServiceWorker.deliverPushMessage", push)
    shown = page.evaluate(
        """async () => {
            const registration = await navigator.serviceWorker.getRegistration("/notifications/")
            for (let tries = 0; tries < 200; tries += 1) {
                const [one] = await registration.getNotifications()
                if (one) return { title: one.title, body: one.body, tag: one.tag, url: one.data.url }
                await new Promise((resolve) => setTimeout(resolve, 50))
            }
        }"""
    )
    assert shown == {
        "title": "Bob writes",
        "body": "Ticket 1: The tyre",
        "tag": "ticket-1",
        "url": f"/tickets/{ticket.pk}/",
    }
