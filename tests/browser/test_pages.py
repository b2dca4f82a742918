"""The agent's pages in a real Chromium on the real server: typing, sending, solving, and what arrives by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from accounts.models import User
from tests.browser.looking import open_and_hear, serious_findings
from tests.conftest import PASSWORD
from tickets.actions import assign_ticket, open_ticket, post_message
from tickets.models import Message, Ticket

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SOON = 15_000  # ms; a message takes well under a second, a busy machine may take more

SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(chromium: Browser, live: str) -> Iterator[SignIn]:
    """`sign_in(alice)` opens a window of hers; a script error or a breach of the page's policy fails the test."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_window(user: User | None, viewport: dict[str, int] = WIDE, **options: object) -> Page:
        context = chromium.new_context(viewport=viewport, base_url=live, reduced_motion="reduce", **options)
        contexts.append(context)
        if user:
            client = Client()
            client.force_login(user)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live}])
        page = context.new_page()
        page.set_default_timeout(SOON)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def mine(ticket: Ticket, alice: User) -> Ticket:
    return assign_ticket(ticket, by=alice, user=alice)


def body(page: Page):
    return page.get_by_role("textbox", name="Your words")


def read_ticket(page: Page, ticket: Ticket, view: str = "all") -> Page:
    """Open a ticket, with its socket listening."""
    # The answer to what is on the screen: from now on it hears of it.
    open_and_hear(page, f"/tickets/{ticket.number}/?view={view}", "heartbeat")
    return page


# ---- coming in


def test_sign_in_says_what_is_wrong_and_keeps_the_address(sign_in: SignIn, alice: User, desk_row) -> None:
    page = sign_in(None)
    page.goto("/inbox/?view=mine")
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password").fill("not this")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("That did not work yet")
    expect(page.get_by_label("Email")).to_have_value("alice@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/?view=mine")
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()


# ---- reading and writing


def test_a_morning_with_the_keyboard_only(sign_in: SignIn, alice: User, mine: Ticket, cause) -> None:
    page = sign_in(alice)
    page.goto("/inbox/?view=mine")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The tyre is wrong")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/tickets/{mine.number}/\?view=mine"))
    page.keyboard.press("n")
    page.keyboard.type("A loan wheel is on stand 3.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.note")).to_contain_text("A loan wheel is on stand 3.")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("Take our loan wheel home today.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us")).to_contain_text("Take our loan wheel home today.")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="What caused this?")).to_be_visible()
    page.keyboard.type("frame")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".event").last).to_contain_text(f"You solved it: {cause.name}")
    mine.refresh_from_db()
    assert (mine.status, mine.root_cause) == ("solved", cause)
    assert [m.kind for m in Message.objects.filter(by_user=alice).order_by("pk")] == ["note", "reply"]


