"""Searches, views and macros by the company's own fields and statuses."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from tickets.actions import apply_steps, save_view, set_fields, set_status
from tickets.actions.shaping import archive_field, create_field, create_status
from tickets.macros import Steps
from tickets.models import Ticket
from tickets.queries.filtering import keep_of, understand
from tickets.search_words import Asked, other_keys, parse

TODAY = date(2026, 11, 22)
FIELDS = {"order-number": Asked("Order number", lambda typed: typed.upper() if typed != "?" else None)}


def test_a_field_is_asked_by_its_word_and_a_colon():
    part = parse('order-number:"a 17"', TODAY, FIELDS).parts[0]
    assert (part.key, part.held, part.label) == ("order-number", "A 17", "Order number: a 17")
    assert parse("order-number:none", TODAY, FIELDS).parts[0].held == "NONE"
    assert parse("-Order-Number:x", TODAY, FIELDS).parts[0].is_excluded


def test_what_no_field_can_hold_is_words():
    for text in ("order-number:?a", "colour:red"):
        fields = {"order-number": Asked("Order number", lambda typed: None)}
        assert parse(text, TODAY, fields).parts[0].key == ""


def test_only_what_may_be_a_field_is_looked_up():
    assert other_keys("is:open from:carla https://a.example to:me status:x") == set()
    assert other_keys("Order-Number:5 -size:large 17:30") == {"order-number", "size"}


@pytest.fixture
def filled(ticket, chat_ticket, alice, sue):
    """Two tickets with fields of each kind; the other one is empty."""
    for name, kind, options in (
        ("Order", "text", None),
        ("Weight", "number", None),
        ("Due", "date", None),
        ("Warranty", "yes_no", None),
        ("Size", "choice", ["Small", "Very large"]),
        ("Parts", "choices", ["Tyre", "Tube"]),
    ):
        create_field(by=sue, name=name, kind=kind, options=options)
    values = {
        "order": "A 17", "weight": "12,50", "due": "1.12.2026", "warranty": "yes", "size": "Very large",
        "parts": ["Tyre", "Tube"],
    }  # fmt: skip
    set_fields(ticket, by=alice, values=values)
    return ticket


def found(text: str, viewer) -> list[int]:
    return sorted(Ticket.objects.filter(keep_of(understand(text, viewer), viewer)).values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        'order:"A 17"', "weight:12.5", "weight:12,500", "due:2026-12-01", "due:1.12.2026", "warranty:yes",
        'size:"very large"', "size:very-large", "parts:tube", "parts:tube parts:tyre", "-size:small",
    ],
)  # fmt: skip
def test_what_it_holds_is_found_however_it_is_written(filled, chat_ticket, alice, text):
    assert filled.pk in found(text, alice)
    assert (chat_ticket.pk in found(text, alice)) == text.startswith("-")


@pytest.mark.django_db
@pytest.mark.parametrize("text", ['order:"A 1"', "weight:12", "due:2026-12-02", "warranty:no", "size:small"])
def test_only_exactly_what_it_holds_is_found(filled, alice, text):
    assert found(text, alice) == []


@pytest.mark.django_db
def test_an_empty_field_is_found_and_an_archived_one_is_words(filled, chat_ticket, alice, sue):
    assert found("size:none", alice) == [chat_ticket.pk]
    archive_field(create_field(by=sue, name="Colour", kind="text"), by=sue, is_archived=True)
    assert understand("colour:red", alice).parts[0].key == ""


@pytest.mark.django_db
def test_the_index_answers_it(filled, alice):
    rows = Ticket.objects.filter(keep_of(understand('order:"A 17"', alice), alice))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "ticket_fields" in rows.values("pk").explain()


@pytest.mark.django_db
def test_a_status_of_ones_own_is_found_by_its_name(ticket, chat_ticket, alice, sue):
    parts = create_status(by=sue, name="Waiting for parts", status="on_hold")
    set_status(ticket, by=alice, status="on_hold", named=parts)
    assert found('status:"waiting FOR parts"', alice) == [ticket.pk]
    assert found('-status:"Waiting for parts"', alice) == [chat_ticket.pk]
    assert found("status:on_hold", alice) == [ticket.pk]
    assert found("status:nothing", alice) == []


@pytest.mark.django_db
def test_a_view_shows_a_field_in_its_rows(filled, alice):
    view = save_view(by=alice, name="Orders", query="warranty:yes", columns=["number", "field:order"])
    client = Client()
    client.force_login(alice)
    assert "A 17" in client.get(f"/inbox/?view=saved-{view.pk}").text
    page = client.get(f"/views/{view.pk}/").text
    assert 'value="field:order"' in page
    with pytest.raises(ValidationError):
        save_view(by=alice, name="Others", query="is:open", columns=["field:nothing"])


@pytest.mark.django_db
def test_a_macro_fills_a_field_and_sets_a_status_of_ones_own(ticket, alice, sue):
    create_field(by=sue, name="Order number", kind="text")
    parts = create_status(by=sue, name="Waiting for parts", status="on_hold")
    steps = Steps().check([
        {"do": "field", "value": "order NUMBER:  B 2 "}, {"do": "status", "value": f"named:{parts.pk}"},
    ])  # fmt: skip
    assert steps[0] == {"do": "field", "value": "order-number: B 2"}
    assert Steps().say(steps[1]) == "mark as Waiting for parts"
    apply_steps(ticket, by=alice, steps=steps, macros=[])
    ticket.refresh_from_db()
    assert (ticket.fields, ticket.named_status) == ({"order-number": "B 2"}, parts)


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["colour: red", "nothing", ": x", "weight: heavy"])
def test_a_macro_fills_no_field_that_is_none(sue, value):
    create_field(by=sue, name="Weight", kind="number")
    with pytest.raises(ValidationError):
        Steps().check([{"do": "field", "value": value}])
