"""The agents' side of a live chat in a real Chromium: nothing is lost, doubled, or shown as sent when it is not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from accounts.models import Site, User
from customers.models import Customer
from tests.browser import test_first_day
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tickets.actions import assign_ticket, invite_agent, open_ticket
from tickets.models import Message, Ticket

pytestmark = pytest.mark.browser

NewWindow = Callable[..., BrowserContext]
TROUBLES: list[str] = []
storefront, say = test_first_day.shop, test_first_day.say  # the customer's way in; a shop is also a team


@pytest.fixture
def mine(chat_ticket: Ticket, alice: User) -> Ticket:
    return assign_ticket(chat_ticket, by=alice, user=alice)


@pytest.fixture
def window(new_window: NewWindow, live: str, alice: User) -> BrowserContext:
    """Alice's browser."""
    return watched(new_window, live, alice)


@pytest.fixture(autouse=True)
def troubles() -> Iterator[list[str]]:
    """Errors of scripts and breaches of the pages' policy; there are none."""
    TROUBLES.clear()
    yield TROUBLES
    assert TROUBLES == []


def watched(new_window: NewWindow, live: str, user: User, **options: object) -> BrowserContext:
    """Somebody's browser."""
    window = new_window(base_url=live, **options)
    window.set_default_timeout(30_000)  # the first page of a process may take long on a busy machine
    window.on("weberror", lambda found: TROUBLES.append(str(found.error)))
    window.on("console", lambda said: TROUBLES.append(said.text) if "Security Policy" in said.text else None)
    sign_in(window, user, live)
    return window


def read(window: BrowserContext, ticket: Ticket) -> Page:
    """A tab with the ticket open, which hears of it."""
    page = window.new_page()
    open_and_hear(page, f"/tickets/{ticket.number}/?view=all", "heartbeat")
    return page


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your words")


def send(page: Page, words: str) -> None:
    box(page).fill(words)
    page.keyboard.press("Control+Enter")


def stored(page: Page) -> Locator:
    return page.locator("#timeline .message.us .words")


def outgoing(page: Page) -> Locator:
    return page.locator("[data-outgoing] .message")


def said(by: User) -> list[str]:
    return list(Message.objects.filter(by_user=by).order_by("pk").values_list("body", flat=True))


# ---- nothing is lost


def test_words_sent_without_a_network_wait_in_order_and_leave_by_themselves(
    window: BrowserContext, mine: Ticket, alice: User
) -> None:
    page = read(window, mine)
    window.set_offline(True)
    send(page, "You're right, and I'm sorry.")
    expect(box(page)).to_have_value("")
    expect(outgoing(page)).to_contain_text("Not sent")
    expect(outgoing(page)).to_contain_text("No connection. It is sent by itself when there is one.")
    send(page, "Give me a minute.")
    send(page, "Then I call you.")
    box(page).fill("Half a thou")
    expect(outgoing(page)).to_have_count(3)
    assert said(alice) == []
    window.set_offline(False)
    expect(stored(page)).to_have_text(["You're right, and I'm sorry.", "Give me a minute.", "Then I call you."])
    expect(outgoing(page)).to_have_count(0)
    expect(box(page)).to_have_value("Half a thou")
    assert said(alice) == ["You're right, and I'm sorry.", "Give me a minute.", "Then I call you."]


def test_a_server_killed_during_the_post_neither_loses_nor_doubles(
    window: BrowserContext, mine: Ticket, alice: User
) -> None:
    page = read(window, mine)
    fates = ["stored and killed", "killed", "fell over"]

    def kill(route: Route) -> None:
        fate = fates.pop(0)
        if fate == "stored and killed":
            route.fetch()
        if fate == "fell over":
            route.fulfill(status=503, body="<h1>Away</h1>")
        else:
            route.abort()

    page.route("**/reply/", kill, times=3)
    send(page, "The right tyre comes tonight.")
    send(page, "At six.")
    expect(stored(page)).to_have_text(["The right tyre comes tonight.", "At six."], timeout=20_000)
    expect(outgoing(page)).to_have_count(0)
    assert said(alice) == ["The right tyre comes tonight.", "At six."]
    assert fates == []


