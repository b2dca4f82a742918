"""Setting up a site's chat in a real Chromium: the preview beside it, the line to paste, people's faces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from accounts.models import Site, User
from chat.actions import create_proactive_message
from chat.models import ProactiveMessage, Visitor, WidgetSettings
from tests.browser.conftest import sign_in
from tests.browser.looking import serious_findings
from tests.pictures import picture

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
NewWindow = Callable[..., BrowserContext]


@pytest.fixture
def open_page(
    live: str, new_window: NewWindow, adam: User, site: Site, settings, tmp_path
) -> Iterator[Callable[..., Page]]:
    """A page of Adam's, by its place under the site's settings; a breach of the page's policy fails the test."""
    settings.MEDIA_ROOT = tmp_path
    troubles: list[str] = []

    def go(place: str = "", **options: object) -> Page:
        window = new_window(**options)
        sign_in(window, adam, live)
        page = window.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{live}/settings/sites/{site.pk}/{place}")
        return page

    yield go
    assert troubles == []


def panel_of(page: Page) -> FrameLocator:
    return page.frame_locator("[data-frame]")


def greeting_of(page: Page):
    return panel_of(page).locator("[data-part=greeting-text]")


def test_the_preview_follows_what_is_typed_and_nothing_is_stored_or_sent(open_page, site: Site) -> None:
    sent: list[str] = []
    page = open_page("words/")
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    page.on("websocket", lambda socket: sent.append(socket.url))
    expect(greeting_of(page)).to_have_text("Hello! How can we help?")
    page.get_by_label("Greeting in English").fill("Ahoy!")
    expect(greeting_of(page)).to_have_text("Ahoy!")
    page.get_by_label("Greeting in Deutsch").fill("Moin!")
    expect(greeting_of(page)).to_have_text("Moin!")
    expect(panel_of(page).locator("html")).to_have_attribute("lang", "de")
    page.get_by_label("Greeting in العربية").focus()  # none of its own: the one that stands in
    expect(greeting_of(page)).to_have_text("Ahoy!")
    expect(panel_of(page).locator("html")).to_have_attribute("dir", "rtl")
    assert [call for call in sent if "/widget/start/" in call or "/ws/widget" in call or call.startswith("POST")] == []
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('makegood:'))") == []
    site.refresh_from_db()
    assert (site.greeting, site.greetings) == ("Hello! How can we help?", {})
    assert not Visitor.objects.exists()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    site.refresh_from_db()
    assert (site.greeting, site.greetings) == ("Ahoy!", {"de": "Moin!"})


def test_colour_side_and_light_show_at_once(open_page, site: Site) -> None:
    page = open_page("look/", color_scheme="light")
    expect(greeting_of(page)).to_be_visible()
    launcher = page.locator("[data-launcher]")
    middle = page.locator("[data-stage]").bounding_box()
    assert middle
    assert launcher.bounding_box()["x"] > middle["x"] + middle["width"] / 2
    page.get_by_label("Colour").fill("#aa2200")
    expect(launcher).to_have_css("background-color", "rgb(170, 34, 0)")
    expect(panel_of(page).locator(".greeting .mark")).to_have_css("background-color", "rgb(170, 34, 0)")
    page.get_by_label("Always left").check()
    assert launcher.bounding_box()["x"] < middle["x"] + middle["width"] / 2
    desk = page.locator("body").evaluate("(element) => getComputedStyle(element).backgroundColor")
    body = panel_of(page).locator("body")
    bright = body.evaluate("(element) => getComputedStyle(element).backgroundColor")
    page.get_by_role("radio", name="Dark").check()
    expect(body).not_to_have_css("background-color", bright)
    assert page.locator("body").evaluate("(element) => getComputedStyle(element).backgroundColor") == desk  # as it was
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    site.refresh_from_db()
    assert (site.color, site.position) == ("#aa2200", "left")
    page.get_by_role("link", name="On your website").click()
    expect(page.locator("#snippet")).to_contain_text('data-color="#aa2200" data-position="left"></script>')