def test_solving_asks_for_a_cause_or_the_word_that_there_is_none(
    sign_in: SignIn, alice: User, mine: Ticket, cause
) -> None:
    page = sign_in(alice)
    page.goto(f"/tickets/{mine.number}/")
    page.get_by_role("button", name="Solve").click()
    panel = page.locator("#solve")
    panel.get_by_role("button", name="Solve").click()
    expect(panel).to_be_visible()  # the browser asks for a choice
    panel.get_by_label("No cause to name").check()
    panel.get_by_role("button", name="Solve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    expect(page.locator(".event").last).to_contain_text("no cause to name")


def test_sending_twice_in_a_hurry_sends_once(sign_in: SignIn, alice: User, mine: Ticket) -> None:
    page = sign_in(alice)
    page.goto(f"/tickets/{mine.number}/")
    body(page).fill("We are on it.")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    expect(body(page)).to_have_value("")
    expect(page.locator("#timeline .message.us")).to_have_count(1)
    assert Message.objects.filter(body="We are on it.").count() == 1


def test_what_is_refused_stays_in_the_composer(sign_in: SignIn, alice: User, mine: Ticket, settings) -> None:
    page = sign_in(alice)
    page.goto(f"/tickets/{mine.number}/")
    body(page).evaluate("element => element.removeAttribute('maxlength')")
    words = "x" * (settings.MESSAGE_MAX_CHARS + 1)
    body(page).fill(words)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("too long")
    expect(body(page)).to_have_value(words)
    assert not Message.objects.filter(by_user=alice).exists()


def test_a_draft_survives_the_tab_and_marks_its_row(sign_in: SignIn, alice: User, mine: Ticket) -> None:
    page = sign_in(alice)
    page.goto(f"/tickets/{mine.number}/?view=mine")
    page.keyboard.press("n")
    page.keyboard.type("Half a thou")
    page.goto("/inbox/?view=mine")
    expect(page.locator(".row .draft")).to_be_visible()
    page.locator(".row").click()
    expect(body(page)).to_have_value("Half a thou")
    expect(page.get_by_role("radio", name="Note")).to_be_checked()


def test_everything_works_without_a_script(sign_in: SignIn, alice: User, mine: Ticket, cause) -> None:
    page = sign_in(alice, java_script_enabled=False)
    page.goto("/inbox/?view=mine")
    page.locator(".row").click()
    body(page).fill("Written without a script.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#timeline .message.us")).to_contain_text("Written without a script.")
    page.get_by_label("Priority").select_option("Urgent")
    page.get_by_role("button", name="Set priority").click()
    expect(page.locator(".event").last).to_contain_text("urgent")
    page.get_by_role("button", name="Solve").click()
    page.locator("#solve").get_by_role("radio", name=cause.name).check()
    page.locator("#solve").get_by_role("button", name="Solve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()


def test_a_file_goes_with_the_words(sign_in: SignIn, alice: User, mine: Ticket, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    page = sign_in(alice)
    page.goto(f"/tickets/{mine.number}/")
    page.get_by_label("Attach files").set_input_files(
        {"name": "fork.txt", "mimeType": "text/plain", "buffer": b"M5 x 12"}
    )
    expect(page.locator("[data-files]")).to_contain_text("fork.txt")
    expect(page.locator("[data-files] input")).to_have_count(1)
    body(page).fill("See the drawing.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us .file")).to_contain_text("fork.txt")


# ---- what arrives by itself


def test_a_customers_words_appear_while_one_writes(sign_in: SignIn, alice: User, carla, mine: Ticket) -> None:
    page = read_ticket(sign_in(alice), mine)
    body(page).fill("Half a thou")
    post_message(mine, by=carla, body="I need the bike on Monday.")
    expect(page.locator(".message").last).to_contain_text("I need the bike on Monday.")
    expect(body(page)).to_have_value("Half a thou")


def test_what_the_customer_types_shows_before_it_is_sent(sign_in: SignIn, alice: User, mine: Ticket) -> None:
    page = sign_in(alice)
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/ws/inbox/", pass_on)
    page.goto(f"/tickets/{mine.number}/")
    by = {"kind": "customer", "name": "Carla Cortez"}
    sockets[0].send(json.dumps({"type": "typing", "ref": mine.reference, "by": by, "text": "I need <b>the bike"}))
    expect(page.get_by_text("Carla Cortez is typing: I need <b>the bike not sent yet")).to_be_visible()
    sockets[0].send(json.dumps({"type": "typing", "ref": mine.reference, "by": by, "text": ""}))
    expect(page.get_by_text("is typing")).to_have_count(0)
    sockets[0].send(json.dumps({"type": "typing", "ref": "0000000000000", "by": by, "text": "elsewhere"}))
    expect(page.get_by_text("elsewhere")).to_have_count(0)


def test_a_new_conversation_slides_in_where_nobody_points(
    sign_in: SignIn, alice: User, dora, mine: Ticket, workshop
) -> None:
    page = read_ticket(sign_in(alice), mine)
    page.locator(".row").click()  # it keeps the focus
    page.mouse.move(900, 400)
    open_ticket(dora, by=dora, body="Is it in stock in green?", channel="email", team=workshop)
    expect(page.locator(".row")).to_have_count(2)
    assert page.locator("#pill").is_hidden()


def test_rows_under_the_pointer_do_not_move_until_asked(
    sign_in: SignIn, alice: User, dora, mine: Ticket, workshop
) -> None:
    page = read_ticket(sign_in(alice), mine)
    page.locator(".row").hover()
    open_ticket(dora, by=dora, body="Is it in stock in green?", channel="email", team=workshop)
    expect(page.locator("#pill")).to_contain_text("1 new")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press(".")
    expect(page.locator(".row")).to_have_count(2)


def test_a_ticket_of_another_team_never_shows(
    sign_in: SignIn, charlie: User, alice: User, carla, mine: Ticket, desk_row
) -> None:
    page = sign_in(charlie)
    page.goto("/inbox/?view=all")
    post_message(mine, by=carla, body="Anybody there?")
    page.wait_for_timeout(1000)
    expect(page.locator(".row")).to_have_count(0)
    page.goto(f"/tickets/{mine.number}/")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_a_lost_connection_is_said_and_found_again(sign_in: SignIn, alice: User, dora, mine: Ticket, workshop) -> None:
    page = sign_in(alice)
    network = {"is_cut": True}

    def pass_or_cut(socket: WebSocketRoute) -> None:
        if network["is_cut"]:
            socket.close(code=1011)
        else:
            socket.connect_to_server()

    page.route_web_socket("**/ws/inbox/", pass_or_cut)
    page.goto(f"/tickets/{mine.number}/")
    notice = page.get_by_text("Connection lost. Your text is safe, we keep trying.")
    expect(notice).to_be_visible(timeout=10_000)
    open_ticket(dora, by=dora, body="Is it in stock in green?", channel="email", team=workshop)
    network["is_cut"] = False
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(notice).to_be_hidden()
    expect(page.locator(".row")).to_have_count(2, timeout=5000)  # sooner than a page without a socket asks


def test_single_keys_can_be_switched_off(sign_in: SignIn, alice: User, mine: Ticket) -> None:
    page = sign_in(alice)
    page.goto(f"/tickets/{mine.number}/")
    page.keyboard.press("?")
    page.locator("#keys label", has_text="Off").click()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(body(page)).not_to_be_focused()


# ---- every page, on a desk and on a phone


def test_a_phone_shows_one_pane_at_a_time(sign_in: SignIn, alice: User, mine: Ticket) -> None:
    page = sign_in(alice, PHONE)
    page.goto("/inbox/?view=mine")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Customers")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".row").click()
    expect(body(page)).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    page.get_by_role("button", name="Customer and ticket details").click()
    expect(page.get_by_label("Assignee")).to_be_visible()
    page.get_by_role("button", name="Close details").click()
    page.keyboard.press("a")
    expect(page.get_by_label("Assignee")).to_be_focused()
    page.keyboard.press("Escape")  # leaves the field
    page.keyboard.press("Escape")  # closes the drawer
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".row")).to_be_visible()