class OwnProcess:
    """A web process of its own on the test's database, which can be killed and started again at the same address."""

    def __init__(self) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
        own = {"DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}", "SITE_URL": self.url, "DEBUG": "1"}
        command = [sys.executable, "-m", "uvicorn", "helpdesk.asgi:application", "--port", str(self.port)]
        options = ["--lifespan", "off", "--ws", "websockets-sansio", "--log-level", "warning"]
        environment = os.environ | own | {"PORT": str(self.port), "ALLOWED_HOSTS": "127.0.0.1"}
        self.popen = subprocess.Popen([*command, *options], cwd=settings.BASE_DIR, env=environment)
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        pytest.fail("the web process did not start")

    def kill(self) -> None:
        if self.popen:
            self.popen.kill()
            self.popen.wait()


@pytest.fixture
def own_process(transactional_db: None) -> Iterator[OwnProcess]:
    process = OwnProcess()
    process.start()
    yield process
    process.kill()


@pytest.mark.long  # tests/journeys kills them too
def test_a_real_process_killed_while_it_stores_loses_nothing(
    new_window: NewWindow, own_process: OwnProcess, chat_ticket: Ticket, alice: User
) -> None:
    window = watched(new_window, own_process.url, alice)
    window.set_default_timeout(30_000)
    page = window.new_page()
    page.goto(f"/tickets/{chat_ticket.number}/")
    with transaction.atomic():  # the process gets as far as the ticket's row, and no further
        Ticket.objects.select_for_update().get(pk=chat_ticket.pk)
        with page.expect_request("**/reply/"):
            send(page, "The right tyre comes tonight.")
        send(page, "At six.")
        expect(outgoing(page).first.locator(".sending")).to_have_text("Sending")
        page.wait_for_timeout(500)
        own_process.kill()
    expect(outgoing(page).first).to_contain_text("Not sent")
    assert said(alice) == []
    own_process.start()
    expect(stored(page)).to_have_text(["The right tyre comes tonight.", "At six."], timeout=60_000)
    expect(outgoing(page)).to_have_count(0)
    assert said(alice) == ["The right tyre comes tonight.", "At six."]


def test_a_browser_that_keeps_nothing_sends_all_the_same_and_says_what_that_means(
    window: BrowserContext, mine: Ticket, alice: User
) -> None:
    window.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }")
    page = read(window, mine)
    page.route("**/reply/", lambda route: route.abort())
    send(page, "We are on it.")
    expect(outgoing(page)).to_contain_text("Not sent")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    wait_for(page, "true")
    assert asked == ["beforeunload"]
    page.unroute("**/reply/")
    outgoing(page).get_by_role("button", name="Try again").click()
    expect(stored(page)).to_have_text(["We are on it."])
    assert said(alice) == ["We are on it."]


def test_what_waits_leaves_from_whatever_page_is_open(window: BrowserContext, mine: Ticket, alice: User) -> None:
    page = read(window, mine)
    page.route("**/reply/", lambda route: route.abort())
    send(page, "We are on it.")
    expect(outgoing(page)).to_contain_text("Not sent")
    page.goto("/customers/")
    with page.expect_response("**/reply/"):
        page.unroute("**/reply/")
        page.reload()
    assert said(alice) == ["We are on it."]


def test_what_was_not_sent_survives_the_reload(window: BrowserContext, mine: Ticket, alice: User) -> None:
    page = read(window, mine)
    page.route("**/reply/", lambda route: route.abort())
    send(page, "First")
    send(page, "Second")
    box(page).fill("Third, not fin")
    expect(outgoing(page)).to_have_count(2)
    page.goto("/inbox/?view=all")
    expect(page.locator(".row .draft")).to_have_text("Not sent")
    page.goto(f"/tickets/{mine.number}/")
    expect(outgoing(page)).to_have_count(2)
    expect(box(page)).to_have_value("Third, not fin")
    page.unroute("**/reply/")
    page.reload()
    expect(stored(page)).to_have_text(["First", "Second"])
    expect(box(page)).to_have_value("Third, not fin")
    assert said(alice) == ["First", "Second"]


