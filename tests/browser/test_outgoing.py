"""What we begin ourselves, in a real Chromium: people found and pasted, a draft that survives, copies, forwarding."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from customers.models import Customer
from outbox.models import Mail
from tests.browser.conftest import sign_in
from tests.browser.looking import serious_findings
from tickets.actions.shaping import create_field
from tickets.models import Outreach, Ticket

pytestmark = pytest.mark.browser
Open = Callable[[str], Page]


@pytest.fixture
def open_page(new_window: Callable[..., BrowserContext], live: str, alice: User) -> Open:
    window = new_window(base_url=live)
    sign_in(window, alice, live)

    def open_it(address: str) -> Page:
        page = window.new_page()
        page.goto(address)
        return page

    return open_it


def test_several_people_are_found_pasted_kept_and_written_to(open_page: Open, ticket: Ticket, carla: Customer) -> None:
    page = open_page("/tickets/new/")
    to, chips = page.locator("#new-to"), page.locator("[data-chips] li")
    to.press_sequentially("cort")
    expect(page.get_by_role("option", name="Carla Cortez")).to_be_visible()
    to.press("ArrowDown")
    to.press("Enter")
    expect(chips).to_have_text(["Carla Cortez×"])
    to.fill("Nora N <nora@example.net>, ole@example.net, nobody")
    to.press("Enter")
    expect(chips).to_have_text(["Carla Cortez×", "Nora N×", "ole@example.net×"])
    expect(to).to_have_value("nobody")
    to.fill("")
    page.get_by_role("textbox", name="Subject").fill("Your order")
    page.get_by_role("textbox", name="Your words").fill("It leaves today.")
    expect(page.locator("[data-new-state]")).to_have_text("Kept in this browser")
    assert serious_findings(page) == []
    page.reload()
    expect(chips).to_have_count(3)
    expect(page.get_by_role("textbox", name="Your words")).to_have_value("It leaves today.")
    page.get_by_role("button", name="Remove ole@example.net").click()
    expect(chips).to_have_count(2)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    assert list(Outreach.objects.get().rows.values_list("email", flat=True)) == [carla.email, "nora@example.net"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="Taken back")).to_be_visible()
    page.goto("/tickets/new/")
    expect(page.get_by_role("textbox", name="Subject")).to_have_value("")


def test_somebody_is_copied_and_a_supplier_is_asked(open_page: Open, ticket: Ticket, settings) -> None:
    settings.UNDO_SEND_SECONDS = 10
    page = open_page(f"/tickets/{ticket.number}/?view=all")
    expect(page.locator("[data-composer][data-ready]")).to_be_visible()
    field = page.locator("#side-copy")
    field.fill("Dana <dana@example.net>")
    field.press("Enter")
    expect(page.locator(".composer .to.is-reply")).to_contain_text("copies to Dana")
    head = page.locator("#ticket-head")
    head.get_by_label("More", exact=True).click()
    head.get_by_role("button", name="Forward…").click()
    panel = page.locator("#forward")
    expect(panel.get_by_role("heading", name="Forward to somebody outside")).to_be_visible()
    assert serious_findings(page) == []
    panel.get_by_label("To", exact=True).fill("sven@supplier.example")
    panel.get_by_label("Your words").fill("Which size did you send?")
    panel.get_by_role("button", name="Forward", exact=True).click()
    entry = page.locator("#timeline .event").filter(has_text="forwarded a message to sven@supplier.example")
    expect(entry).to_contain_text("Which size did you send?")
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#timeline .event").filter(has_text="took it back")).to_be_visible()
    assert Mail.objects.get(kind="forward").state == "cancelled"


def test_a_teams_fields_are_asked_and_kept_while_it_is_chosen(
    open_page: Open, workshop: Team, shop: Team, sue: User
) -> None:
    create_field(by=sue, name="Size", kind="choice", team=workshop, options=["Small", "Large"])
    create_field(by=sue, name="Till", kind="text", team=shop)
    create_field(by=sue, name="Parts", kind="choices", options=["Tyre", "Tube"])
    page = open_page("/tickets/new/")
    size, till = page.get_by_role("combobox", name="Size"), page.get_by_role("textbox", name="Till")
    expect(size).to_be_visible()
    expect(till).to_be_hidden()
    size.select_option("Large")
    page.get_by_role("checkbox", name="Tube").check()
    team = page.get_by_role("combobox", name="Team")
    team.select_option("Shop")
    expect(size).to_be_hidden()
    till.fill("7")
    expect(page.locator("[data-new-state]")).to_have_text("Kept in this browser")
    page.reload()
    expect(till).to_have_value("7")
    expect(page.get_by_role("checkbox", name="Tube")).to_be_checked()
    team.select_option("Workshop")
    expect(size).to_have_value("large")
    expect(till).to_be_hidden()
    assert serious_findings(page) == []
    page.locator("#new-to").fill("nora@example.net")
    page.get_by_role("textbox", name="Subject").fill("Your order")
    page.get_by_role("textbox", name="Your words").fill("It leaves today.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    assert Ticket.objects.get().fields == {"size": "large", "parts": ["tube"]}
