"""The search box, its chips, excerpts and keys, and a search that is kept as a view."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looking import open_and_hear, serious_findings
from tests.browser.test_pages import sign_in  # noqa: F401  (its fixture)
from tickets.actions import open_ticket, post_message

pytestmark = pytest.mark.browser


def test_one_searches_reads_where_it_stands_and_keeps_it_as_a_view(sign_in, lea, carla, workshop):  # noqa: F811
    hit = open_ticket(carla, by=carla, subject="Hello", body="The tyre is <b>flat</b>.", channel="email", team=workshop)
    post_message(hit, by=lea, body="She sounded glum about the tyre.", kind="note")
    open_ticket(carla, by=carla, subject="A bent rim", body="Bent", channel="email", team=workshop)
    page = sign_in(lea)
    open_and_hear(page, "/inbox/", "ready")
    page.keyboard.press("/")
    page.keyboard.type("flat is:open")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]q=flat\+is%3Aopen"))
    rows = page.locator("#rows .row")
    expect(rows).to_have_count(1)
    expect(rows.locator("mark")).to_have_text("flat")
    expect(rows).to_contain_text("The tyre is <b>flat</b>.")
    expect(page.locator(".chip")).to_have_text(["flat", "Open"])
    assert serious_findings(page) == []
    # An opened ticket keeps the search beside it, also after a reload.
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#conversation")).to_contain_text("glum")
    page.reload()
    expect(page.locator("[data-search]")).to_have_value("flat is:open")
    # Taking out a chip asks less.
    page.get_by_label("Search without flat").click()
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="Save as a view…").click()
    page.get_by_label("Name").fill("All of it")
    page.get_by_role("button", name="Keep this view").click()
    expect(page).to_have_url(re.compile(r"view=saved-\d+"))
    expect(page.locator(".rail a[aria-current]")).to_contain_text("All of it")
    expect(page.locator(".rail a[aria-current] b")).to_have_text("2")


def test_what_can_be_searched_for_is_said_beside_the_box(sign_in, lea, ticket):  # noqa: F811
    page = sign_in(lea)
    open_and_hear(page, "/inbox/", "ready")
    page.get_by_role("button", name="What can be searched for").click()
    expect(page.get_by_role("heading", name="What can be searched for")).to_be_visible()
    assert serious_findings(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#search-help")).to_be_hidden()
    page.locator("[data-search]").fill(f"#{ticket.number}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/tickets/{ticket.number}/"))