def test_not_sent_can_be_tried_again_at_once(window: BrowserContext, mine: Ticket, alice: User) -> None:
    page = read(window, mine)
    page.route("**/reply/", lambda route: route.abort())
    send(page, "We are on it.")
    again = outgoing(page).get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/reply/")
    again.click()
    expect(stored(page)).to_have_text(["We are on it."])
    assert said(alice) == ["We are on it."]


def test_two_tabs_send_once_and_in_order(window: BrowserContext, mine: Ticket, alice: User) -> None:
    one, other = read(window, mine), read(window, mine)
    window.set_offline(True)
    send(one, "From the first tab")
    expect(outgoing(other)).to_have_count(1)
    send(other, "From the second tab")
    expect(outgoing(one)).to_have_count(2)
    one.close()
    window.set_offline(False)
    expect(stored(other)).to_have_text(["From the first tab", "From the second tab"])
    assert said(alice) == ["From the first tab", "From the second tab"]


def test_a_draft_is_the_same_in_two_tabs_and_leaves_once(window: BrowserContext, mine: Ticket, alice: User) -> None:
    one, other = read(window, mine), read(window, mine)
    box(one).fill("Half a thought")
    expect(box(other)).to_have_value("Half a thought")
    box(one).press("Control+Enter")
    expect(box(other)).to_have_value("")
    expect(stored(other)).to_have_text(["Half a thought"])
    assert said(alice) == ["Half a thought"]


def test_a_double_click_sends_once(window: BrowserContext, mine: Ticket, alice: User) -> None:
    page = read(window, mine)
    box(page).fill("We are on it.")
    page.locator("[data-send=reply]").dblclick()
    expect(stored(page)).to_have_text(["We are on it."])
    assert said(alice) == ["We are on it."]


def test_the_composer_is_free_while_a_message_is_on_its_way(window: BrowserContext, mine: Ticket, alice: User) -> None:
    page = read(window, mine)
    held: list[Route] = []
    page.route("**/reply/", lambda route: held.append(route), times=1)
    send(page, "First")
    expect(outgoing(page).locator(".sending")).to_have_text("Sending")
    send(page, "Second")
    expect(outgoing(page)).to_have_count(2)
    box(page).fill("Third")
    expect(box(page)).to_be_editable()
    assert len(held) == 1  # the second waits its turn
    held[0].continue_()
    expect(stored(page)).to_have_text(["First", "Second"])
    expect(box(page)).to_have_value("Third")


def test_what_the_server_refuses_says_why_and_comes_back_to_be_written_anew(
    window: BrowserContext, mine: Ticket, alice: User
) -> None:
    page = read(window, mine)
    error = {"error": {"code": "invalid", "detail": "A file is not there any more. Attach it again.", "fields": {}}}
    page.route("**/reply/", lambda route: route.fulfill(status=422, json=error), times=1)
    send(page, "See the drawing.")
    send(page, "Is it this one?")
    expect(stored(page)).to_have_text(["Is it this one?"])  # what is behind it goes on
    expect(outgoing(page)).to_contain_text("A file is not there any more. Attach it again.")
    page.reload()
    expect(outgoing(page)).to_contain_text("A file is not there any more. Attach it again.")
    box(page).fill("And:")
    outgoing(page).get_by_role("button", name="Write it anew").click()
    expect(box(page)).to_have_value("See the drawing.\n\nAnd:")
    expect(outgoing(page)).to_have_count(0)


