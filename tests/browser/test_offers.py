"""An offer is made beside a ticket, chosen by its customer, and done, in a real Chromium on the real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from accounts.models import User
from recovery.emails import offer_url
from recovery.models import Offer
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear, serious_findings
from tests.recovery.offering import failed, steps
from tickets.models import Ticket

pytestmark = pytest.mark.browser


def test_an_offer_is_made_chosen_and_done(
    new_window: Callable[..., BrowserContext], live: str, ticket: Ticket, alice: User
) -> None:
    failed(ticket, alice, value="60", loss="18")
    window = new_window(base_url=live)
    sign_in(window, alice, live)
    page = window.new_page()
    open_and_hear(page, f"/tickets/{ticket.number}/", "heartbeat")
    panel = page.get_by_role("region", name="Making good")
    expect(panel.get_by_role("button", name="Make an offer")).to_be_visible()

    page.locator("#conversation").focus()
    page.keyboard.press("b")
    form = page.locator("#offer-form")
    expect(form).to_be_visible()
    form.get_by_label("To the customer").fill("The wrong tyre\n\nWe are sorry.")
    one = form.get_by_role("group", name="Option 1")
    one.get_by_label("Remedy").select_option("kind:loan")
    one.get_by_label("What the customer reads").fill("A loan wheel today")
    one.get_by_label("What it is worth").fill("24")
    expect(form).to_contain_text("1.33× the gap")  # reckoned while it is typed
    one.get_by_label("What it is worth").fill("26")
    expect(form).to_contain_text("Needs approval")
    one.get_by_label("What it is worth").fill("24")
    expect(form).to_contain_text("Within what you may give")
    assert serious_findings(page) == []
    form.get_by_role("button", name="Send, or ask for approval").click()
    expect(form).not_to_be_visible()
    expect(panel).to_contain_text("It stands until")

    offer = Offer.objects.get()
    theirs = new_window(base_url=live).new_page()
    theirs.goto(offer_url(offer).partition("//")[2].partition("/")[2].join(["/", ""]))
    theirs.get_by_text("A loan wheel today").click()
    theirs.get_by_role("button", name="Yes, please").click()
    expect(theirs.get_by_role("main")).to_contain_text("Thank you")
    assert [step for step, _amount in steps(offer)] == ["reserve", "issue"]

    page.reload()
    panel.get_by_role("button", name="It is done").click()
    expect(panel).to_contain_text("Done on")
    assert [step for step, _amount in steps(offer)] == ["reserve", "issue", "redeem"]
