"""Pictures of the product, taken of the demo company: of the workspace at three widths, of all in light and dark.

`MAKE_SCREENS=1 bin/test -m long tests/browser/test_screens.py` renews those in docs/screens/.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import F
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Calendar, Desk, User
from chat.presence import mark_online
from tests.browser.conftest import sign_in
from tickets.actions import post_message
from tickets.models import Ticket

pytestmark = pytest.mark.browser

KEPT = Path(__file__).resolve().parents[2] / "docs" / "screens"
MAX_BYTES = 250_000
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
OPEN_IN_WORKSPACE = "So is it the wrong one again next week"  # how its last message begins

NewWindow = Callable[..., BrowserContext]


@pytest.fixture
def company(live: str, settings) -> str:
    """The demo company on a server that has development's pages; yields its address."""
    settings.DEBUG = True  # the demo's sign-ins and its shop page are for development only
    call_command("demo", verbosity=0)
    # A picture looks the same at night: the shop is open, and promises count no closed hours.
    Calendar.objects.update(hours={})
    promise = timedelta(minutes=Desk.current().promise_minutes)
    Ticket.objects.waiting().update(answer_due_at=F("waiting_since") + promise)
    return live


@pytest.mark.long
def test_the_pictures_show_the_product(company: str, new_window: NewWindow, tmp_path: Path) -> None:
    are_kept = os.environ.get("MAKE_SCREENS") == "1"
    folder = KEPT if are_kept else tmp_path
    folder.mkdir(exist_ok=True)
    shown = {
        "workspace": (workspace, WIDE),
        "workspace-1024": (workspace, {"width": 1024, "height": 768}),
        "workspace-390": (workspace, PHONE),
        "inbox-390": (inbox, PHONE),
        "palette": (palette, WIDE),
        "widget": (widget, WIDE),
        "dashboard": (dashboard, WIDE),
    }
    for scheme in ("light", "dark") if are_kept else ("dark",):
        for name, (show, viewport) in shown.items():
            page = new_window(color_scheme=scheme, viewport=viewport).new_page()
            show(page, company)
            take(page, folder / f"{name}-{scheme}.png")


def workspace(page: Page, url: str) -> None:
    """An agent's morning: who waits longest stands on top, and one conversation is open."""
    sign_in(page.context, User.objects.get(email="agent@example.com"), url)
    ticket = Ticket.objects.get(preview__startswith=OPEN_IN_WORKSPACE)
    page.goto(f"{url}/tickets/{ticket.number}/")
    expect(page.locator("#conversation").get_by_text("I need the bike on Monday").first).to_be_visible()
    expect(page.locator("#connection")).to_be_hidden()


def inbox(page: Page, url: str) -> None:
    sign_in(page.context, User.objects.get(email="agent@example.com"), url)
    page.goto(f"{url}/inbox/")
    expect(page.locator("#rows .item").nth(0)).to_be_visible()
    expect(page.locator("#connection")).to_be_hidden()


def palette(page: Page, url: str) -> None:
    """Whatever can be done, by its name."""
    workspace(page, url)
    page.keyboard.press("Control+K")
    page.keyboard.type("sn")
    expect(page.get_by_role("option", name="Snooze").nth(0)).to_be_visible()


def dashboard(page: Page, url: str) -> None:
    sign_in(page.context, User.objects.get(email="manager@example.com"), url)
    page.goto(f"{url}/dashboard/")
    expect(page.get_by_role("heading").first).to_be_visible()


def widget(page: Page, url: str) -> None:
    """A visitor of the shop page has asked something and got an answer."""
    for agent in User.objects.filter(name__in=["Jonas Reuter", "Lena Brandt", "Amara Diallo"]):
        mark_online(agent)
    page.goto(f"{url}/widget/demo/")
    page.get_by_role("button", name="Chat with us").click()
    panel = page.frame_locator("iframe")
    box = panel.get_by_role("textbox", name="Write a message")
    box.fill("Hello! Does the brass bell fit on a 31 mm handlebar?")
    box.press("Enter")
    expect(panel.get_by_text("Sent ")).to_be_visible()
    ticket = Ticket.objects.latest("number")
    agent = User.objects.get(email="agent@example.com")
    answer = "It does, with the longer of the two screws in the box. Shall I keep one for you?"
    post_message(ticket, by=agent, body=answer)
    expect(panel.get_by_text(answer)).to_be_visible()


def take(page: Page, file: Path) -> None:
    """Write a picture of the window, and look at it: it has a page's many shades and is no burden to a clone."""
    page.evaluate("document.fonts.ready")
    page.mouse.move(0, 0)
    with Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide"))) as picture:
        shades = picture.convert("L").getcolors(256) or []
        assert len(shades) > 20, f"{file.name} is blank"
        assert max(count for count, _ in shades) < 0.97 * picture.width * picture.height, f"{file.name} is blank"
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    assert file.stat().st_size < MAX_BYTES, f"{file.name} is too large to keep"
