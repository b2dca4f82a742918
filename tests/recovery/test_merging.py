"""What went wrong on a ticket that is merged later goes on with the one that goes on, and counts once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from recovery.actions import accept_offer, close_case, contact_case, note_failure, open_case
from recovery.models import Case, Decision, Failure, Offer, Trigger
from recovery.queries.gap import failures_before, gap_of
from recovery.queries.helping import followed
from recovery.queries.report import report
from tests.recovery.offering import at_once, failed, sent, steps
from tickets.actions import merge_ticket, open_ticket, undo_merge
from tickets.models import Event, Ticket

NOTED = {"kind": "delay", "severity": 2, "currency": "EUR", "value": Decimal(50), "loss": Decimal(5)}


@pytest.fixture
def other(carla, ticket) -> Ticket:
    """Carla wrote about the same thing again."""
    return open_ticket(carla, by=carla, subject="Again", body="Again.", channel=ticket.channel, team=ticket.team)


def panel(client, ticket) -> str:
    return client.get(reverse("recovery:panel", args=[ticket.pk])).text


def test_failure_and_case_go_on_with_the_survivor_and_come_back(ticket, other, alice):
    case = failed(ticket, alice)
    merge_ticket(ticket, by=alice, into=other)
    assert Failure.objects.get().ticket_id == other.pk
    assert Case.objects.get().ticket_id == other.pk
    gap = gap_of(other, now=timezone.now())
    assert (gap.loss, gap.failure.kind) == (30, "product")
    assert open_case(other, by=alice, trigger=Trigger.AGENT) == case
    undo_merge(Ticket.objects.get(pk=ticket.pk), by=alice)
    assert Failure.objects.get().ticket_id == ticket.pk
    assert Case.objects.get().ticket_id == ticket.pk
    assert gap_of(other, now=timezone.now()).failure is None


def test_an_offer_is_made_answered_and_recorded_where_it_goes_on(ticket, other, alice, carla):
    case = failed(ticket, alice)
    merge_ticket(ticket, by=alice, into=other)
    offer = sent(Case.objects.get(pk=case.pk), alice, "20")
    accept_offer(offer, option=offer.options.get(), by=carla)
    assert steps(offer) == [("reserve", 20), ("issue", 20)]
    assert Event.objects.filter(type="offer.accepted").get().ticket_id == other.pk


def test_an_offer_that_is_out_can_still_be_accepted_once(ticket, other, alice, carla):
    offer = sent(failed(ticket, alice), alice, "20")
    merge_ticket(ticket, by=alice, into=other)
    accept_offer(offer, option=offer.options.get(), by=carla)
    assert Offer.objects.get().case.ticket_id == other.pk
    assert Case.objects.get().state == "accepted"
    assert steps(offer) == [("reserve", 20), ("issue", 20)]


def test_where_the_survivor_has_its_own_that_one_counts(ticket, other, client, alice, lea):
    mine, theirs = failed(ticket, alice), failed(other, alice, loss="10")
    merge_ticket(ticket, by=alice, into=other)
    assert gap_of(other, now=timezone.now()).loss == 10
    assert failures_before(other, alice) == []
    left, goes_on = Case.objects.get(pk=mine.pk), Case.objects.get(pk=theirs.pk)
    assert (left.state, left.close_note, goes_on.is_open) == (
        "closed",
        f"Ticket {other.pk} goes on for this one.",
        True,
    )
    assert report(lea, now=timezone.now(), days=30).cases == 1
    client.force_login(alice)
    text = panel(client, other)
    assert f"Also noted on ticket {ticket.pk}" in text
    assert "Failed them before" not in text
    undo_merge(Ticket.objects.get(pk=ticket.pk), by=alice)
    again = Case.objects.get(pk=mine.pk)
    assert (again.state, again.closed_at, again.close_note) == (mine.state, None, "")
    assert report(lea, now=timezone.now(), days=30).cases == 2


def test_a_case_with_an_offer_out_is_not_closed_by_a_merge(ticket, other, alice, carla, lea):
    offer = sent(failed(ticket, alice), alice, "20")
    failed(other, alice)
    merge_ticket(ticket, by=alice, into=other)
    assert offer.case.ticket_id == ticket.pk
    assert Case.objects.get(ticket=ticket).is_open
    accept_offer(offer, option=offer.options.get(), by=carla)
    found = report(lea, now=timezone.now(), days=30)
    assert (found.cases, found.own.issued) == (2, 20)  # it cost money, so it is told


def test_a_closed_case_stays_as_it_was_closed(ticket, other, alice):
    mine = close_case(failed(ticket, alice), by=alice, note="Explained")
    failed(other, alice)
    merge_ticket(ticket, by=alice, into=other)
    undo_merge(Ticket.objects.get(pk=ticket.pk), by=alice)
    mine.refresh_from_db()
    assert (mine.state, mine.close_note) == ("closed", "Explained")


def test_what_was_noted_on_the_survivor_meanwhile_stays_with_it(ticket, other, alice):
    note_failure(ticket, by=alice, **NOTED)
    merge_ticket(ticket, by=alice, into=other)
    note_failure(other, by=alice, **NOTED | {"severity": 5})
    undo_merge(Ticket.objects.get(pk=ticket.pk), by=alice)
    assert Failure.objects.get().ticket_id == ticket.pk  # it is the same one, said better
    assert Failure.objects.get().severity == 5


def test_over_two_merges_it_goes_all_the_way(ticket, other, alice, carla):
    third = open_ticket(carla, by=carla, body="Third", channel="email", team=ticket.team)
    failed(ticket, alice)
    merge_ticket(ticket, by=alice, into=other)
    merge_ticket(Ticket.objects.get(pk=other.pk), by=alice, into=third)
    assert Case.objects.get().ticket_id == third.pk
    undo_merge(Ticket.objects.get(pk=ticket.pk), by=alice)  # it is not its middle one's any more
    assert Case.objects.get().ticket_id == third.pk


def test_it_is_no_failure_again(ticket, other, alice, sue):
    at = timezone.now() - timedelta(days=70)
    Ticket.objects.update(created_at=at)
    Decision.objects.create(trigger=Trigger.RATING, ticket=ticket, outcome=Decision.Outcome.OPENED, at=at)
    note_failure(ticket, by=alice, at=at + timedelta(days=1), **NOTED)
    merge_ticket(ticket, by=alice, into=other)
    (one,) = followed(sue, now=timezone.now(), days=90)
    assert not one.failed
    Failure.objects.update(severity=5, noted_at=at - timedelta(hours=1))  # known to be grave, wherever it goes on
    assert followed(sue, now=timezone.now(), days=90) == []


def test_who_waited_for_the_ticket_while_it_was_merged_is_told_to_look_again(ticket, other, alice):
    case = failed(ticket, alice)
    stale = Case.objects.select_related("ticket").get(pk=case.pk)
    merge_ticket(ticket, by=alice, into=other)
    with pytest.raises(ValidationError, match="Look again"):
        contact_case(stale, by=alice)


@pytest.mark.django_db(transaction=True)
def test_merging_and_accepting_at_once_leave_one_true_story(ticket, other, alice, carla):
    offer = sent(failed(ticket, alice), alice, "20")
    option = offer.options.get()
    results = at_once(
        lambda: merge_ticket(ticket, by=alice, into=other), lambda: accept_offer(offer, option=option, by=carla)
    )
    assert not isinstance(results[0], Exception), results
    now = Offer.objects.select_related("case").get(pk=offer.pk)
    assert now.case.ticket_id == other.pk
    if isinstance(results[1], Exception):
        assert isinstance(results[1], ValidationError), results
        assert steps(now) == [("reserve", 20)]
        accept_offer(now, option=option, by=carla)
    assert steps(now) == [("reserve", 20), ("issue", 20)]
