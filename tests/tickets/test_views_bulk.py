"""The doors for many tickets, for undoing and for the palette: thin, through the actions, and only what one may see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.tickets.looking import again
from tickets.actions import assign_ticket, change_many, index_due, open_ticket, set_priority
from tickets.actions.shaping import archive_field, create_field
from tickets.models import BulkReply, Field, Ticket, Undo

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def many(carla, dora, workshop, desk_row) -> list[Ticket]:
    return [
        open_ticket(who, by=who, body="The bell", subject=f"Bell of {who.name}", channel="email", team=workshop)
        for who in (carla, dora)
    ]


@pytest.fixture
def size(sue, workshop) -> Field:
    return create_field(by=sue, name="Size", kind="choice", team=workshop, options=["Small", "Large"])


def at(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(answer: Any, name: str) -> dict[str, Any]:
    """What an event of the answer tells the page."""
    return json.loads(answer["HX-Trigger"])[name]


def numbers(tickets: list[Ticket]) -> list[int]:
    return [ticket.number for ticket in tickets]


FORMS = {
    "assign": {"to": "nobody"},
    "status": {"status": "pending"},
    "priority": {"priority": "4"},
    "tag": {"tags": "tyre, order", "how": "add"},
    "snooze": {"words": "in 2 hours"},
    "resolve": {"root_cause": "none"},
    "field": {"field": "size", "field_size": "large"},
}


@pytest.mark.parametrize("do", FORMS)
def test_each_deed_reaches_all_of_them_and_can_be_undone(do, many, alice, bob, size):
    for ticket in many:
        assign_ticket(ticket, by=alice, user=bob)
    before = [Ticket.objects.values().get(pk=ticket.pk) for ticket in many]
    client = at(alice)
    answer = client.post("/tickets/bulk/", {"do": do, "number": numbers(many), **FORMS[do]}, **HTMX)
    assert answer.status_code == 204
    assert sorted(said(answer, "desk:bulk")["numbers"]) == numbers(many)
    assert [again(ticket).last_seq for ticket in many] == [4, 4]
    undone = client.post(said(answer, "desk:undoable")["url"], **HTMX)
    assert said(undone, "desk:toast") == {"text": "Undone.", "isError": False}
    noise = {"last_seq", "public_last_seq", "updated_at"}
    for ticket, was in zip(many, before, strict=True):
        now = Ticket.objects.values().get(pk=ticket.pk)
        assert {name for name in was if was[name] != now[name]} <= noise
        assert not ticket.tags.exists()


def test_charlie_changes_nothing_that_he_does_not_see(many, charlie):
    answer = at(charlie).post("/tickets/bulk/", {"do": "priority", "priority": "4", "number": numbers(many)}, **HTMX)
    words = said(answer, "desk:toast")
    assert words["isError"] is True
    assert f"Ticket {many[0].number}: It is not there any more, or not yours to see." in words["text"]
    unknown = at(charlie).post("/tickets/bulk/", {"do": "priority", "priority": "4", "number": [10**9]}, **HTMX)
    assert "Ticket 1000000000: It is not there any more, or not yours to see." in said(unknown, "desk:toast")["text"]
    assert [again(ticket).priority for ticket in many] == [2, 2]


def test_it_says_what_could_not_be_and_why(many, alice):
    change_many(many[:1], by=alice, change=lambda one: set_priority(one, by=alice, priority=3))
    client = at(alice)
    client.post(f"/tickets/{many[0].number}/resolve/", {"root_cause": "none"})
    form = {"do": "resolve", "root_cause": "none", "number": [*numbers(many), many[0].number]}
    answer = client.post("/tickets/bulk/", form, follow=True)
    text = " ".join(str(message) for message in answer.context["messages"])
    assert text == f"1 ticket solved. 1 ticket left as it is. Ticket {many[0].number}: This ticket is solved already."


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"do": "priority", "priority": "4"}, "Select at least one ticket."),
        ({"do": "priority", "priority": "4", "number": list(range(1, 202))}, "Select 200 tickets at most."),
        ({"do": "explode", "number": [1]}, "There is no such thing to do."),
        ({"do": "priority", "priority": "9", "number": [1]}, "Select a valid choice. 9 is not one of the available"),
        ({"do": "priority", "priority": "4", "number": ["1; drop"]}, "Select a valid choice."),
        ({"do": "assign", "to": "user:0", "number": [1]}, "They are not here any more."),
        ({"do": "tag", "tags": " , ", "number": [1]}, "Write a tag."),
        ({"do": "resolve", "root_cause": "", "number": [1]}, "Choose what caused it"),
        ({"do": "field", "number": [1]}, "Choose a field."),
        ({"do": "field", "field": "size", "number": [1]}, "Choose a field."),
        ({"do": "field", "field": "size", "field_size": "huge", "number": [1]}, "Size: “huge” is not one of those"),
        ({"do": "field", "field": "x", "field_x": "1", "number": [1]}, "This field is not there any more."),
        ({"do": "reply", "body": " ", "number": [1]}, "Write something first."),
    ],
)
def test_what_is_wrong_is_said(alice, desk_row, size, form, words):
    answer = at(alice).post("/tickets/bulk/", form, **HTMX)
    assert answer.status_code == 422
    assert said(answer, "desk:bulk")["text"].startswith(words)
    assert Undo.objects.count() == 0


def test_without_a_script_a_page_asks_and_the_list_says_what_became_of_it(many, alice, cause):
    client = at(alice)
    page = client.get("/tickets/bulk/", {"number": numbers(many)})
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count('name="number"') == 9 * len(many)
    assert "Bell of Carla Cortez" in text
    form = {"do": "resolve", "root_cause": cause.slug, "number": numbers(many)}
    answer = client.post("/tickets/bulk/", form, follow=True, headers={"Referer": "http://testserver/inbox/?view=mine"})
    assert answer.redirect_chain == [("/inbox/?view=mine", 303)]
    undo = Undo.objects.get()
    assert f'action="/undo/{undo.pk}/"' in answer.content.decode()
    assert "2 tickets solved." in answer.content.decode()


def test_without_a_script_too_what_was_typed_is_kept_when_something_is_wrong(many, alice):
    form = {"do": "resolve", "root_cause": "", "note": "The <b>bell</b>", "number": numbers(many)}
    answer = at(alice).post("/tickets/bulk/", form)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Choose what caused it, or that nothing did." in text
    assert text.count("The &lt;b&gt;bell&lt;/b&gt;") == 1
    assert text.count('name="number"') == 9 * len(many)


def test_the_page_shows_only_what_one_may_see(many, charlie):
    text = at(charlie).get("/tickets/bulk/", {"number": numbers(many)}).content.decode()
    assert "Bell of" not in text
    assert 'name="number"' not in text


@pytest.mark.parametrize("do", [*FORMS, "reply"])
def test_the_bar_gets_one_form(do, alice, desk_row):
    answer = at(alice).get("/tickets/bulk/", {"do": do}, **HTMX)
    assert f'name="do" value="{do}"' in answer.content.decode()
    assert "{#" not in answer.content.decode()
    assert at(alice).get("/tickets/bulk/", {"do": "nothing"}, **HTMX).status_code == 404


def test_words_to_many_show_how_far_they_are_and_are_stopped(many, alice, bob):
    client = at(alice)
    form = {"do": "reply", "body": "The depot is closed.", "client_id": "b1", "number": numbers(many)}
    answer = client.post("/tickets/bulk/", form, **HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#bulk-progress")
    assert "2 replies leave in 10 s" in answer.content.decode()
    assert "2 replies leave in" in client.get("/inbox/").content.decode()
    bulk = BulkReply.objects.get()
    assert at(bob).post(f"/tickets/bulk/replies/{bulk.pk}/stop/", **HTMX).status_code == 404
    assert at(bob).get("/tickets/bulk/replies/").content.decode().count("data-bulk-reply") == 0
    stopped = client.post(f"/tickets/bulk/replies/{bulk.pk}/stop/", **HTMX)
    assert "Taken back. Nobody has got it." in stopped.content.decode()


def test_two_forms_without_a_script_are_two_replies(many, alice):
    for body in ("One.", "Two."):
        at(alice).post("/tickets/bulk/", {"do": "reply", "body": body, "number": numbers(many)})
    assert sorted(BulkReply.objects.values_list("body", flat=True)) == ["One.", "Two."]


def test_what_one_did_is_offered_again_after_a_reload_and_only_to_them(ticket, alice, bob):
    client = at(alice)
    client.post(f"/tickets/{ticket.number}/priority/", {"priority": "4"}, **HTMX)
    page = client.get("/inbox/").content.decode()
    assert "Set to urgent priority." in page
    assert f'action="/undo/{Undo.objects.get().pk}/"' in page
    assert "Set to urgent priority." not in at(bob).get("/inbox/").content.decode()
    client.post(f"/undo/{Undo.objects.get().pk}/")
    assert "Set to urgent priority." not in client.get("/inbox/").content.decode()


def test_a_second_click_is_harmless_and_no_error(ticket, alice):
    client = at(alice)
    client.post(f"/tickets/{ticket.number}/resolve/", {"root_cause": "none"}, **HTMX)
    url = f"/undo/{Undo.objects.get().pk}/"
    client.post(url, **HTMX)
    answer = client.post(url, **HTMX)
    assert said(answer, "desk:toast") == {"text": "That is undone already.", "isError": False}
    assert again(ticket).status == "open"


def test_what_cannot_be_done_leaves_nothing_to_undo(ticket, alice):
    at(alice).post(f"/tickets/{ticket.number}/status/", {"status": "open"}, **HTMX)
    at(alice).post(f"/tickets/{ticket.number}/priority/", {"priority": "9"}, **HTMX)
    assert Undo.objects.count() == 0


def test_the_palette_finds_what_one_may_see(ticket, alice, charlie):
    while index_due():
        pass
    for words in ("tyre", str(ticket.number), "Carla"):
        found = at(alice).get("/find/", {"q": words}).json()["found"]
        assert found, words
        assert at(charlie).get("/find/", {"q": words}).json()["found"] == []
    urls = {row["url"] for words in ("tyre", "Carla") for row in at(alice).get("/find/", {"q": words}).json()["found"]}
    assert urls >= {f"/tickets/{ticket.number}/", f"/customers/{ticket.customer_id}/"}
    assert at(alice).get("/find/", {"q": " \x00 "}).json() == {"found": []}


# --- Fields ---


def test_only_the_chosen_field_is_filled_and_empty_empties_it(many, alice, sue, size):
    create_field(by=sue, name="Weight", kind="number")
    create_field(by=sue, name="Parts", kind="choices", options=["Tyre", "Tube"])
    client = at(alice)
    form = {"do": "field", "number": numbers(many), "field_size": "large", "field_weight": "12", "field_parts": [""]}
    client.post("/tickets/bulk/", form | {"field": "weight"}, **HTMX)
    assert [again(ticket).fields for ticket in many] == [{"weight": "12"}] * 2
    client.post("/tickets/bulk/", form | {"field": "parts", "field_parts": ["", "tube", "tyre"]}, **HTMX)
    client.post("/tickets/bulk/", form | {"field": "weight", "field_weight": ""}, **HTMX)
    assert [again(ticket).fields for ticket in many] == [{"parts": ["tyre", "tube"]}] * 2


def test_a_ticket_of_another_team_is_left_as_it_is(many, alice, shop, sue):
    create_field(by=sue, name="Till", kind="text", team=shop)
    assign_ticket(many[0], by=None, team=shop, user=alice)
    form = {"do": "field", "field": "till", "field_till": "7", "number": numbers(many)}
    words = said(at(alice).post("/tickets/bulk/", form, **HTMX), "desk:toast")["text"]
    left = f"1 ticket left as it is. Ticket {many[1].number}: Till: Only tickets of Shop have this."
    assert words == f"1 ticket changed. {left}"
    assert again(many[0]).fields == {"till": "7"}


def test_the_panel_shows_what_can_be_filled_and_the_bar_asks_only_where_there_is_something(many, alice, sue, size):
    client = at(alice)
    assert "do=field" in client.get("/inbox/").text
    panel = client.get("/tickets/bulk/", {"do": "field"}, **HTMX).text
    assert '<input type="radio" name="field" value="size" checked' in panel
    assert 'name="field_size"' in panel
    assert "<small>Workshop</small>" in panel
    assert "data-submits" not in panel
    create_field(by=sue, name="Weight", kind="number")
    panel = client.get("/tickets/bulk/", {"do": "field"}, **HTMX).text
    assert " checked" not in panel
    assert 'inputmode="decimal" required' not in panel
    for field in Field.objects.all():
        archive_field(field, by=sue, is_archived=True)
    assert "do=field" not in client.get("/inbox/").text
    assert "There are no fields yet." in client.get("/tickets/bulk/", {"do": "field"}, **HTMX).text
    assert 'value="field"' not in client.get("/tickets/bulk/", {"number": numbers(many)}).text


def test_without_a_script_what_was_typed_into_fields_is_kept(many, alice, sue):
    create_field(by=sue, name="Weight", kind="number")
    create_field(by=sue, name="Parts", kind="choices", options=["Tyre", "Tube"])
    typed = {"do": "field", "field": "weight", "field_weight": "heavy", "field_parts": ["", "tube"]}
    answer = at(alice).post("/tickets/bulk/", typed | {"number": numbers(many)})
    assert answer.status_code == 422
    assert "Weight: This takes a number" in answer.text
    assert 'name="field_weight" value="heavy"' in answer.text
    assert 'value="tube" checked' in answer.text
    assert 'name="field" value="weight" checked' in answer.text


def test_charlie_fills_nothing(many, charlie, size):
    form = {"do": "field", "field": "size", "field_size": "large", "number": numbers(many)}
    assert said(at(charlie).post("/tickets/bulk/", form, **HTMX), "desk:toast")["isError"] is True
    assert [again(ticket).fields for ticket in many] == [{}, {}]
