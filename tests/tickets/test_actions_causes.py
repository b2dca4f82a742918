"""Root causes: the tree, what is mended, and two that are one."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from tickets.actions import create_macro, open_ticket, resolve_ticket
from tickets.actions.causes import (
    MOST_LEVELS,
    add_cause,
    archive_cause,
    look_after_cause,
    merge_causes,
    move_merged_tickets,
    place_cause,
)
from tickets.models import RootCause, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(sue) -> RootCause:
    return add_cause(by=sue, name="Delivery")


@pytest.fixture
def depot(sue, delivery) -> RootCause:
    return add_cause(by=sue, name="Left at the depot", parent=delivery)


def code(info) -> str:
    error = info.value
    return next(iter(error.error_dict.values()))[0].code if hasattr(error, "error_dict") else error.code


def test_a_cause_has_a_place_and_a_slug_that_stays(sue, delivery, depot):
    assert (depot.parent, depot.slug, depot.state) == (delivery, "left-at-the-depot", "open")
    renamed = place_cause(depot, by=sue, name="  Carrier left it\x00 at the depot ", parent=None)
    assert (renamed.name, renamed.parent, renamed.slug) == ("Carrier left it at the depot", None, "left-at-the-depot")


def test_slugs_are_given_once(sue, delivery):
    again = add_cause(by=sue, name="delivery", parent=delivery)
    assert again.slug == "delivery-2"
    assert add_cause(by=sue, name="None").slug == "none-2"  # `none` is what a form says for no cause
    assert add_cause(by=sue, name="運送").slug == "cause"


@pytest.mark.parametrize("who", ["alice", "lea"])
def test_only_managers_keep_the_tree(request, who, depot):
    by = request.getfixturevalue(who)
    for change in (
        lambda: add_cause(by=by, name="New"),
        lambda: place_cause(depot, by=by, name="New", parent=None),
        lambda: look_after_cause(depot, by=by, state="fixing", owner=by, change=""),
        lambda: archive_cause(depot, by=by, is_archived=True),
        lambda: merge_causes(depot, by=by, into=depot.parent),
    ):
        with pytest.raises(PermissionDenied):
            change()
    depot.refresh_from_db()
    assert (RootCause.objects.count(), depot.name, depot.state) == (2, "Left at the depot", "open")


@pytest.mark.parametrize(
    ("name", "expected"), [("", "empty"), (" \x00\n", "empty"), ("x" * 121, "invalid"), ("LEFT AT THE DEPOT", "taken")]
)
def test_a_name_is_needed_and_free_where_it_is(sue, delivery, depot, name, expected):
    with pytest.raises(ValidationError) as info:
        add_cause(by=sue, name=name, parent=delivery)
    assert code(info) == expected
    assert RootCause.objects.count() == 2


def test_nothing_is_below_itself(sue, delivery, depot):
    for parent in (delivery, depot):
        with pytest.raises(ValidationError) as info:
            place_cause(delivery, by=sue, name="Delivery", parent=parent)
        assert code(info) == "invalid"


def test_the_tree_can_still_be_read(sue, delivery):
    deepest = delivery
    for level in range(1, MOST_LEVELS):
        deepest = add_cause(by=sue, name=f"Level {level}", parent=deepest)
    with pytest.raises(ValidationError):
        add_cause(by=sue, name="One more", parent=deepest)
    top = add_cause(by=sue, name="Top")
    with pytest.raises(ValidationError):  # with what is below it, it would be too deep
        place_cause(delivery, by=sue, name="Delivery", parent=top)


def test_fixed_is_only_what_says_so(sue, alice, depot):
    with pytest.raises(ValidationError) as info:
        look_after_cause(depot, by=sue, state="fixed", owner=None, change=" ")
    assert code(info) == "empty"
    words = "The carrier rings before it leaves a parcel."
    fixed = look_after_cause(depot, by=sue, state="fixed", owner=alice, change=words)
    assert (fixed.state, fixed.change, fixed.owner) == ("fixed", words, alice)
    since = fixed.fixed_at
    assert since is not None
    again = look_after_cause(depot, by=sue, state="fixed", owner=None, change=words + " Always.")
    assert again.fixed_at == since  # corrected words are no other day
    back = look_after_cause(depot, by=sue, state="open", owner=alice, change=words)
    assert (back.fixed_at, back.change) == (None, words)


@pytest.mark.parametrize("wrong", [{"state": "gone"}, {"change": "x" * 301}])
def test_what_cannot_be_said_changes_nothing(sue, depot, wrong):
    with pytest.raises(ValidationError):
        look_after_cause(depot, by=sue, **({"state": "fixing", "owner": None, "change": ""} | wrong))
    depot.refresh_from_db()
    assert (depot.state, depot.change) == ("open", "")


def test_whoever_has_left_sees_to_nothing_new(sue, bob, depot):
    bob.is_active = False
    bob.save()
    with pytest.raises(ValidationError):
        look_after_cause(depot, by=sue, state="fixing", owner=bob, change="")


def test_archived_goes_with_what_is_below_and_comes_back_with_what_is_above(sue, delivery, depot):
    archive_cause(delivery, by=sue, is_archived=True)
    assert not RootCause.objects.offered().exists()
    archive_cause(depot, by=sue, is_archived=False)
    assert set(RootCause.objects.offered()) == {delivery, depot}


def test_an_archived_one_comes_not_back_beside_its_namesake(sue, depot, delivery):
    archive_cause(depot, by=sue, is_archived=True)
    add_cause(by=sue, name="left at the depot", parent=delivery)
    with pytest.raises(ValidationError) as info:
        archive_cause(depot, by=sue, is_archived=False)
    assert code(info) == "taken"


def test_two_that_are_one(sue, alice, ticket, delivery, depot):
    late = add_cause(by=sue, name="Came late", parent=depot)
    other = add_cause(by=sue, name="At the depot")
    macro = create_macro(by=sue, name="Depot", owner=None, steps=[{"do": "resolve", "value": depot.slug}])
    resolve_ticket(ticket, by=alice, root_cause=depot)
    told = ticket.events.get(type="ticket.resolved").data
    merge_causes(depot, by=sue, into=other)
    ticket.refresh_from_db()
    late.refresh_from_db()
    macro.refresh_from_db()
    assert (ticket.root_cause, late.parent, macro.steps) == (other, other, [{"do": "resolve", "value": other.slug}])
    assert ticket.events.get(type="ticket.resolved").data == told
    assert RootCause.objects.known_as(depot.slug) == other
    assert set(RootCause.objects.offered()) == {delivery, late, other}
    third = add_cause(by=sue, name="Third")
    merge_causes(other, by=sue, into=third)  # whoever was merged before goes on with it
    assert RootCause.objects.known_as(depot.slug) == third
    for change in (
        lambda: merge_causes(depot, by=sue, into=third),
        lambda: archive_cause(depot, by=sue, is_archived=False),
        lambda: add_cause(by=sue, name="Below", parent=depot),
    ):
        with pytest.raises(ValidationError):
            change()


def test_none_is_merged_into_itself_or_below(sue, delivery, depot):
    for into in (delivery, depot):
        with pytest.raises(ValidationError) as info:
            merge_causes(delivery, by=sue, into=into)
        assert code(info) == "invalid"


def test_many_tickets_move_over_bit_by_bit(sue, alice, carla, monkeypatch, delivery, depot):
    monkeypatch.setattr("tickets.actions.causes.AT_ONCE", 2)
    for number in range(5):
        parcel = open_ticket(carla, by=carla, subject=f"Parcel {number}", body="Where?", channel="email")
        resolve_ticket(parcel, by=alice, root_cause=depot)
    merge_causes(depot, by=sue, into=delivery)
    assert Ticket.objects.filter(root_cause=delivery).count() == 2
    assert [move_merged_tickets() for _round in range(3)] == [2, 1, 0]
    assert Ticket.objects.filter(root_cause=delivery).count() == 5


def test_what_was_merged_is_still_chosen_by_its_old_slug(client, sue, alice, ticket, delivery, depot):
    merge_causes(depot, by=sue, into=delivery)
    client.force_login(alice)
    client.post(f"/tickets/{ticket.number}/resolve/", {"root_cause": depot.slug})
    ticket.refresh_from_db()
    assert ticket.root_cause == delivery


def test_archived_causes_are_not_chosen(client, sue, alice, ticket, depot):
    archive_cause(depot, by=sue, is_archived=True)
    client.force_login(alice)
    assert depot.name not in client.get(f"/tickets/{ticket.number}/").content.decode()
    client.post(f"/tickets/{ticket.number}/resolve/", {"root_cause": depot.slug})
    ticket.refresh_from_db()
    assert not ticket.is_solved
