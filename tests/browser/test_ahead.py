"""The ticket that is probably read next is in the browser before it is opened; nobody has read it until then."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import open_and_hear
from tests.browser.test_pages import sign_in  # noqa: F401  (its fixture)
from tickets.actions import open_ticket, post_message
from tickets.models import ReadMark, Ticket

pytestmark = pytest.mark.browser


def fetched(page: Page, ticket: Ticket) -> list[dict[str, Any]]:
    """What was got from this ticket's address in its present state, over the network or from what was kept."""
    found: list[dict[str, Any]] = page.evaluate(
        "last => performance.getEntriesByType('resource').filter((one) => one.name.includes(last))"
        ".map(({ transferSize, responseEnd }) => ({ transferSize, isDone: responseEnd > 0 }))",
        f"/tickets/{ticket.number}/?view=mine&seq={ticket.last_seq}",
    )
    return found


def test_the_next_ticket_is_there_before_it_is_opened(sign_in, alice, carla, dora, workshop):  # noqa: F811
    first, second = (
        open_ticket(one, by=one, subject=f"Of {one.name}", body="Help", channel="email", team=workshop)
        for one in (carla, dora)
    )
    Ticket.objects.update(assignee=alice)
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=mine", "ready")
    # One is pointed at by key, and fetched.
    page.keyboard.press("j")
    page.wait_for_function("() => performance.getEntriesByType('resource').some((one) => one.name.includes('&seq='))")
    assert not ReadMark.objects.filter(user=alice).exists()
    page.keyboard.press("Enter")
    expect(page.locator("#conversation h1")).to_have_text(first.subject)
    expect(page).to_have_url(re.compile(rf"/tickets/{first.number}/\?view=mine$"))
    # What was read is noted, and the one below is fetched by itself.
    page.wait_for_function(
        "last => performance.getEntriesByType('resource').some((one) => one.name.includes(last))",
        arg=f"/tickets/{second.number}/?view=mine&seq={second.last_seq}",
    )
    page.wait_for_load_state("networkidle")
    assert list(ReadMark.objects.filter(user=alice).values_list("ticket", flat=True)) == [first.pk]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#conversation h1")).to_have_text(second.subject)
    assert [one["transferSize"] for one in fetched(page, second)][1:] == [0], "the second time it was kept"
    # It is opened once from there: whoever comes back finds what they have written meanwhile.
    page.locator("#conversation textarea[name=body]").fill("I am looking into it.")
    expect(page.locator("#conversation")).to_contain_text("Draft saved")
    page.locator(f"#row-{first.reference}").click()
    expect(page.locator("#conversation h1")).to_have_text(first.subject)
    page.locator(f"#row-{second.reference}").click()
    expect(page.locator("#conversation h1")).to_have_text(second.subject)
    expect(page.locator("#conversation textarea[name=body]")).to_have_value("I am looking into it.")
    # What came since it was fetched is shown.
    post_message(second, by=second.customer, body="One thing more.")
    expect(page.locator("#timeline")).to_contain_text("One thing more.")