PAGES = [
    "/inbox/?view=all",
    "/inbox/?view=solved",
    "/tickets/{ticket}/",
    "/tickets/new/",
    "/customers/",
    "/customers/{customer}/",
    "/dashboard/",
    "/dashboard/team/",
    "/root-causes/",
    "/settings/",
    "/settings/profile/",
    "/settings/company/",
    "/settings/people/",
    "/settings/teams/",
    "/settings/sites/",
    "/settings/sites/new/",
    "/nothing/here/",
]


@pytest.mark.parametrize(
    ("light", "viewport"),
    [
        pytest.param("light", PHONE, id="light-phone"),
        pytest.param("dark", WIDE, id="dark-wide"),
        # What a theme breaks it breaks at any width, and the other way round.
        pytest.param("light", WIDE, id="light-wide", marks=pytest.mark.long),
        pytest.param("dark", PHONE, id="dark-phone", marks=pytest.mark.long),
    ],
)
def test_every_page_can_be_used_by_everyone(
    sign_in: SignIn, adam: User, mine: Ticket, site, viewport, light: str
) -> None:
    page = sign_in(adam, viewport, color_scheme=light)
    found = {}
    for address in PAGES:
        page.goto(address.format(ticket=mine.number, customer=mine.customer_id))
        found[address] = serious_findings(page)
        if page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
            found[address].append("wider than the screen")
    assert {address: findings for address, findings in found.items() if findings} == {}


@pytest.mark.parametrize(
    "address", ["/accounts/login/", pytest.param("/accounts/password/reset/", marks=pytest.mark.long)]
)
def test_the_door_can_be_used_by_everyone(sign_in: SignIn, desk_row, address: str) -> None:
    page = sign_in(None, PHONE)
    page.goto(address)
    assert serious_findings(page) == []


def test_news_is_drawn_after_the_timeline_was_replaced_while_it_was_being_fetched(
    sign_in: SignIn, mine: Ticket, alice: User, bob: User
) -> None:
    page = read_ticket(sign_in(alice), mine)
    # The answer to the refresh never comes; meanwhile the agent's own click replaces the timeline.
    page.route("**/tickets/*/?view=*", lambda route: None)
    post_message(mine, by=bob, body="The wheel is on stand 3.", kind="note")
    page.wait_for_timeout(500)
    page.unroute("**/tickets/*/?view=*")
    page.get_by_label("Priority").select_option("High")
    expect(page.locator("#timeline")).to_contain_text("set the priority to high")
    post_message(mine, by=bob, body="And the tyre beside it.", kind="note")
    expect(page.locator("#timeline")).to_contain_text("And the tyre beside it.")
