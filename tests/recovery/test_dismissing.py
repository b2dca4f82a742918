"""A part of the hassle that was none: with a reason, shown struck through, and undone."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from recovery.actions import dismiss_hassle, mark_hassle, restore_hassle
from recovery.models import HassleDismissal
from recovery.queries.gap import gap_of
from tickets.actions import assign_ticket, merge_ticket, open_ticket, transfer_ticket, trash_ticket
from tickets.models import Event, Ticket


@pytest.fixture
def passed_on(ticket, alice, bob) -> Event:
    """Alice had it, and Bob got it."""
    assign_ticket(ticket, by=alice, user=alice, team=ticket.team)
    transfer_ticket(ticket, by=alice, user=bob)
    return Event.objects.filter(ticket=ticket, type="ticket.handed_over").latest("seq")


def hassle(ticket: Ticket) -> Decimal:
    return gap_of(ticket, now=timezone.now()).hassle


def address(ticket: Ticket) -> str:
    return reverse("recovery:dismiss_hassle", args=[ticket.pk])


# --- The action ---
def test_what_was_no_trouble_counts_nothing_until_it_is_taken_back(ticket, passed_on, alice, bob):
    assert hassle(ticket) == 2
    dismissed = dismiss_hassle(passed_on, by=alice, part="transfer", reason=" Bob sits  beside me ")
    assert dismissed.reason == "Bob sits beside me"
    assert hassle(ticket) == 0
    (part,) = gap_of(ticket, now=timezone.now()).parts
    assert part.evidence[0].dismissed == "Bob sits beside me"
    assert dismiss_hassle(passed_on, by=bob, part="transfer", reason="Again") == dismissed
    assert restore_hassle(passed_on, by=bob, part="transfer")
    assert not restore_hassle(passed_on, by=bob, part="transfer")
    assert hassle(ticket) == 2
    told = Event.objects.filter(ticket=ticket, type__startswith="hassle.").order_by("seq")
    assert [(one.type, one.by_user_id) for one in told] == [
        ("hassle.dismissed", alice.pk),
        ("hassle.restored", bob.pk),
    ]
    assert told[0].data == {"part": "transfer", "seq": passed_on.seq, "reason": "Bob sits beside me"}
    assert not told[0].is_public


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_it_takes_a_reason(passed_on, alice, reason):
    with pytest.raises(ValidationError):
        dismiss_hassle(passed_on, by=alice, part="transfer", reason=reason)
    assert not HassleDismissal.objects.exists()


def test_the_database_wants_a_reason_too(ticket, passed_on):
    with pytest.raises(IntegrityError), transaction.atomic():
        HassleDismissal.objects.create(ticket=ticket, event=passed_on, part="transfer", reason="")


@pytest.mark.parametrize("part", ["waiting", "trip", "asked_twice", "nonsense"])
def test_only_what_is_counted_there_is_dismissed(passed_on, alice, part):
    with pytest.raises(ValidationError):
        dismiss_hassle(passed_on, by=alice, part=part, reason="No")
    assert not Event.objects.filter(type="hassle.dismissed").exists()


def test_customers_dismiss_nothing(passed_on, carla, ticket, alice):
    for act in (
        lambda: dismiss_hassle(passed_on, by=carla, part="transfer", reason="No"),
        lambda: restore_hassle(passed_on, by=carla, part="transfer"),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_not_in_the_trash(passed_on, alice, ticket):
    trash_ticket(ticket, by=alice)
    with pytest.raises(ValidationError):
        dismiss_hassle(passed_on, by=alice, part="transfer", reason="No")
    with pytest.raises(ValidationError):
        restore_hassle(passed_on, by=alice, part="transfer")


# --- The panel ---
def test_the_panel_shows_it_struck_through_and_lets_it_count_again(client, ticket, passed_on, alice):
    client.force_login(alice)
    said = {"event": passed_on.pk, "part": "transfer"}
    text = client.post(address(ticket), said | {"reason": "Same desk"}, headers={"HX-Request": "true"}).text
    assert "Not counted: Same desk" in text
    assert "<s>" in text
    assert "of hassle so far" not in text
    text = client.post(address(ticket), said | {"is_off": "on"}, headers={"HX-Request": "true"}).text
    assert "<s>" not in text
    assert hassle(ticket) == 2


def test_without_a_reason_it_says_so(client, ticket, passed_on, alice):
    client.force_login(alice)
    answer = client.post(address(ticket), {"event": passed_on.pk, "part": "transfer"})
    assert answer.status_code == 422
    assert "Say in a few words" in answer.text


def test_what_happened_on_a_ticket_that_was_merged_is_dismissed_on_the_one_that_goes_on(
    client, ticket, passed_on, alice, carla
):
    other = open_ticket(carla, by=carla, body="Again", channel=ticket.channel, team=ticket.team)
    merge_ticket(ticket, by=alice, into=other)
    client.force_login(alice)
    said = {"event": passed_on.pk, "part": "transfer", "reason": "Same desk"}
    assert client.post(address(other), said).status_code == 303
    assert HassleDismissal.objects.get().ticket_id == ticket.pk
    assert hassle(other) == 0


def test_an_event_of_another_matter_is_not_found(client, ticket, passed_on, alice, dora, workshop):
    other = open_ticket(dora, by=dora, body="Bell", channel="chat", team=workshop)
    client.force_login(alice)
    said = {"event": passed_on.pk, "part": "transfer", "reason": "Same desk"}
    assert client.post(address(other), said).status_code == 404
    assert not HassleDismissal.objects.exists()


def test_a_mark_is_taken_back_where_it_is_counted(client, ticket, alice):
    message = ticket.messages.get()
    mark_hassle(message, by=alice, part="trip")
    client.force_login(alice)
    text = client.get(reverse("recovery:panel", args=[ticket.pk])).text
    assert "Take the mark back" in text
    assert "Was it none?" not in text


def test_a_timeline_tells_both(client, ticket, passed_on, alice):
    dismiss_hassle(passed_on, by=alice, part="transfer", reason="Same desk")
    restore_hassle(passed_on, by=alice, part="transfer")
    client.force_login(alice)
    text = client.get(ticket.get_absolute_url()).text
    assert "do not count “Was passed on”: Same desk" in text or "does not count “Was passed on”: Same desk" in text
    assert "“Was passed on” again" in text
