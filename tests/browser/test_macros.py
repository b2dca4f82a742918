"""Macros in a real Chromium: chosen by key and by #, done with the message, written in a form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from tests.browser.conftest import sign_in
from tests.browser.looking import serious_findings
from tickets.actions import create_macro
from tickets.macros import read
from tickets.models import Macro, Message, Ticket

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
Open = Callable[..., Page]


@pytest.fixture(autouse=True)
def macros(alice: User, lea: User, desk_row) -> dict[str, Macro]:
    steps = [read("add_tags:loan"), read("note:Wheel on stand 3"), read("assign:me")]
    body = "Hello {{ customer.first_name | there }},\n\ntake our loan wheel home."
    return {
        "wheel": create_macro(by=alice, name="Loan wheel", body=body, steps=steps, owner=alice),
        "thanks": create_macro(by=lea, name="Thanks", body="Thank you, {{ customer.name }}!", owner=None),
        "hand": create_macro(by=lea, name="Mine now", steps=[read("assign:me"), read("priority:4")], owner=None),
        "why": create_macro(by=lea, name="Why", body="Asked for the size.", kind="note", owner=None),
    }


@pytest.fixture
def open_ticket_page(new_window: Callable[..., BrowserContext], live: str, alice: User, settings) -> Open:
    settings.UNDO_SEND_SECONDS = 0

    def open_it(ticket: Ticket, **options: object) -> Page:
        window = new_window(base_url=live, **options)
        sign_in(window, alice, live)
        page = window.new_page()
        page.goto(f"/tickets/{ticket.number}/?view=all")
        expect(page.locator("[data-composer][data-ready]")).to_be_visible()
        return page

    return open_it


def body(page: Page):
    return page.get_by_role("textbox", name="Your words")


def chooser(page: Page):
    return page.get_by_role("dialog", name="Macros")


def chips(page: Page):
    return page.locator("[data-along] li")


def test_a_macro_by_the_keyboard_alone(open_ticket_page: Open, chat_ticket: Ticket, alice: User) -> None:
    page = open_ticket_page(chat_ticket)
    page.keyboard.press("m")
    search = page.get_by_role("combobox", name="Find a macro")
    expect(search).to_be_focused()
    expect(chooser(page).get_by_role("option")).to_have_count(4)
    page.keyboard.type("wheel")
    expect(chooser(page).get_by_role("option")).to_have_count(1)
    expect(chooser(page).get_by_role("option", name="Loan wheel")).to_have_attribute("aria-selected", "true")
    assert search.get_attribute("aria-activedescendant") == chooser(page).get_by_role("option").get_attribute("id")
    expect(chooser(page).get_by_role("region")).to_contain_text("Hello Carla,")
    assert serious_findings(page) == []
    page.keyboard.press("Enter")
    expect(chooser(page)).to_be_hidden()
    expect(body(page)).to_be_focused()
    expect(body(page)).to_have_value("Hello Carla,\n\ntake our loan wheel home.")
    expect(chips(page)).to_have_text(["tag loan×", "note “Wheel on stand 3”×", "assign to yourself×"])
    page.get_by_role("button", name="Leave out: tag loan").click()
    page.keyboard.type(" Bye!")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .message.note")).to_contain_text("Wheel on stand 3")
    expect(chips(page)).to_have_count(0)
    chat_ticket.refresh_from_db()
    assert (chat_ticket.assignee, chat_ticket.tags.count()) == (alice, 0)
    assert Message.objects.get(by_user=alice, kind="reply").body == "Hello Carla,\n\ntake our loan wheel home. Bye!"
    assert Macro.objects.get(name="Loan wheel").used == 1


def test_a_hash_opens_the_list_and_gives_back_what_was_no_macro(open_ticket_page: Open, chat_ticket: Ticket) -> None:
    page = open_ticket_page(chat_ticket)
    body(page).click()
    page.keyboard.type("Hi. #tha")
    expect(chooser(page).get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(body(page)).to_have_value("Hi. Thank you, Carla Cortez!")
    page.keyboard.type(" #1234")
    expect(chooser(page)).to_contain_text("Nothing has “1234” in it.")
    page.keyboard.press("Escape")
    expect(body(page)).to_have_value("Hi. Thank you, Carla Cortez! #1234")
    expect(body(page)).to_be_focused()
    page.keyboard.type(" a#b # c")
    expect(body(page)).to_have_value("Hi. Thank you, Carla Cortez! #1234 a#b # c")
    expect(chooser(page)).to_be_hidden()


def test_arrows_choose_and_words_for_the_team_stay_with_the_team(open_ticket_page: Open, chat_ticket: Ticket) -> None:
    page = open_ticket_page(chat_ticket)
    page.keyboard.press("m")
    expect(chooser(page).get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(chooser(page).get_by_role("option", name="Why")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(body(page)).to_have_value("Asked for the size.")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(chooser(page).get_by_role("option", name="Thanks")).to_be_visible()
    chooser(page).get_by_role("option", name="Thanks").click()
    expect(body(page)).to_have_value("Asked for the size. Thank you, Carla Cortez!")
    expect(page.get_by_role("radio", name="Note")).to_be_checked()


def test_steps_without_words_are_done_at_once(open_ticket_page: Open, chat_ticket: Ticket, alice: User) -> None:
    page = open_ticket_page(chat_ticket)
    page.keyboard.press("m")
    chooser(page).get_by_role("option", name="Mine now").click()
    expect(chips(page)).to_have_text(["assign to yourself×", "set priority urgent×"])
    page.get_by_role("button", name="Apply now").click()
    expect(page.locator("#timeline")).to_contain_text("urgent")
    expect(chips(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    chat_ticket.refresh_from_db()
    assert (chat_ticket.assignee, chat_ticket.priority) == (alice, 4)


def test_steps_come_back_with_the_draft_and_go_with_no_other_message(
    open_ticket_page: Open, chat_ticket: Ticket
) -> None:
    page = open_ticket_page(chat_ticket)
    page.keyboard.press("m")
    page.keyboard.type("wheel")
    expect(chooser(page).get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(chips(page)).to_have_count(3)
    page.reload()
    expect(body(page)).to_have_value("Hello Carla,\n\ntake our loan wheel home.")
    expect(chips(page)).to_have_count(3)
    page.route("**/reply/**", lambda route: route.abort())  # it stays in the outbox
    page.get_by_role("button", name="Send", exact=False).first.click()
    expect(body(page)).to_have_value("")
    expect(chips(page)).to_have_count(0)
    page.unroute("**/reply/**")
    page.reload()
    expect(page.locator("#timeline .message.note")).to_contain_text("Wheel on stand 3")
    assert {tag.name for tag in chat_ticket.tags.all()} == {"loan"}
    assert Message.objects.filter(kind="note").count() == 1


def test_on_a_phone(open_ticket_page: Open, chat_ticket: Ticket) -> None:
    page = open_ticket_page(chat_ticket, viewport=PHONE, has_touch=True)
    page.get_by_role("button", name="Macros").tap()
    chooser(page).get_by_role("option", name="Thanks").tap()
    expect(body(page)).to_have_value("Thank you, Carla Cortez!")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_macro_is_written_without_a_word_of_code(open_ticket_page: Open, chat_ticket: Ticket, alice: User) -> None:
    page = open_ticket_page(chat_ticket)
    page.goto("/settings/macros/new/")
    page.get_by_label("Name", exact=True).fill("Size")
    words = page.get_by_label("Words (optional)")
    words.fill("Hello ")
    page.get_by_role("button", name="Customer’s first name").click()
    expect(words).to_have_value("Hello {{ customer.first_name | there }}")
    expect(page.locator(".macro-preview")).to_contain_text("Hello Nadia")
    page.get_by_label("Step 1", exact=True).select_option("Add tags…")
    page.get_by_label("Words of step 1", exact=True).fill("size, ask")
    page.get_by_label("Step 2", exact=True).select_option("Assign to yourself")
    page.get_by_label("Step 3", exact=True).select_option("Mark as pending")
    page.get_by_role("button", name="Remove: Step 2").click()
    expect(page.get_by_label("Step 2", exact=True)).to_have_value("status:pending")
    expect(page.get_by_label("Step 4", exact=True)).to_be_hidden()
    expect(page.locator(".macro-preview")).to_contain_text("tag size, ask")
    assert serious_findings(page) == []
    page.get_by_role("button", name="Keep this macro").click()
    expect(page.get_by_text("“Size” is kept")).to_be_visible()
    macro = Macro.objects.get(name="Size")
    assert macro.steps == [read("add_tags:size, ask"), read("status:pending")]
    assert serious_findings(page) == []
    page.get_by_role("button", name="Delete… Size").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("is deleted")).to_be_visible()
    assert not Macro.objects.filter(name="Size").exists()
