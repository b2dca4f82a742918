"""The command palette in a real Chromium: everything the page can do, found by a few letters."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import open_and_hear, serious_findings
from tests.browser.test_pages import PHONE, sign_in  # noqa: F401  (its fixture)
from tickets.actions import index_due
from tickets.models import Ticket

pytestmark = pytest.mark.browser


def ask(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find or do").fill(words)


def options(page: Page):
    return page.locator("#palette").get_by_role("option")


def test_it_does_what_is_on_the_page(sign_in, alice, ticket, bob):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, f"/tickets/{ticket.number}/?view=all", "ready")
    ask(page, "assignbob")
    expect(options(page).first).to_contain_text("Assign to: Bob Bakker")
    assert serious_findings(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_text("Assigned to Bob Bakker.")).to_be_visible()
    assert Ticket.objects.get().assignee == bob
    ask(page, "dark")
    expect(options(page).first).to_contain_text("Light: Dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    ask(page, "note")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Note")).to_be_checked()
    ask(page, "")
    expect(page.get_by_role("group", name="Used last").get_by_role("option")).to_have_text(re.compile("Note"))
    assert serious_findings(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_a_command_is_found_by_its_english_name_too(sign_in, alice, ticket, bob):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, f"/tickets/{ticket.number}/?view=all", "ready")
    page.locator("#side-assignee").evaluate("menu => { menu.dataset.command = 'Zuweisen an' }")
    for words in ("zuweisenbob", "assignbob"):
        ask(page, words)
        expect(options(page).first).to_contain_text("Zuweisen an: Bob Bakker")
        page.keyboard.press("Escape")


def test_nothing_is_offered_that_one_may_not_do(sign_in, alice, adam, ticket):  # noqa: F811
    page = sign_in(alice)
    page.goto("/inbox/")
    ask(page, "dashboard")
    expect(options(page)).to_have_count(0)
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    page = sign_in(adam)
    page.goto("/inbox/")
    ask(page, "dashboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/")


def test_it_finds_tickets_and_people_and_goes_there(sign_in, alice, ticket):  # noqa: F811
    while index_due():
        pass
    page = sign_in(alice)
    page.goto("/inbox/")
    ask(page, "carla")
    found = page.get_by_role("group", name="Customers").get_by_role("option")
    expect(found).to_contain_text("Carla Cortez")
    ask_again = page.get_by_role("combobox", name="Find or do")
    ask_again.fill(f"#{ticket.number}")
    expect(page.get_by_role("group", name="Tickets").get_by_role("option")).to_contain_text("The tyre is wrong")
    expect(page.get_by_role("group", name="Customers")).to_have_count(0)
    page.keyboard.press("ArrowUp")  # around the end: the last one
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/tickets/{ticket.number}/"))


def test_it_opens_while_one_writes_and_gives_the_field_back(sign_in, alice, ticket):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, f"/tickets/{ticket.number}/", "ready")
    field = page.get_by_role("textbox", name="Your words", exact=True)
    field.fill("Dear Carla")
    ask(page, "zzzz")
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    expect(field).to_have_value("Dear Carla")


def test_on_a_phone_a_button_opens_it(sign_in, alice, ticket):  # noqa: F811
    page = sign_in(alice, PHONE, has_touch=True, is_mobile=True)
    page.goto("/inbox/?view=all")
    page.get_by_role("banner").get_by_role("button", name="Find or do").tap()
    page.get_by_role("combobox", name="Find or do").fill("cust")
    options(page).first.tap()
    page.wait_for_url("**/customers/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