def test_words_left_by_one_person_are_not_said_by_the_next(
    new_window: NewWindow, live: str, window: BrowserContext, mine: Ticket, alice: User, bob: User
) -> None:
    page = read(window, mine)
    page.route("**/reply/", lambda route: route.abort())
    send(page, "From Alice")
    expect(outgoing(page)).to_contain_text("Not sent")
    sign_in(window, bob, live)  # in another tab of the same browser
    page.unroute("**/reply/")
    outgoing(page).get_by_role("button", name="Try again").click()
    expect(outgoing(page)).to_contain_text("You are signed out.")
    page.reload()
    expect(outgoing(page)).to_have_count(0)  # Bob does not even see it
    assert not Message.objects.filter(body="From Alice").exists()
    sign_in(window, alice, live)
    page.reload()
    expect(stored(page)).to_have_text(["From Alice"])
    assert said(bob) == []


def test_files_stay_with_their_message(
    window: BrowserContext, mine: Ticket, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    page = read(window, mine)
    page.get_by_label("Attach files").set_input_files(
        {"name": "fork.txt", "mimeType": "text/plain", "buffer": b"M5 x 12"}
    )
    expect(page.locator("[data-files] input")).to_have_count(1)
    page.reload()  # a draft keeps its files
    expect(page.locator("[data-files] input")).to_have_count(1)
    page.route("**/reply/", lambda route: route.abort())
    send(page, "See the drawing.")
    expect(page.locator("[data-files] .file")).to_have_count(0)
    expect(outgoing(page).locator(".file")).to_contain_text("fork.txt")
    page.unroute("**/reply/")
    page.reload()
    expect(page.locator("#timeline .message.us .file")).to_contain_text("fork.txt")


def test_a_file_without_a_network_is_tried_again_and_holds_the_message(
    window: BrowserContext, mine: Ticket, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    page = read(window, mine)
    window.set_offline(True)
    page.get_by_label("Attach files").set_input_files(
        {"name": "fork.txt", "mimeType": "text/plain", "buffer": b"M5 x 12"}
    )
    expect(page.locator("[data-files] .failed")).to_contain_text("fork.txt: could not be sent.")
    send(page, "See the drawing.")
    expect(page.get_by_role("alert")).to_contain_text("A file could not be sent.")
    expect(box(page)).to_have_value("See the drawing.")
    window.set_offline(False)
    expect(page.locator("[data-files] input")).to_have_count(1)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us .file")).to_contain_text("fork.txt")


# ---- a chat that rings


def call(page: Page) -> Locator:
    return page.locator("[data-call]")


def at_desk(new_window: NewWindow, live: str, user: User, address: str = "/inbox/?view=all", **options: object) -> Page:
    """Somebody's workspace, connected."""
    page = watched(new_window, live, user, **options).new_page()
    open_and_hear(page, address, "ready")
    return page


def test_a_chat_rings_for_both_and_the_first_to_accept_has_it(
    new_window: NewWindow, live: str, carla: Customer, site: Site, alice: User, bob: User
) -> None:
    hers = at_desk(new_window, live, alice, "/customers/")  # on whatever page she is
    his = at_desk(new_window, live, bob)
    ticket = open_ticket(carla, by=carla, body="Hello? The tyre is wrong.", channel="chat", site=site)
    for page in (hers, his):
        expect(call(page)).to_contain_text("Carla Cortez")
        expect(call(page)).to_contain_text("The tyre is wrong.")
        expect(page.locator("#calls-rung")).to_have_text("A chat rings. Carla Cortez: Hello? The tyre is wrong.")
    assert 20 < float(str(call(hers).locator("meter").evaluate("meter => meter.value"))) <= 30
    expect(his.locator("#load")).to_have_text("0 of 4")
    assert serious_findings(his) == []
    his.keyboard.press("y")
    his.wait_for_url(f"**/tickets/{ticket.number}/**")
    expect(call(hers)).to_contain_text("Bob has it")
    expect(call(hers).get_by_role("button")).to_have_count(0)
    expect(call(hers)).to_have_count(0)
    expect(his.locator("#load")).to_have_text("1 of 4")
    expect(his.locator("#timeline")).to_contain_text("You")
    ticket.refresh_from_db()
    assert ticket.assignee == bob


def test_who_is_too_late_is_told_who_has_it_and_nothing_is_shouted(
    new_window: NewWindow, live: str, carla: Customer, site: Site, alice: User, bob: User
) -> None:
    hers = at_desk(new_window, live, alice)
    ticket = open_ticket(carla, by=carla, body="Hello? The tyre is wrong.", channel="chat", site=site)
    expect(call(hers)).to_be_visible()
    told = {"HX-Trigger": '{"desk:taken": {"text": "Bob has it."}}'}
    hers.route("**/accept/", lambda route: route.fulfill(status=409, headers=told))
    call(hers).get_by_role("button", name="Accept").click()
    expect(call(hers)).to_contain_text("Bob has it.")
    expect(hers.locator(".toast.error")).to_have_count(0)
    assert Ticket.objects.get(pk=ticket.pk).assignee is None


def test_declining_leaves_it_to_the_others_and_takes_nothing_from_the_writer(
    new_window: NewWindow, live: str, carla: Customer, site: Site, mine: Ticket, alice: User, bob: User
) -> None:
    hers = read(watched(new_window, live, alice), mine)
    box(hers).press_sequentially("Half a th")
    his = at_desk(new_window, live, bob)
    open_ticket(carla, by=carla, body="A second chat", channel="chat", site=site)
    expect(call(hers)).to_contain_text("A second chat")
    expect(box(hers)).to_be_focused()
    hers.keyboard.type("yd")  # keys of words, not of calls
    expect(box(hers)).to_have_value("Half a thyd")
    hers.keyboard.press("Escape")
    hers.keyboard.press("d")
    expect(call(hers)).to_have_count(0)
    expect(call(his)).to_contain_text("A second chat")
    expect(box(hers)).to_have_value("Half a thyd")


def test_the_page_says_so_in_its_title_while_one_is_elsewhere(
    new_window: NewWindow, live: str, carla: Customer, site: Site, alice: User
) -> None:
    page = at_desk(new_window, live, alice)
    title = page.title()
    hide = """isHidden => {
        Object.defineProperty(document, "hidden", {configurable: true, get: () => isHidden})
        document.dispatchEvent(new Event("visibilitychange"))
    }"""
    page.evaluate(hide, True)
    open_ticket(carla, by=carla, body="Hello?", channel="chat", site=site)
    expect(page).to_have_title(f"(1) Carla Cortez · {title}")
    expect(page).to_have_title(title)
    page.evaluate(hide, False)
    page.wait_for_timeout(1500)
    assert page.title() == title


def wait_for(page: Page, condition: str) -> None:
    """Playwright's own way would need `unsafe-eval` in the page's policy."""
    for _ in range(50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never {condition}")


def test_it_chimes_unless_that_is_switched_off(
    new_window: NewWindow, live: str, carla: Customer, site: Site, alice: User
) -> None:
    page = at_desk(new_window, live, alice, "/settings/profile/")
    page.evaluate("window.chimes = 0; document.addEventListener('desk:chimed', () => { window.chimes += 1 })")
    ring = lambda words: open_ticket(carla, by=carla, body=words, channel="chat", site=site)  # noqa: E731
    ring("Before anything was touched")
    expect(call(page)).to_have_count(1)
    assert page.evaluate("window.chimes") == 0  # browsers allow no sound yet, and nobody complains
    page.get_by_role("heading").first.click()
    page.wait_for_timeout(300)
    ring("After a touch")
    expect(call(page)).to_have_count(2)
    wait_for(page, "window.chimes === 1")
    switch = page.get_by_role("group", name="Sound when a chat rings")
    switch.get_by_text("Off").click()
    page.wait_for_timeout(1600)
    ring("In the quiet")
    expect(call(page)).to_have_count(3)
    page.wait_for_timeout(500)
    assert page.evaluate("window.chimes") == 1
    page.reload()
    expect(switch.get_by_role("radio", name="Off")).to_be_checked()
    page.evaluate("window.chimes = 0; document.addEventListener('desk:chimed', () => { window.chimes += 1 })")
    switch.get_by_text("On").click()
    wait_for(page, "window.chimes >= 1")  # whoever switches it on hears what it is


def test_being_asked_for_help(new_window: NewWindow, live: str, mine: Ticket, alice: User, charlie: User) -> None:
    his = at_desk(new_window, live, charlie)
    invite_agent(mine, by=alice, user=charlie, note="You know tubeless best.")
    asked = his.locator("[data-asked]")
    expect(asked).to_contain_text("Alice asks you to help with")
    expect(asked).to_contain_text("You know tubeless best.")
    asked.get_by_role("button", name="Not now").click()
    expect(asked).to_have_count(0)
    assert his.url.endswith("/inbox/?view=all")
    invite_agent(mine, by=alice, user=charlie)
    expect(asked).to_be_visible()
    his.keyboard.press("y")
    his.wait_for_url(f"**/tickets/{mine.number}/**")
    expect(his.locator("#timeline")).to_contain_text("You joined")


@pytest.mark.parametrize("width", [390, 360])
def test_a_phone_rings_too(
    new_window: NewWindow, live: str, carla: Customer, site: Site, mine: Ticket, alice: User, width: int
) -> None:
    phone = watched(new_window, live, alice, viewport={"width": width, "height": 740}, has_touch=True)
    page = read(phone, mine)
    open_ticket(carla, by=carla, body="x" * 200, channel="chat", site=site)
    expect(call(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(box(page)).to_be_in_viewport()
    assert serious_findings(page) == []
    call(page).get_by_role("button", name="Decline").tap()
    expect(call(page)).to_have_count(0)


# ---- on the ticket


def test_an_emoji_goes_where_the_cursor_is_by_key_alone(window: BrowserContext, mine: Ticket, alice: User) -> None:
    page = read(window, mine)
    box(page).fill("On its way  today")
    box(page).evaluate("field => field.setSelectionRange(11, 11)")
    page.keyboard.press("Tab")  # files
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    picker = page.get_by_role("dialog", name="Emoji")
    expect(picker.get_by_role("button", name="😀")).to_be_focused()
    assert serious_findings(page) == []
    page.keyboard.press("ArrowRight")
    expect(picker.get_by_role("button", name="😄")).to_be_focused()
    for key in ("ArrowDown", "ArrowUp", "End", "ArrowRight", "Home", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(picker).to_be_hidden()
    expect(box(page)).to_be_focused()
    page.keyboard.type("!")
    expect(box(page)).to_have_value("On its way 😄! today")
    page.reload()
    expect(box(page)).to_have_value("On its way 😄! today")  # a draft like any other
    page.get_by_role("button", name="Emoji").click()
    expect(picker).to_be_visible()
    page.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(stored(page)).to_have_text(["On its way 😄! today"])


def begin_chat(new_window: NewWindow, storefront: str) -> Page:
    """A customer's page on which they have asked something."""
    visit = new_window(timezone_id="America/New_York").new_page()
    visit.goto(f"{storefront}/tyres")
    visit.get_by_role("button", name="Chat with us").click()
    panel = visit.frame_locator("iframe")
    say(panel, "Which rim do you mean?")
    expect(panel.get_by_text("Sent ")).to_be_visible()
    return visit


def test_the_side_shows_where_the_visitor_is_and_follows_them(
    window: BrowserContext, storefront: str, new_window: NewWindow, alice: User, lea: User
) -> None:
    visit = begin_chat(new_window, storefront)
    page = read(window, assign_ticket(Ticket.objects.get(), by=alice, user=alice))
    visitor = page.locator("#visitor")
    expect(visitor).to_contain_text("/tyres")
    expect(visitor.get_by_title("America/New_York")).to_be_visible()
    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url) if "/visitor/" in request.url else None)
    visit.goto(f"{storefront}/brakes")
    expect(visitor.locator("[data-page]")).to_contain_text("/brakes", timeout=20_000)
    visitor.locator("summary").click()
    page.get_by_label("Priority").select_option("High")
    expect(page.locator(".event").last).to_contain_text("set the priority")
    expect(visitor).to_contain_text("/brakes")  # drawing the side again asks nobody again
    expect(visitor.locator(".trail ol")).to_be_visible()
    assert len(looks) <= 3
    assert serious_findings(page) == []


def test_what_is_typed_is_shown_as_not_sent(
    window: BrowserContext, storefront: str, new_window: NewWindow, alice: User
) -> None:
    visit = begin_chat(new_window, storefront)
    page = read(window, assign_ticket(Ticket.objects.get(), by=alice, user=alice))
    words = visit.frame_locator("iframe").get_by_role("textbox", name="Write a message")
    words.press_sequentially("I need <b>the bike")
    expect(page.locator(".typing")).to_have_text("Visitor is typing: I need <b>the bike not sent yet")
    words.press("Enter")
    expect(page.locator("#timeline .message .words").last).to_have_text("I need <b>the bike")
    expect(page.locator(".typing")).to_be_empty()


def test_what_the_customer_has_seen_is_said_as_they_see_it(
    window: BrowserContext,
    storefront: str,
    new_window: NewWindow,
    alice: User,
) -> None:
    visit = begin_chat(new_window, storefront)
    page = read(window, assign_ticket(Ticket.objects.get(), by=alice, user=alice))
    visit.goto("about:blank")
    send(page, "The one on the stand.")
    expect(stored(page)).to_have_text(["The one on the stand."])
    page.wait_for_timeout(500)
    expect(page.locator("#timeline .seen")).to_have_count(0)
    visit.goto(f"{storefront}/tyres")
    visit.get_by_role("button", name="Chat with us").click()
    expect(page.locator("#timeline .message.us .seen")).to_contain_text("seen")


def test_a_ticket_is_handed_over_with_a_note_by_key_alone(
    window: BrowserContext, mine: Ticket, alice: User, bob: User
) -> None:
    page = read(window, mine)
    page.keyboard.press("t")
    dialog = page.locator("#hand-over")
    expect(dialog.get_by_label("To", exact=True)).to_be_focused()
    assert serious_findings(page) == []
    page.keyboard.type("Bob")
    page.keyboard.press("Tab")
    page.keyboard.type("She needs it on Monday.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".event").last).to_contain_text("She needs it on Monday.")
    expect(page.locator(".event").last).to_contain_text("handed it over to Bob Bakker")
    expect(page.get_by_label("Assignee")).to_have_value(str(bob.pk))
    mine.refresh_from_db()
    assert mine.assignee == bob


def test_somebody_is_asked_for_help_by_key_alone(
    window: BrowserContext, mine: Ticket, alice: User, charlie: User
) -> None:
    page = read(window, mine)
    page.keyboard.press("i")
    expect(page.get_by_label("Whom")).to_be_focused()
    page.keyboard.type("Charlie")
    page.keyboard.press("Tab")
    page.keyboard.type("You know tubeless best.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".event").last).to_contain_text("You asked Charlie Chen for help")
    expect(page.locator(".helpers")).to_contain_text("Charlie Chen asked by Alice")
    assert serious_findings(page) == []


def test_two_on_one_ticket_see_that_they_are(
    new_window: NewWindow, live: str, mine: Ticket, alice: User, bob: User
) -> None:
    hers = read(watched(new_window, live, alice), mine)
    line = hers.locator("#conversation [data-lookers]")
    expect(line).to_be_empty()
    his_window = watched(new_window, live, bob)
    his = read(his_window, mine)
    expect(line).to_contain_text("Bob is looking too")
    expect(his.locator("#conversation [data-lookers]")).to_contain_text("Alice is looking too")
    expect(hers.locator(".row [data-lookers] .avatar")).to_have_count(1)
    assert serious_findings(hers) == []
    his_window.close()
    expect(line).to_be_empty()
    expect(hers.locator(".row [data-lookers] .avatar")).to_have_count(0)
