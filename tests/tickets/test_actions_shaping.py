"""What managers set of fields and tags: names, order, choices, what is put away, and what follows on tickets."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from tickets.actions import open_ticket, set_fields, tag_ticket
from tickets.actions.shaping import (
    RESERVED,
    archive_field,
    change_field,
    create_field,
    delete_tag,
    merge_tags,
    move_field,
    move_option,
    rename_tag,
)
from tickets.models import Field, Tag, Ticket
from tickets.queries.fields import fields_of
from tickets.search_words import _DAYS, _NAMED, _ONE_OF

pytestmark = pytest.mark.django_db


@pytest.fixture
def size(sue) -> Field:
    return create_field(by=sue, name="Size", kind="choice", options=["Small", "Large"])


def test_a_field_gets_a_word_for_searches_that_nothing_else_has(sue):
    slugs = [create_field(by=sue, name=name, kind="text").slug for name in ("Tag", "Order №", "ordeR", "42", "漢字")]
    assert slugs == ["tag-2", "order-no", "order", "field-42", "field-2"]


def test_what_the_search_box_calls_otherwise_is_no_field():
    assert {*_ONE_OF, *_NAMED, *_DAYS} <= RESERVED


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 61},
        {"kind": "colour"},
        {"kind": "choice", "options": []},
        {"kind": "choice", "options": ["a", "A"]},
        {"kind": "choices", "options": [str(number) for number in range(51)]},
    ],
)
def test_a_field_that_cannot_be_is_refused(sue, wrong):
    with pytest.raises(ValidationError):
        create_field(by=sue, **({"name": "Size", "kind": "text"} | wrong))
    assert not Field.objects.exists()


def test_a_choice_is_renamed_and_what_tickets_hold_follows(ticket, sue, alice, size):
    set_fields(ticket, by=alice, values={"size": "Small"})
    change_field(size, by=sue, name="Frame size", options={"small": "S"}, added=["XL", " ", "Large!"])
    size.refresh_from_db()
    assert [(option["key"], option["name"]) for option in size.options] == [
        ("small", "S"), ("large", "Large"), ("xl", "XL"), ("large-2", "Large!"),
    ]  # fmt: skip
    assert Ticket.objects.get(pk=ticket.pk).fields == {"size": "small"}
    assert size.slug == "size"


def test_a_choice_is_taken_out_and_comes_back_by_its_name(sue, size):
    change_field(size, by=sue, name="Size", options={"small": ""})
    size.refresh_from_db()
    assert size.options[0] == {"key": "small", "name": "Small", "is_gone": True}
    change_field(size, by=sue, name="Size", options={"small": "Small"})
    size.refresh_from_db()
    assert "is_gone" not in size.options[0]
    with pytest.raises(ValidationError):
        change_field(size, by=sue, name="Size", options={"small": "", "large": ""})


def test_choices_change_places(sue, size):
    change_field(size, by=sue, name="Size", added=["XL"])
    move_option(size, by=sue, key="xl", step=-1)
    move_option(size, by=sue, key="nothing", step=-1)
    size.refresh_from_db()
    assert [option["key"] for option in size.options] == ["small", "xl", "large"]


def test_a_kind_changes_only_while_nothing_is_held(ticket, sue, alice):
    field = create_field(by=sue, name="Weight", kind="text")
    change_field(field, by=sue, name="Weight", kind="number")
    set_fields(ticket, by=alice, values={"weight": "12"})
    with pytest.raises(ValidationError):
        change_field(field, by=sue, name="Weight", kind="text")


def test_an_archived_field_is_hidden_and_keeps_what_tickets_hold(ticket, sue, alice, size):
    set_fields(ticket, by=alice, values={"size": "small"})
    archive_field(size, by=sue, is_archived=True)
    assert list(fields_of(ticket)) == []
    with pytest.raises(ValidationError):
        set_fields(ticket, by=alice, values={"size": "large"})
    archive_field(size, by=sue, is_archived=False)
    assert list(fields_of(ticket)) == [size]
    assert Ticket.objects.get(pk=ticket.pk).fields == {"size": "small"}


def test_fields_change_places(sue, size):
    other = create_field(by=sue, name="Order", kind="text")
    move_field(other, by=sue, step=-1)
    assert [field.name for field in Field.objects.all()] == ["Order", "Size"]


def test_a_tag_is_renamed_everywhere_at_once(ticket, sue, alice):
    tag_ticket(ticket, by=alice, tags=["tyre"])
    tag = rename_tag(Tag.objects.get(), by=sue, name=" Tyres,  wide ")
    assert tag.name == "Tyres wide"
    assert [tag.name for tag in ticket.tags.all()] == ["Tyres wide"]


def test_a_tag_takes_no_name_that_another_has(ticket, sue, alice):
    tag_ticket(ticket, by=alice, tags=["tyre", "wheel"])
    with pytest.raises(ValidationError) as refused:
        rename_tag(Tag.objects.get(name="tyre"), by=sue, name="WHEEL")
    assert refused.value.code == "taken"
    assert rename_tag(Tag.objects.get(name="tyre"), by=sue, name="Tyre").name == "Tyre"


def test_two_tags_become_one_and_tickets_follow(ticket, sue, alice, carla, workshop):
    other = open_ticket(carla, by=carla, body="Hm", channel="email", team=workshop, tags=["tire", "tyre"])
    tag_ticket(ticket, by=alice, tags=["tire"])
    tire, tyre = Tag.objects.get(name="tire"), Tag.objects.get(name="tyre")
    with pytest.raises(ValidationError):
        merge_tags(tire, by=sue, into=tire)
    assert merge_tags(tire, by=sue, into=tyre) == 2
    assert [tag.name for tag in ticket.tags.all()] == [tag.name for tag in other.tags.all()] == ["tyre"]
    assert not Tag.objects.filter(name="tire").exists()
    with pytest.raises(ValidationError):
        merge_tags(tire, by=sue, into=tyre)


def test_only_a_tag_that_no_ticket_has_is_deleted(ticket, sue, alice):
    tag_ticket(ticket, by=alice, tags=["tyre"])
    with pytest.raises(ValidationError):
        delete_tag(Tag.objects.get(), by=sue)
    tag_ticket(ticket, by=alice, tags=[])
    delete_tag(Tag.objects.get(), by=sue)
    assert not Tag.objects.exists()


def test_leads_and_agents_do_not_shape(alice, lea, ticket, size, sue):
    tag_ticket(ticket, by=alice, tags=["tyre", "tire"])
    tyre, tire = Tag.objects.get(name="tyre"), Tag.objects.get(name="tire")
    for person in (alice, lea):
        for deed in (
            lambda who: create_field(by=who, name="Mine", kind="text"),
            lambda who: change_field(size, by=who, name="Mine"),
            lambda who: move_field(size, by=who, step=1),
            lambda who: move_option(size, by=who, key="small", step=1),
            lambda who: archive_field(size, by=who, is_archived=True),
            lambda who: rename_tag(tyre, by=who, name="Mine"),
            lambda who: merge_tags(tire, by=who, into=tyre),
            lambda who: delete_tag(tire, by=who),
        ):
            with pytest.raises(PermissionDenied):
                deed(person)
