"""Links, splitting, checklists and the trash on the pages."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from tickets.actions import (
    add_attachment,
    add_items,
    assign_ticket,
    link_ticket,
    open_ticket,
    post_message,
    split_ticket,
    trash_ticket,
)
from tickets.models import ChecklistItem, Event, Ticket, TicketLink

HTMX = {"HX-Request": "true"}


@pytest.fixture
def other(dora, workshop, desk_row) -> Ticket:
    return open_ticket(dora, by=dora, subject="The bell is loose", body="Help", channel="email", team=workshop)


def at(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def undo_in(client: Client) -> None:
    """Press what the last answer offered."""
    assert client.post(f"/undo/{client.cookies['makegood_undo'].value}/").status_code == 303


def test_a_person_links_two_and_takes_it_back(ticket, other, alice):
    browser = at(alice)
    browser.post(f"/tickets/{ticket.pk}/link/", {"other": f"#{other.pk}", "kind": "child"})
    assert "The bell is loose" in browser.get(f"/tickets/{ticket.pk}/").text
    there = browser.get(f"/tickets/{other.pk}/").text
    assert "Part of" in there
    assert "One part of it is still open" in browser.get(f"/tickets/{ticket.pk}/").text.replace("\n", " ")
    undo_in(browser)
    assert not TicketLink.objects.exists()
    browser.post(f"/tickets/{ticket.pk}/link/", {"other": other.reference, "kind": "parent"})
    browser.post(f"/tickets/{ticket.pk}/unlink/", {"link": TicketLink.objects.get().pk})
    assert not TicketLink.objects.exists()
    undo_in(browser)
    assert TicketLink.objects.get().side_of(ticket.pk) == "parent"


def test_what_is_wrong_with_a_link_is_said_where_it_was_typed(ticket, alice):
    for typed in ("", "999999", "x", "\x00", str(ticket.pk)):
        answer = at(alice).post(f"/tickets/{ticket.pk}/link/", {"other": typed, "kind": "child"}, headers=HTMX)
        assert answer.status_code == 422
        assert "That did not work yet" in answer.text
    assert not TicketLink.objects.exists()


def test_the_other_team_reads_neither_subject_nor_name(ticket, other, alice, charlie, shop):
    link_ticket(ticket, by=alice, other=other, kind="related")
    split_ticket(other, message=other.messages.get(), by=alice, subject="A second matter")
    assign_ticket(ticket, by=alice, team=shop)
    page = at(charlie).get(f"/tickets/{ticket.pk}/").text
    assert "A ticket of another team" in page
    assert "The bell is loose" not in page
    assert "Dora" not in page
    assert at(charlie).post(f"/tickets/{other.pk}/unlink/", {"link": TicketLink.objects.first().pk}).status_code == 404


def test_a_link_of_other_tickets_is_nobodys_here(ticket, other, alice, carla):
    third = open_ticket(carla, by=carla, body="Third", channel="email", team=ticket.team)
    link = link_ticket(other, by=alice, other=third, kind="related")
    at(alice).post(f"/tickets/{ticket.pk}/unlink/", {"link": link.pk})
    assert TicketLink.objects.filter(pk=link.pk).exists()


def test_a_message_is_split_off_on_a_page_of_its_own(ticket, alice, charlie, carla):
    message = post_message(ticket, by=carla, body="And <b>where</b> is my invoice?\nI need it.")
    browser, address = at(alice), f"/tickets/{ticket.pk}/split/?message={message.pk}"
    assert address in browser.get(f"/tickets/{ticket.pk}/").text
    page = browser.get(address)
    assert "And &lt;b&gt;where&lt;/b&gt; is my invoice?" in page.text
    assert browser.post(address, {"subject": " "}).status_code == 422
    answer = browser.post(address, {"subject": "The invoice"})
    new = Ticket.objects.get(subject="The invoice")
    assert (answer.status_code, answer["Location"]) == (303, f"/tickets/{new.pk}/")
    shown = browser.get(f"/tickets/{new.pk}/").text
    assert f"ticket {ticket.pk}, The tyre is wrong" in shown
    assert "I need it." in shown
    assert at(charlie).get(address).status_code == 404
    note = post_message(ticket, by=alice, body="Psst", kind="note")
    for wrong in (note.pk, 999_999, "x", "", new.pk + 10**9):
        assert browser.get(f"/tickets/{ticket.pk}/split/?message={wrong}").status_code == 404


def test_who_does_not_see_the_old_one_reads_the_words_and_no_more(ticket, alice, charlie, carla, shop):
    message = post_message(ticket, by=carla, body="And the invoice?")
    new = split_ticket(ticket, message=message, by=alice, subject="The invoice", team=shop)
    page = at(charlie).get(f"/tickets/{new.pk}/").text
    assert "And the invoice?" in page
    assert "a ticket of another team" in page
    assert "The tyre is wrong" not in page


def test_a_checklist_is_written_ticked_and_shortened(ticket, alice, bob):
    browser = at(alice)
    browser.post(f"/tickets/{ticket.pk}/checklist/", {"text": "- Call\r\n- Write\r\n- <i>Ask</i>"})
    items = list(ChecklistItem.objects.all())
    page = browser.get(f"/tickets/{ticket.pk}/").text
    assert "0 of 3" in page
    assert "&lt;i&gt;Ask&lt;/i&gt;" in page
    place = f"/tickets/{ticket.pk}/checklist/{items[2].pk}/"
    for do in ("tick", "up", "up"):
        assert at(bob).post(place, {"do": do}, headers=HTMX).status_code == 200
    browser.post(place, {"do": "change", "text": "Ask first"})
    page = browser.get(f"/tickets/{ticket.pk}/").text
    assert "1 of 3" in page
    assert 'title="Bob Bakker, ' in page
    assert [item.text for item in ChecklistItem.objects.all()] == ["Ask first", "Call", "Write"]
    browser.post(place, {"do": "remove"})
    assert ChecklistItem.objects.count() == 2
    undo_in(browser)
    first = ChecklistItem.objects.order_by("position", "pk").first()
    assert (first.text, first.done_by) == ("Ask first", bob)
    assert browser.post(place, {"do": "tick"}, headers=HTMX).status_code == 422  # it is another row now


@pytest.mark.parametrize("typed", ["", " \n ", "\x00", "x" * 300, "y\n" * 51, "z" * 20_000])
def test_what_is_no_checklist_is_said_so(ticket, alice, typed):
    answer = at(alice).post(f"/tickets/{ticket.pk}/checklist/", {"text": typed}, headers=HTMX)
    assert answer.status_code == 422
    assert not ChecklistItem.objects.exists()


def test_a_line_of_another_ticket_is_not_there(ticket, other, alice):
    (item,) = add_items(other, by=alice, text="Call")
    at(alice).post(f"/tickets/{ticket.pk}/checklist/{item.pk}/", {"do": "tick"})
    assert not ChecklistItem.objects.get().is_done


def test_what_is_trashed_is_gone_and_undone(ticket, alice):
    browser = at(alice)
    answer = browser.post(f"/tickets/{ticket.pk}/trash/?view=all", headers=HTMX)
    assert answer.status_code == 200
    assert "data-composer" not in answer.text
    assert answer["HX-Push-Url"] == "/inbox/?view=all"
    assert "The tyre is wrong" not in browser.get("/inbox/?view=all").text
    undo_in(browser)
    assert Ticket.objects.get(pk=ticket.pk).trashed_at is None
    assert browser.post(f"/tickets/{ticket.pk}/trash/")["Location"] == "/inbox/"


def test_in_the_trash_it_is_read_and_restored_and_nothing_else(ticket, alice, charlie):
    trash_ticket(ticket, by=alice)
    browser, page = at(alice), f"/tickets/{ticket.pk}/"
    assert ticket.preview in browser.get("/inbox/?view=trash").text
    assert ticket.preview in browser.get("/inbox/?q=in:trash").text
    assert ticket.preview not in browser.get("/inbox/?q=tyre").text
    assert ticket.preview not in at(charlie).get("/inbox/?view=trash").text
    shown = browser.get(page).text
    assert "In the trash since" in shown
    assert "I ordered a 42 and got a 47." in shown
    assert "data-composer" not in shown
    events = Event.objects.filter(ticket=ticket).count()
    for what, said in (
        ("priority", {"priority": 4}),
        ("reply", {"body": "Hi"}),
        ("trash", {}),
        ("resolve", {"root_cause": "none"}),
    ):
        answer = browser.post(f"{page}{what}/", said, headers=HTMX)
        assert answer.status_code == 422, what
        assert at(charlie).post(f"{page}{what}/", said, headers=HTMX).status_code == 404
    assert Event.objects.filter(ticket=ticket).count() == events
    assert at(charlie).get(page).status_code == 404
    assert at(charlie).post(f"{page}restore/").status_code == 404
    assert browser.post(f"{page}restore/", headers=HTMX).status_code == 200
    assert "data-composer" in browser.get(page).text
    undo_in(browser)
    assert Ticket.objects.get(pk=ticket.pk).trashed_at is not None


def test_files_in_the_trash_are_opened_by_who_sees_it(ticket, alice, charlie, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=alice)
    post_message(ticket, by=alice, body="Here", attachments=(str(file.pk),))
    trash_ticket(ticket, by=alice)
    assert at(alice).get(f"/files/{file.pk}/").status_code == 200
    assert at(charlie).get(f"/files/{file.pk}/").status_code == 404


def test_many_are_trashed_and_restored(ticket, other, alice):
    browser, numbers = at(alice), [ticket.pk, other.pk]
    assert "Trash" in browser.get("/tickets/bulk/", {"number": numbers}).text
    browser.post("/tickets/bulk/", {"do": "trash", "number": numbers})
    assert Ticket.objects.trash_of(alice).count() == 2
    page = browser.get("/tickets/bulk/", {"number": numbers}).text
    assert "Restore" in page
    assert "bulk-snooze-title" not in page
    browser.post("/tickets/bulk/", {"do": "restore", "number": numbers})
    assert Ticket.objects.visible_to(alice).count() == 2
    undo_in(browser)
    assert Ticket.objects.trash_of(alice).count() == 2


def test_another_program_of_theirs_learns_why_its_reply_is_not_taken(ticket, alice):
    trash_ticket(ticket, by=alice)
    said = {"body": "Hi", "client_id": "1", "by": alice.pk, "kind": "reply"}
    answer = at(alice).post(f"/tickets/{ticket.pk}/reply/", said, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "trashed")
