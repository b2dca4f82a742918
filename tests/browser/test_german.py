"""The workspace in a browser that wants German: what the server says, and what its scripts say."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from customers.models import Customer
from tests.browser.conftest import sign_in
from tests.test_german import english_on
from tickets.actions import assign_ticket, open_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.browser

DAYS = re.compile("(Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch")


@pytest.fixture
def waiting(carla: Customer, alice: User, workshop, desk_row) -> Ticket:
    asked = {"subject": "Reifen passt nicht", "body": "Bestellt war 42, gekommen ist 47."}
    return assign_ticket(open_ticket(carla, by=carla, channel="email", team=workshop, **asked), by=None, user=alice)


def test_a_german_browser_speaks_german_from_the_inbox_to_the_solved_ticket(
    new_window: Callable[..., BrowserContext], live: str, alice: User, waiting: Ticket
) -> None:
    window = new_window(locale="de-DE")
    sign_in(window, alice, live)
    page, troubles = window.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)

    page.goto(f"{live}/inbox/?view=mine")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Meine")
    expect(page.locator(".row time")).to_have_text(re.compile(r"eben|\d+ Min\."))
    expect(page.locator(".row time")).to_have_attribute("title", DAYS)
    page.keyboard.press("z")  # nothing to undo: a script says so
    expect(page.locator("[data-toast]")).to_be_visible()
    speaks_german(page)

    page.locator(".row").click()
    expect(page.get_by_role("heading", level=1, name="Reifen passt nicht")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("Der richtige Reifen kommt morgen.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.us")).to_contain_text("Der richtige Reifen kommt morgen.")
    page.keyboard.press("Escape")
    speaks_german(page)

    page.keyboard.press("e")
    page.locator("#solve input[value=none]").check()
    page.locator("#solve .actions .btn.go").click()
    expect(page.get_by_role("button", name="Wieder öffnen")).to_be_visible()
    expect(page.locator("#undo")).to_be_visible()
    speaks_german(page)
    assert troubles == []


def speaks_german(page: Page) -> None:
    assert list(english_on(page.content())) == []
