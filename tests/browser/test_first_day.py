"""The main job, end to end, in two windows: a customer on a shop's page, an agent in the workspace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, FrameLocator, expect

from accounts.models import Site, User
from outbox.jobs import send_due
from tests.browser.conftest import sign_in
from tickets.jobs import run_due_follow_ups
from tickets.models import FollowUp, RootCause, Ticket

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(live: str, site: Site) -> Iterator[str]:
    """The address of someone else's site, whose pages carry our one line of script."""
    page = f"""<!doctype html><html lang="en"><title>Shop</title><h1>Tyres</h1>
        <script async src="{live}/widget/embed.js" data-site="{site.key}"></script>""".encode()

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.allowed_origins = [f"http://127.0.0.1:{server.server_port}"]
        site.save()
        yield site.allowed_origins[0]
        server.shutdown()


def say(panel: FrameLocator, words: str) -> None:
    panel.get_by_role("textbox", name="Write a message").fill(words)
    panel.get_by_role("textbox", name="Write a message").press("Enter")


def test_chat_answer_solve_and_the_mail_that_asks_how_it_went(
    live: str,
    shop: str,
    alice: User,
    cause: RootCause,
    smtp: Any,
    new_window: Callable[..., BrowserContext],
) -> None:
    # Alice has her inbox open; nothing is waiting.
    desk = new_window()
    sign_in(desk, alice, live)
    inbox = desk.new_page()
    inbox.goto(f"{live}/inbox/?view=waiting")

    # A customer chats from the shop's page, without an account.
    page = new_window().new_page()
    page.goto(f"{shop}/tyres")
    page.get_by_role("button", name="Chat with us").click()
    panel = page.frame_locator("iframe")
    say(panel, "I ordered a 42 and was handed a 47. I drove forty minutes.")
    expect(panel.get_by_text("Sent ")).to_be_visible()

    # It appears in the inbox by itself, and she opens it.
    row = inbox.get_by_role("link").filter(has_text="I drove forty minutes")
    expect(row).to_be_visible(timeout=5_000)
    row.click()
    conversation = inbox.locator("#conversation")
    expect(conversation.get_by_text("I drove forty minutes.").first).to_be_visible()
    expect(panel.get_by_text("Seen ")).to_be_visible()

    # Typing is seen on both sides, and the answer arrives in the chat.
    panel.get_by_role("textbox", name="Write a message").press_sequentially("I need the bike on Mond")
    expect(inbox.get_by_text("I need the bike on Mond")).to_be_visible()
    inbox.get_by_role("textbox", name="Your words").press_sequentially("I am sorry about the morning.")
    expect(panel.get_by_text("Alice is writing…")).to_be_visible()
    inbox.get_by_role("textbox", name="Your words").press("Control+Enter")
    expect(panel.get_by_text("I am sorry about the morning.")).to_be_visible()
    expect(conversation.get_by_text("I am sorry about the morning.").first).to_be_visible()

    # The customer leaves an address; Alice solves with the cause named.
    panel.get_by_role("textbox", name="Write a message").fill("")
    panel.get_by_role("button", name="More").click()
    panel.get_by_role("button", name="Get the answer by email too").click()
    panel.get_by_label("Leave your email").fill("carla@example.org")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("carla@example.org")).to_be_visible()
    inbox.locator("#ticket-head").get_by_role("button", name="Solve").click()
    inbox.get_by_role("radio", name=cause.name).check()
    inbox.locator("#solve").get_by_role("button", name="Solve").click()
    expect(conversation.get_by_text("solved").first).to_be_visible()
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.root_cause, ticket.assignee) == ("solved", cause, ticket.assignee)

    # Three days later a mail goes out by itself.
    assert FollowUp.objects.filter(kind="after_solving", due_at__lt=timezone.now()).count() == 0
    FollowUp.objects.filter(kind="after_solving").update(due_at=timezone.now())
    run_due_follow_ups()
    send_due()
    mail = message_from_bytes(smtp.taken[-1].content, policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("carla@example.org", "Is everything all right now?")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "forty minutes" not in body.get_content()  # the address is only claimed: none of a stranger's words