def test_a_proactive_message_is_seen_before_it_is_said(open_page, site: Site) -> None:
    page = open_page("proactive/")
    page.get_by_role("link", name="Add a message").click()
    page.get_by_label("What it says").fill("Stuck at the checkout?\nAsk us.")
    expect(page.locator("[data-bubble]")).to_have_text("Stuck at the checkout?\nAsk us.")
    page.get_by_label("Name", exact=True).fill("Checkout")
    page.get_by_label("On which pages").fill("checkout")
    expect(page.get_by_label("Condition 2, name")).to_be_hidden()
    page.get_by_label("Condition 1, name").fill("plan")
    page.get_by_label("Condition 1, value").fill("pro")
    expect(page.get_by_label("Condition 2, name")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Write a path such as /cart")
    expect(page.locator("[data-bubble]")).to_have_text("Stuck at the checkout?\nAsk us.")
    page.get_by_label("On which pages").fill("/checkout/*")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("plan is pro")).to_be_visible()
    assert ProactiveMessage.objects.get().page == "/checkout/*"
    page.get_by_role("button", name=re.compile("^Switch off")).click()
    expect(page.get_by_text("off", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Delete…")).click()
    page.get_by_role("button", name="Keep it").click()
    assert ProactiveMessage.objects.filter(is_active=False).exists()
    page.get_by_role("button", name=re.compile("^Delete…")).click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Nothing is said first")).to_be_visible()
    assert not ProactiveMessage.objects.exists()


def test_the_secret_is_shown_and_replaced(open_page) -> None:
    page = open_page("identity/")
    page.get_by_role("button", name="Show the secret").click()
    old = page.locator("#secret").inner_text()
    assert old == WidgetSettings.objects.get().secret
    page.get_by_text("Replace the secret").click()
    page.get_by_label("Type the name of the website").fill("Bellwether")
    page.get_by_role("button", name="Replace it").click()
    expect(page.get_by_role("alert")).to_contain_text("That is not its name")
    page.get_by_label("Type the name of the website").fill("Bellwether Cycles")
    page.get_by_role("button", name="Replace it").click()
    expect(page.locator("#secret")).not_to_have_text(old)
    assert page.locator("#secret").inner_text() == WidgetSettings.objects.get().secret


def test_days_off_are_added_and_taken_out(open_page, site: Site) -> None:
    page = open_page("hours/")
    page.get_by_label("Closed on").fill("2027-12-24")
    page.get_by_label("until").fill("2027-12-26")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Sat 25 December 2027").uncheck()
    page.get_by_role("button", name="Save the hours").click()
    expect(page.get_by_label("Sat 25 December 2027")).to_have_count(0)
    site.refresh_from_db()
    assert site.calendar is not None
    assert site.calendar.holidays == ["2027-12-24", "2027-12-26"]


def test_a_picture_of_oneself(open_page, adam: User, live: str) -> None:
    page = open_page()
    page.goto(f"{live}/settings/profile/")
    file = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": picture((400, 300), "JPEG")}
    page.get_by_label("A picture of you").set_input_files(file)
    page.get_by_role("button", name="Use it").click()
    face = page.locator(".avatar.huge img")
    expect(face).to_be_visible()
    expect(face).to_have_js_property("naturalWidth", 256)
    expect(page.locator("#rail .avatar img")).to_have_count(1)
    assert serious_findings(page) == []
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.locator(".avatar.huge")).to_have_text("AA")


PLACES = ["", "look/", "words/", "hours/", "offers/", "identity/", "proactive/", "proactive/new/"]


WIDE = {"width": 1440, "height": 900}
LOOKS = [
    ("dark", PHONE),
    *(pytest.param(*look, marks=pytest.mark.long) for look in (("dark", WIDE), ("light", PHONE), ("light", WIDE))),
]


@pytest.mark.parametrize(("light", "viewport"), LOOKS)
def test_every_place_can_be_used_by_everyone(
    open_page, site: Site, adam: User, live: str, light: str, viewport: dict[str, int]
) -> None:
    create_proactive_message(site, by=adam, name="Cart" * 20, text="W" * 300, conditions={"plan": "x" * 100})
    found = {}
    page = open_page(viewport=viewport, color_scheme=light)
    for place in PLACES:
        page.goto(f"{live}/settings/sites/{site.pk}/{place}")
        if place != "proactive/new/":
            expect(greeting_of(page)).to_be_attached()
        found[place] = serious_findings(page)
        if page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
            found[place].append("wider than the screen")
    assert {place: findings for place, findings in found.items() if findings} == {}
