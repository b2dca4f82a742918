"""Selecting, changing many, undoing and replying to many, in a real Chromium on the real server."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.looking import open_and_hear, serious_findings
from tests.browser.test_pages import PHONE, sign_in  # noqa: F401  (its fixture)
from tickets import jobs
from tickets.actions import open_ticket, post_message, set_priority
from tickets.actions.shaping import create_field
from tickets.models import BulkReply, Message, Ticket, Undo

pytestmark = pytest.mark.browser


@pytest.fixture
def many(carla, dora, workshop, desk_row) -> list[Ticket]:
    return [
        open_ticket(who, by=who, body=f"Bell {number}", subject=f"Bell {number}", channel="email", team=workshop)
        for number, who in enumerate((carla, dora, carla, dora))
    ]


def tick(page: Page, ticket: Ticket):
    return page.locator(f"[data-pick='{ticket.reference}']")


def priorities(tickets: list[Ticket]) -> list[int]:
    return [Ticket.objects.get(pk=ticket.pk).priority for ticket in tickets]


def choose_urgent(page: Page) -> None:
    page.get_by_role("button", name="Priority", exact=True).click()
    page.get_by_label("Priority").select_option("4")
    page.get_by_role("button", name="Set priority").click()


def test_by_keys_alone_and_back_again(sign_in, alice, many, live):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=all", "ready")
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    for key in "jxjjX":
        page.keyboard.press(key)
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.keyboard.press("x")
    page.get_by_role("button", name="Select all on this page").click()
    expect(page.get_by_text("4 selected")).to_be_visible()
    assert serious_findings(page) == []
    page.keyboard.press("e")  # the selected ones are meant
    page.get_by_label("What caused them?").select_option("none")
    page.locator("#bulk-panel").get_by_role("button", name="Solve", exact=True).click()
    expect(page.get_by_text("4 tickets solved.")).to_be_visible()
    expect(bar).to_be_hidden()
    expect(page.locator("#rows .row")).to_have_count(0)
    assert Ticket.objects.solved().count() == 4
    page.keyboard.press("z")
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(page.locator("#rows .row")).to_have_count(4)
    assert Ticket.objects.waiting().count() == 4
    page.keyboard.press("z")  # once more is harmless
    expect(page.get_by_text("There is nothing to undo.")).to_be_visible()


def test_the_selection_stays_while_the_list_changes_under_it(sign_in, alice, many, carla, bob):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=all", "ready")
    tick(page, many[1]).check()
    tick(page, many[3]).check()
    page.mouse.move(900, 400)
    page.locator("h1").first.click()
    post_message(many[0], by=carla, body="It rings again.")
    expect(page.get_by_text("It rings again.")).to_be_visible()
    expect(tick(page, many[1])).to_be_checked()
    expect(tick(page, many[0])).not_to_be_checked()
    expect(page.get_by_text("2 selected")).to_be_visible()
    choose_urgent(page)
    expect(page.get_by_text("2 tickets set to urgent priority.")).to_be_visible()
    assert priorities(many) == [2, 4, 2, 4]


def test_after_a_reload_the_server_offers_it_again(sign_in, alice, many):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=all", "ready")
    tick(page, many[0]).check()
    choose_urgent(page)
    expect(page.get_by_text("Set to urgent priority.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Set to urgent priority.")).to_be_visible()
    page.get_by_role("button", name="Undo").dblclick()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert priorities(many) == [2, 2, 2, 2]
    assert Undo.objects.get().undone_at is not None


def test_what_could_not_be_done_stays_selected(sign_in, alice, bob, many):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=all", "ready")
    tick(page, many[0]).check()
    tick(page, many[1]).check()
    for ticket in many[:1]:
        set_priority(ticket, by=bob, priority=3)
        ticket.team = None
        Ticket.objects.filter(pk=ticket.pk).update(status="solved", solved_at=timezone.now(), waiting_since=None,
                                                   answer_due_at=None)  # fmt: skip
    page.get_by_role("button", name="Status", exact=True).click()
    page.get_by_label("Status").select_option("pending")
    page.get_by_role("button", name="Set status").click()
    expect(page.get_by_text("This ticket is solved. Reopen it first.")).to_be_visible()
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert Ticket.objects.get(pk=many[1].pk).status == "pending"


def test_the_same_words_to_many(sign_in, alice, many):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=all", "ready")
    for ticket in many[:3]:
        tick(page, ticket).check()
    page.keyboard.press("r")
    page.get_by_label("To each of them").fill("Dear {{ customer.first_name | there }}, the bell is mended.")
    page.get_by_role("button", name="Send to each").click()
    strip = page.locator("#bulk-progress")
    expect(strip).to_contain_text("3 replies leave in")
    assert serious_findings(page) == []
    BulkReply.objects.update(begins_at=timezone.now())
    expect(strip).to_contain_text("0 of 3 sent")
    jobs.send_bulk_replies()
    expect(strip).to_contain_text("3 of 3 sent.")
    said = set(Message.objects.filter(by_user=alice).values_list("body", flat=True))
    assert said == {"Dear Carla, the bell is mended.", "Dear Dora, the bell is mended."}


def test_words_to_many_are_taken_back_with_z(sign_in, alice, many):  # noqa: F811
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=all", "ready")
    tick(page, many[0]).check()
    choose_urgent(page)
    expect(page.get_by_text("Set to urgent priority.")).to_be_visible()
    tick(page, many[0]).check()
    page.keyboard.press("r")
    page.get_by_label("To each of them").fill("Oh no.")
    page.get_by_role("button", name="Send to each").click()
    expect(page.locator("#bulk-progress")).to_contain_text("1 reply leaves in")
    page.keyboard.press("z")  # the newest of the two
    expect(page.locator("#bulk-progress")).to_contain_text("Taken back. Nobody has got it.")
    assert priorities(many)[0] == 4
    jobs.send_bulk_replies()
    assert not Message.objects.filter(by_user=alice).exists()


def test_without_a_script_a_form_does_it(chromium, live, alice, many):
    from tests.browser.conftest import sign_in as give_session

    window = chromium.new_context(java_script_enabled=False, base_url=live)
    give_session(window, alice, live)
    page = window.new_page()
    page.goto("/inbox/?view=all")
    tick(page, many[0]).check()
    tick(page, many[2]).check()
    page.get_by_role("button", name="Do something with the selected").click()
    expect(page.get_by_role("heading", name="2 tickets selected")).to_be_visible()
    page.locator("#bulk-priority").select_option("4")
    page.get_by_role("button", name="Set priority").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.", exact=True)).to_be_visible()
    window.close()
    assert priorities(many) == [2, 2, 2, 2]
    assert Undo.objects.count() == 1


def test_on_a_phone_the_ticks_are_there_and_all_has_room(sign_in, alice, many):  # noqa: F811
    page = sign_in(alice, PHONE, has_touch=True, is_mobile=True)
    page.goto("/inbox/?view=all")
    box = tick(page, many[0])
    expect(box).to_have_css("opacity", "1")
    box.tap()
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Tag", exact=True).tap()
    page.get_by_label("Tags").fill("bell")
    page.get_by_role("button", name="Set tags").tap()
    expect(page.get_by_text("Tagged.")).to_be_visible()
    assert list(many[0].tags.values_list("name", flat=True)) == ["bell"]


def test_a_field_is_chosen_and_filled_on_all_of_them(sign_in, alice, sue, many, workshop, live):  # noqa: F811
    create_field(by=sue, name="Size", kind="choice", team=workshop, options=["Small", "Large"])
    create_field(by=sue, name="Weight", kind="number")
    page = sign_in(alice)
    open_and_hear(page, "/inbox/?view=all", "ready")
    tick(page, many[0]).check()
    tick(page, many[1]).check()
    page.locator("#bulk").get_by_role("button", name="Field", exact=True).click()
    panel = page.locator("#bulk-panel")
    expect(panel.get_by_role("radio")).to_have_count(2)
    expect(panel.locator("select, input:not([type=radio], [type=hidden])").filter(visible=True)).to_have_count(0)
    panel.get_by_role("radio", name="Weight").check()
    panel.get_by_role("textbox", name="Weight").fill("heavy")
    panel.get_by_role("button", name="Set field").click()
    expect(panel.get_by_role("alert")).to_contain_text("Weight: This takes a number")
    panel.get_by_role("radio", name="Size").check()
    expect(panel.get_by_role("textbox", name="Weight")).to_be_hidden()
    panel.get_by_role("combobox", name="Size").select_option("Large")
    assert serious_findings(page) == []
    panel.get_by_role("button", name="Set field").click()
    expect(panel).to_be_hidden()
    assert [Ticket.objects.get(pk=ticket.pk).fields for ticket in many[:3]] == [{"size": "large"}] * 2 + [{}]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert [Ticket.objects.get(pk=ticket.pk).fields for ticket in many] == [{}] * 4
