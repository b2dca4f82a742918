"""Words that have not left, in a real Chromium: on the server a second later, undone for ten, held, or sent later."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, expect

from accounts.models import User
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.actions import assign_ticket, post_message, save_draft, schedule_reply
from tickets.jobs import send_due_replies
from tickets.models import Draft, Message, ScheduledReply, Ticket

pytestmark = pytest.mark.browser
NO_CLOCK = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def undo_send(settings) -> None:
    settings.UNDO_SEND_SECONDS = 10


@pytest.fixture
def clock() -> Callable[[], int]:
    """The clock, once: everything that waits is due."""

    def tick() -> int:
        ScheduledReply.objects.filter(state="waiting").update(send_at=timezone.now() - NO_CLOCK)
        return send_due_replies()

    return tick


OpenDesk = Callable[..., Page]


@pytest.fixture
def desk(new_window: Callable[..., BrowserContext], live: str) -> Iterator[OpenDesk]:
    """`desk(alice)` opens a window of hers; an error of a script or a breach of the page's policy fails the test."""
    troubles: list[str] = []

    def open_window(user: User, **options: Any) -> Page:
        window = new_window(base_url=live, **options)
        sign_in(window, user, live)
        page = window.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
        return page

    yield open_window
    assert troubles == []


@pytest.fixture
def mine(ticket: Ticket, alice: User) -> Ticket:
    return assign_ticket(ticket, by=alice, user=alice)


def body(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your words")


def read_ticket(page: Page, ticket: Ticket) -> None:
    """Open a ticket, with its socket listening."""
    open_and_hear(page, f"/tickets/{ticket.number}/?view=all", "heartbeat")


def status(page: Page) -> Locator:
    return page.locator("[data-draft-state]")


def strip(page: Page) -> Locator:
    return page.locator("#later > li")


def test_a_draft_is_on_the_server_a_second_later_and_on_every_device(
    desk: OpenDesk, alice: User, bob: User, mine: Ticket
) -> None:
    page = desk(alice)
    page.goto(f"/tickets/{mine.number}/?view=mine")
    page.keyboard.press("n")
    page.keyboard.type("Half a thou")
    expect(status(page)).to_have_text("Draft saved")
    kept = Draft.objects.get()
    assert (kept.user, kept.ticket, kept.body, kept.kind) == (alice, mine, "Half a thou", "note")
    other = desk(alice)
    other.goto("/inbox/?view=mine")
    expect(other.locator(".row .draft")).to_have_text("Draft")
    other.locator(".row").click()
    expect(body(other)).to_have_value("Half a thou")
    expect(other.get_by_role("radio", name="Note")).to_be_checked()
    body(other).press("End")
    other.keyboard.type("ght")
    expect(status(other)).to_have_text("Draft saved")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(body(page)).to_have_value("Half a thought")
    stranger = desk(bob)
    stranger.goto(f"/tickets/{mine.number}/?view=all")
    expect(body(stranger)).to_have_value("")
    expect(stranger.locator(".row .draft")).to_be_hidden()
    assert "Half a" not in stranger.content()


def test_without_a_connection_it_is_kept_here_and_goes_up_by_itself(desk: OpenDesk, alice: User, mine: Ticket) -> None:
    page = desk(alice)
    page.goto(f"/tickets/{mine.number}/?view=mine")
    page.route("**/draft/", lambda route: route.abort())
    body(page).fill("Written in a tunnel")
    expect(status(page)).to_have_text("Draft kept in this browser")
    assert not Draft.objects.exists()
    page.unroute("**/draft/")
    page.goto("/inbox/")
    expect(page.locator(".row .draft")).to_be_visible()
    for _ in range(100):
        if Draft.objects.filter(body="Written in a tunnel").exists():
            break
        page.wait_for_timeout(50)
    assert Draft.objects.get().body == "Written in a tunnel"


def test_two_devices_that_wrote_apart_lose_no_word(desk: OpenDesk, alice: User, mine: Ticket) -> None:
    page = desk(alice)
    page.goto(f"/tickets/{mine.number}/")
    save_draft(mine, by=alice, body="On the phone", client_id="phone")
    body(page).fill("At the desk")
    expect(body(page)).to_have_value("On the phone\n\nAt the desk")
    expect(status(page)).to_have_text("Draft saved")
    assert Draft.objects.get().body == "On the phone\n\nAt the desk"


def test_leaving_the_page_at_once_saves_what_was_typed(desk: OpenDesk, alice: User, mine: Ticket) -> None:
    page = desk(alice)
    page.goto(f"/tickets/{mine.number}/")
    body(page).fill("In a hurry")
    page.goto("/customers/")
    for _ in range(100):
        if Draft.objects.exists():
            break
        page.wait_for_timeout(50)
    assert Draft.objects.get().body == "In a hurry"


def test_sending_lets_go_of_the_draft_and_emptying_too(desk: OpenDesk, alice: User, mine: Ticket, settings) -> None:
    settings.UNDO_SEND_SECONDS = 0
    page = desk(alice)
    page.goto(f"/tickets/{mine.number}/?view=mine")
    body(page).fill("We are on it.")
    expect(status(page)).to_have_text("Draft saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us")).to_have_count(1)
    assert (Draft.objects.count(), Message.objects.filter(by_user=alice).count()) == (0, 1)
    body(page).fill("Or not")
    expect(status(page)).to_have_text("Draft saved")
    body(page).fill("")
    expect(status(page)).to_have_text("")
    for _ in range(100):
        if not Draft.objects.exists():
            break
        page.wait_for_timeout(50)
    assert not Draft.objects.exists()
    page.reload()
    expect(body(page)).to_have_value("")


