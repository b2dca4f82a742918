"""Who is who between page, loader, panel and server, on the real thing: two browsers never share a visitor."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Site, User
from chat.actions import create_proactive_message
from chat.models import Visitor
from tests.browser import test_first_day
from tests.widget_client.fake_desk import widget_frame
from tickets.actions import post_message
from tickets.models import Event, Ticket

pytestmark = pytest.mark.browser

NewWindow = Callable[..., BrowserContext]
TOKEN = "localStorage.getItem('makegood:bellwether')"


shop = test_first_day.shop  # somebody else's pages, from another origin


def chat(window: BrowserContext, shop: str, words: str) -> Page:
    page = window.new_page()
    page.goto(shop)
    page.locator("makegood-widget .launch").click()
    frame = widget_frame(page)
    expect(frame.locator("textarea")).to_have_attribute("placeholder", re.compile("."))
    frame.locator("textarea").fill(words)
    frame.locator("textarea").press("Enter")
    expect(frame.locator(".mine .state")).to_contain_text("Sent")
    return page


def token_of(page: Page) -> str:
    page.wait_for_function(TOKEN)
    found: str = page.evaluate(TOKEN)
    return found


def test_two_browsers_never_share_a_visitor_and_no_address_or_log_has_a_token(
    new_window: NewWindow, shop: str, alice: User, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []
    windows = [new_window(), new_window()]
    for window in windows:
        window.on(
            "request", lambda request: asked.append(json.dumps([request.url, request.headers.get("referer", "")]))
        )
        window.on("websocket", lambda socket: asked.append(socket.url))
    pages = [chat(window, shop, words) for window, words in zip(windows, ["I am Carla", "I am Dora"], strict=True)]
    tokens = [token_of(page) for page in pages]
    assert len(set(tokens)) == 2
    assert Visitor.objects.exclude(customer=None).values("customer").distinct().count() == 2
    carlas = Event.objects.get(message__body="I am Carla").ticket
    post_message(carlas, by=alice, body="Hello Carla")
    expect(widget_frame(pages[0]).locator(".theirs .bubble")).to_have_text("Hello Carla")
    for window in windows:  # both come back, and get their own
        page = window.new_page()
        page.goto(shop)
        page.wait_for_function("window.Makegood?.ready")
        page.locator("makegood-widget .launch").click()
        expected = ["I am Carla", "Hello Carla"] if window is windows[0] else ["I am Dora"]
        expect(widget_frame(page).locator(".bubble")).to_have_text(expected)
    for page, token in zip(pages, tokens, strict=True):
        assert token_of(page) == token
    assert Ticket.objects.count() == 2
    assert len(asked) > 40
    said = "\n".join([*asked, *capfd.readouterr(), caplog.text])
    assert "/widget/start/" in said
    assert not any(token in said for token in tokens)


def test_after_a_reset_the_next_person_on_the_same_computer_is_somebody_else(new_window: NewWindow, shop: str) -> None:
    window = new_window()
    page = chat(window, shop, "I am Carla")
    token = token_of(page)
    page.evaluate("Makegood.reset()")
    page.goto(shop)
    page.locator("makegood-widget .launch").click()
    frame = widget_frame(page)
    expect(frame.locator("textarea")).to_have_attribute("placeholder", re.compile("."))
    expect(frame.locator(".bubble")).to_have_count(0)
    frame.locator("textarea").fill("I am Dora")
    frame.locator("textarea").press("Enter")
    expect(frame.locator(".mine .state")).to_contain_text("Sent")
    assert token_of(page) != token
    assert Visitor.objects.exclude(customer=None).values("customer").distinct().count() == 2


def test_an_answer_while_away_is_a_number_at_the_launcher_and_nothing_more(
    new_window: NewWindow, shop: str, alice: User
) -> None:
    window = new_window()
    page = chat(window, shop, "Is the Pocket in stock?")
    page.close()
    ticket = Ticket.objects.get()
    post_message(ticket, by=alice, body="Five of them.")
    Event.objects.update(at="2026-01-01T10:00:00Z")  # long ago: nobody waits at the line
    page = window.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(shop)
    expect(page.locator("makegood-widget .badge")).to_have_text("1")
    page.wait_for_timeout(300)
    assert [url.partition("/widget/")[2] for url in asked if not url.startswith(shop)] == ["embed.js", "unread/"]
    page.locator("makegood-widget .launch").click()
    expect(widget_frame(page).locator(".theirs .bubble")).to_have_text("Five of them.")
    expect(page.locator("makegood-widget .badge")).to_be_hidden()


def test_a_rule_of_the_site_is_said_and_its_words_open_the_chat(
    new_window: NewWindow, live: str, site: Site, adam: User, settings
) -> None:
    settings.DEBUG = True  # for the shop page of the desk itself
    create_proactive_message(site, by=adam, name="Demo", text="Shall we measure you?", page="/widget/demo*", seconds=0)
    page = new_window().new_page()
    page.goto(f"{live}/widget/demo/")
    hint = page.locator("makegood-widget .hint")
    expect(hint).to_have_text("Shall we measure you?")
    hint.get_by_role("button", name="Shall we measure you?").click()
    expect(widget_frame(page).locator("body")).to_contain_text("Shall we measure you?")