def test_undo_brings_back_exactly_what_was_there_also_after_a_reload(
    desk: OpenDesk, alice: User, mine: Ticket, clock, settings, tmp_path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    words = "Sorry,\n\n  that was us.\nAlice"
    page = desk(alice)
    read_ticket(page, mine)
    body(page).fill(words)
    page.locator("[data-attach]").set_input_files({"name": "size.txt", "mimeType": "text/plain", "buffer": b"42"})
    expect(page.locator("[data-files] .file")).to_contain_text("size.txt, ")
    expect(status(page)).to_have_text("Draft saved")
    page.keyboard.press("Control+Enter")
    body(page).press("Control+Enter")
    expect(strip(page)).to_have_count(1)
    expect(strip(page).locator("[data-left]")).to_have_text(re.compile(r"Sending in \d+ s"))
    expect(page.locator("#timeline .message.us")).to_have_count(0)
    expect(page.locator("[data-outgoing] > li")).to_have_count(0)
    page.reload()
    expect(strip(page)).to_have_count(1)
    expect(body(page)).to_have_value("")
    page.locator("#conversation").focus()
    page.keyboard.press("z")
    expect(body(page)).to_have_value(words)
    expect(page.locator("[data-files] .file")).to_contain_text("size.txt, ")
    expect(page.get_by_role("radio", name="Reply")).to_be_checked()
    expect(strip(page)).to_have_count(0)
    assert (clock(), Message.objects.filter(by_user=alice).count()) == (0, 0)
    expect(status(page)).to_have_text("Draft saved")
    page.reload()
    expect(body(page)).to_have_value(words)
    expect(page.locator("[data-files] .file")).to_contain_text("size.txt, ")
    body(page).press("Control+Enter")
    expect(strip(page)).to_have_count(1)
    assert clock() == 1
    expect(page.locator("#timeline .message.us")).to_have_count(1)
    expect(strip(page)).to_have_count(0)
    sent = Message.objects.get(by_user=alice)
    assert (sent.body, [file.name for file in sent.attachments.all()]) == (words, ["size.txt"])
    assert not Draft.objects.exists()


def test_undo_in_the_empty_field_right_after_sending(desk: OpenDesk, alice: User, mine: Ticket) -> None:
    page = desk(alice)
    read_ticket(page, mine)
    body(page).fill("Too fast")
    page.keyboard.press("Control+Enter")
    expect(strip(page)).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(body(page)).to_have_value("Too fast")
    assert ScheduledReply.objects.get().state == "cancelled"


def test_a_reply_by_mail_is_held_and_decided_on(desk: OpenDesk, alice: User, bob: User, mine: Ticket, clock) -> None:
    page = desk(alice)
    read_ticket(page, mine)
    body(page).fill("It is the tyre")
    page.keyboard.press("Control+Enter")
    expect(strip(page)).to_have_count(1)
    post_message(mine, by=bob, body="It was the wheel")
    assert clock() == 0
    expect(strip(page)).to_contain_text("Bob Bakker answered meanwhile.")
    expect(strip(page).locator(".between")).to_contain_text("It was the wheel")
    assert serious_findings(page) == []
    other = desk(bob)
    other.goto(f"/tickets/{mine.number}/")
    expect(strip(other)).to_contain_text("Alice Arden decides")
    expect(strip(other).get_by_role("button")).to_have_count(0)
    strip(page).get_by_role("button", name="Send anyway").click()
    expect(page.locator("#timeline .message.us")).to_have_count(2)
    expect(strip(page)).to_have_count(0)


def test_in_a_chat_it_is_held_before_it_is_sent(desk: OpenDesk, alice: User, bob: User, chat_ticket: Ticket) -> None:
    page = desk(alice)
    page.goto(f"/tickets/{chat_ticket.number}/")
    body(page).fill("Me")
    post_message(chat_ticket, by=bob, body="I am on it")
    body(page).fill("Me too")
    page.keyboard.press("Control+Enter")
    card = page.locator("[data-outgoing] > li")
    expect(card).to_have_attribute("data-state", "held")
    expect(card.locator(".between")).to_contain_text("I am on it")
    page.reload()
    expect(card.locator("[data-held]")).to_contain_text("Bob Bakker answered meanwhile.")
    card.get_by_role("button", name="Edit").click()
    expect(body(page)).to_have_value("Me too")
    expect(card).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us")).to_have_count(2)
    assert Message.objects.filter(body="Me too").count() == 1


def test_send_later_in_words_and_sent_now(desk: OpenDesk, alice: User, mine: Ticket) -> None:
    page = desk(alice)
    read_ticket(page, mine)
    body(page).fill("Good morning")
    page.get_by_label("Other ways to send").click()
    page.get_by_role("button", name="Send later…").click()
    page.get_by_role("textbox", name="When to send it").fill("tomorrow 9")
    page.keyboard.press("Enter")
    expect(strip(page)).to_contain_text("Will be sent")
    reply = ScheduledReply.objects.get()
    assert (reply.send_at.date() - timezone.now().date()).days in (1, 2)
    assert not reply.is_leaving
    expect(page.locator("#timeline .event").last).to_contain_text("will send a reply")
    strip(page).get_by_role("button", name="Edit").click()
    expect(body(page)).to_have_value("Good morning")
    page.get_by_label("Other ways to send").click()
    page.get_by_role("button", name="Send later…").click()
    page.locator("#sending .choice").first.click()
    strip(page).get_by_role("button", name="Send now").click()
    expect(page.locator("#timeline .message.us")).to_have_count(1)


def test_send_and_solve_with_the_keyboard(desk: OpenDesk, alice: User, mine: Ticket, cause, clock) -> None:
    page = desk(alice)
    read_ticket(page, mine)
    body(page).fill("All done")
    page.keyboard.press("Control+Shift+Enter")
    panel = page.locator("#send-solve")
    expect(panel).to_be_visible()
    page.keyboard.type("tyre")
    panel.get_by_label(cause.name).check()
    page.keyboard.press("Enter")
    expect(strip(page)).to_have_count(1)
    assert not Ticket.objects.get(pk=mine.pk).is_solved
    assert clock() == 1
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    assert Ticket.objects.get(pk=mine.pk).root_cause == cause


def test_without_a_script_the_draft_is_there_and_a_reply_can_be_undone(
    desk: OpenDesk, alice: User, mine: Ticket
) -> None:
    save_draft(mine, by=alice, body="Begun elsewhere", client_id="c1")
    page = desk(alice, java_script_enabled=False)
    page.goto(f"/tickets/{mine.number}/")
    expect(body(page)).to_have_value("Begun elsewhere")
    page.get_by_role("button", name="Send", exact=False).first.click()
    expect(strip(page)).to_contain_text("Begun elsewhere")
    assert not Draft.objects.exists()
    page.get_by_role("button", name="Undo").click()
    expect(body(page)).to_have_value("Begun elsewhere")
    expect(strip(page)).to_have_count(0)


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_strip_can_be_used_by_everyone(desk: OpenDesk, alice: User, bob: User, mine: Ticket, dark: bool) -> None:
    schedule_reply(mine, by=alice, body="In a moment")
    schedule_reply(mine, by=bob, body="Tomorrow", send_at=timezone.now() + timedelta(days=1))
    page = desk(alice, color_scheme="dark" if dark else "light")
    page.goto(f"/tickets/{mine.number}/")
    expect(strip(page)).to_have_count(2)
    assert serious_findings(page) == []
    page.get_by_label("Other ways to send").click()
    assert serious_findings(page) == []
    body(page).fill("x")
    page.get_by_role("button", name="Send later…").click()
    assert serious_findings(page) == []
