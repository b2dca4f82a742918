"""Failures and marks on tickets, and the hassle that is read from their events."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import Desk
from recovery.actions import mark_hassle, note_failure, unmark_hassle, withdraw_failure
from recovery.models import Failure, HassleMark, Rate
from recovery.queries.gap import failures_before, gap_of
from recovery.queries.hassle import matter_of
from tickets.actions import (
    assign_ticket,
    link_ticket,
    merge_ticket,
    open_ticket,
    post_message,
    remembering,
    reopen_ticket,
    resolve_ticket,
    transfer_ticket,
    trash_ticket,
    undo,
)
from tickets.models import Event, Message, Ticket

pytestmark = pytest.mark.django_db
SAID: dict[str, Any] = {
    "kind": "product",
    "severity": 3,
    "currency": "EUR",
    "value": Decimal("59.90"),
    "loss": Decimal("3.00"),
    "is_our_fault": True,
    "note": "Ordered the 47 instead of the 42.",
}


def counts(ticket: Ticket, *, now: datetime | None = None) -> dict[str, Decimal]:
    gap = gap_of(Ticket.objects.get(pk=ticket.pk), now=now or timezone.now())
    return {part.part: part.count for part in gap.parts}


@pytest.fixture
def monday() -> datetime:
    """Ten days ago, so that nothing of the tests lies in the future."""
    return timezone.now() - timedelta(days=10)


@pytest.fixture
def old_ticket(carla, workshop, desk_row, monday) -> Ticket:
    Desk.objects.update(promise_minutes=60)
    return open_ticket(carla, by=carla, body="Is the 42 there?", channel="chat", team=workshop, at=monday)


# --- Failures --------------------------------------------------------------------------------
def test_what_went_wrong_is_noted_and_told(ticket, alice):
    failure = note_failure(ticket, by=alice, **SAID)
    assert (failure.by, failure.loss, failure.is_our_fault) == (alice, Decimal("3.00"), True)
    event = Event.objects.get(ticket=ticket, type="failure.noted")
    assert event.data["loss"] == "3"
    assert not event.is_public


def test_to_say_the_same_again_changes_nothing(ticket, alice, lea):
    note_failure(ticket, by=alice, **SAID)
    note_failure(ticket, by=lea, **SAID)
    assert Event.objects.filter(ticket=ticket, type__startswith="failure.").count() == 1


def test_it_can_be_said_better(ticket, alice, lea):
    note_failure(ticket, by=alice, **SAID)
    failure = note_failure(ticket, by=lea, **SAID | {"severity": 4, "is_our_fault": None})
    assert (failure.severity, failure.is_our_fault, failure.by) == (4, None, alice)
    assert Event.objects.get(ticket=ticket, type="failure.changed").by_user == lea


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "weather"},
        {"severity": 0},
        {"severity": 6},
        {"value": Decimal("-1")},
        {"loss": Decimal("60")},
        {"loss": Decimal("0.001")},
        {"value": Decimal("NaN")},
        {"value": Decimal("Infinity")},
        {"value": Decimal("1e40")},
        {"currency": "eur"},
        {"currency": "JPY", "value": Decimal("10.50"), "loss": Decimal(1)},
    ],
)
def test_what_cannot_be_is_refused(ticket, alice, wrong):
    with pytest.raises(ValidationError):
        note_failure(ticket, by=alice, **SAID | wrong)
    assert not Failure.objects.exists()
    assert not Event.objects.filter(type="failure.noted").exists()


def test_nothing_is_noted_on_what_is_in_the_trash_or_merged(ticket, alice, carla):
    other = open_ticket(carla, by=carla, body="Again", channel="email", team=ticket.team)
    merge_ticket(ticket, by=alice, into=other)
    with pytest.raises(ValidationError, match="goes on"):
        note_failure(ticket, by=alice, **SAID)
    trash_ticket(other, by=alice)
    with pytest.raises(ValidationError):
        note_failure(other, by=alice, **SAID)


def test_customers_note_nothing(ticket, carla):
    with pytest.raises(PermissionDenied):
        note_failure(ticket, by=carla, **SAID)


def test_it_is_taken_back(ticket, alice):
    note_failure(ticket, by=alice, **SAID)
    assert withdraw_failure(ticket, by=alice)
    assert not withdraw_failure(ticket, by=alice)
    assert Event.objects.filter(type="failure.withdrawn").count() == 1


# --- Marks -----------------------------------------------------------------------------------
def test_a_trip_is_marked_once_and_taken_back(ticket, alice, bob):
    message = ticket.messages.get()
    assert mark_hassle(message, by=alice, part="trip") == mark_hassle(message, by=bob, part="trip")
    assert counts(ticket) == {"trip": 1}
    assert unmark_hassle(message, by=bob, part="trip")
    assert not unmark_hassle(message, by=bob, part="trip")
    assert counts(ticket) == {}
    types = list(Event.objects.filter(type__startswith="hassle.").values_list("type", flat=True).order_by("seq"))
    assert types == ["hassle.marked", "hassle.unmarked"]


@pytest.mark.parametrize("part", ["waiting", "", "trips"])
def test_only_what_no_event_tells_is_marked(ticket, alice, part):
    with pytest.raises(ValidationError):
        mark_hassle(ticket.messages.get(), by=alice, part=part)
    assert not HassleMark.objects.exists()


def test_customers_mark_nothing(ticket, carla):
    with pytest.raises(PermissionDenied):
        mark_hassle(ticket.messages.get(), by=carla, part="trip")


# --- From events -----------------------------------------------------------------------------
def test_a_new_ticket_has_no_hassle(ticket):
    assert counts(ticket) == {}


def test_the_tyre_story(old_ticket, alice, bob, carla, shop, monday):
    """Asked on Monday, told yes; drove there on Thursday for nothing, passed on, and waited for an answer."""
    post_message(old_ticket, by=alice, body="Yes, it is here.", at=monday + timedelta(minutes=5))
    back = monday + timedelta(days=3)
    said = post_message(old_ticket, by=carla, body="I drove forty minutes and it is a 47.", at=back)
    transfer_ticket(old_ticket, by=alice, team=shop, at=back + timedelta(hours=1))
    post_message(old_ticket, by=alice, body="I am sorry.", at=back + timedelta(hours=2, minutes=40))
    mark_hassle(said, by=alice, part="trip")
    # Carla waits since the transfer at the latest; one hour is promised, 2 h 40 min it took.
    assert counts(old_ticket) == {"repeat_contact": 1, "transfer": 1, "waiting": Decimal("1.5"), "trip": 1}
    gap = gap_of(old_ticket, now=timezone.now())
    assert gap.hassle == 3 + 2 + 6 + 15
    (waiting,) = [part for part in gap.parts if part.part == "waiting"]
    assert waiting.evidence[0].message_id == said.pk


def test_who_still_waits_waits_longer(old_ticket, monday):
    assert counts(old_ticket, now=monday + timedelta(minutes=80)) == {"waiting": Decimal("0.25")}
    assert counts(old_ticket, now=monday + timedelta(days=5)) == {"waiting": 8}


def test_sorting_what_nobody_has_had_is_no_transfer(old_ticket, alice, bob, shop, monday):
    now = monday + timedelta(minutes=1)
    assign_ticket(old_ticket, by=alice, user=bob, team=old_ticket.team, at=now)
    assert counts(old_ticket, now=now) == {}
    assign_ticket(old_ticket, by=alice, user=None, team=shop, at=now)
    assert counts(old_ticket, now=now) == {"transfer": 1}


def test_a_transfer_that_is_undone_never_was(ticket, alice, bob, lea, workshop):
    assign_ticket(ticket, by=alice, user=alice, team=workshop)
    with remembering([ticket], by=alice) as noted:
        transfer_ticket(ticket, by=alice, user=bob)
    assert counts(ticket) == {"transfer": 1}
    assert noted.undo is not None
    undo(noted.undo, by=alice)
    assert counts(ticket) == {}


def test_coming_back_counts_once(old_ticket, alice, carla, monday):
    now = monday + timedelta(minutes=30)
    post_message(old_ticket, by=alice, body="It is here.", at=now)
    resolve_ticket(old_ticket, by=alice, root_cause=None, at=now)
    post_message(old_ticket, by=carla, body="It is not.", at=now + timedelta(days=1))
    assert counts(old_ticket, now=now + timedelta(days=1)) == {"reopened": 1}


def test_our_own_reopening_counts_and_its_undoing_does_not(ticket, alice):
    with remembering([ticket], by=alice) as noted:
        resolve_ticket(ticket, by=alice, root_cause=None)
    assert noted.undo is not None
    undo(noted.undo, by=alice)
    assert counts(ticket) == {}
    resolve_ticket(ticket, by=alice, root_cause=None)
    reopen_ticket(ticket, by=alice)
    assert counts(ticket) == {"reopened": 1}


def test_merged_and_same_tickets_are_one_matter(old_ticket, alice, carla, dora, workshop, monday):
    at = monday + timedelta(days=1)
    post_message(old_ticket, by=alice, body="Yes.", at=monday + timedelta(minutes=5))
    second = open_ticket(carla, by=carla, body="By mail, then.", channel="email", team=workshop, at=at)
    third = open_ticket(carla, by=carla, body="Hello?", channel="form", team=workshop, at=at + timedelta(hours=5))
    strange = open_ticket(dora, by=dora, body="Mine", channel="chat", team=workshop, at=at)
    link_ticket(second, by=alice, other=strange, kind="duplicate")
    assert set(matter_of(second)) == {second}
    merge_ticket(old_ticket, by=alice, into=second)
    link_ticket(third, by=alice, other=second, kind="duplicate")
    assert set(matter_of(third)) == {old_ticket, second, third}
    now = at + timedelta(hours=5)
    for one in (old_ticket, second, third):
        found = counts(one, now=now)
        assert (found["repeat_contact"], found["channel_change"]) == (2, 2)


def test_a_ticket_that_continues_another_came_back(old_ticket, alice, carla, monday):
    post_message(old_ticket, by=alice, body="Done.", at=monday)
    resolve_ticket(old_ticket, by=alice, root_cause=None, at=monday - timedelta(days=20))
    again: Message = post_message(old_ticket, by=carla, body="It broke again.")
    assert again.ticket != old_ticket
    assert counts(again.ticket) == {"reopened": 1}


def test_what_we_write_to_ourselves_is_no_answer(old_ticket, alice, monday):
    post_message(old_ticket, by=alice, body="Ask the depot.", kind="note", at=monday + timedelta(minutes=5))
    assert counts(old_ticket, now=monday + timedelta(hours=3)) == {"waiting": 2}


# --- The gap ---------------------------------------------------------------------------------
def test_without_a_failure_the_gap_is_the_hassle(old_ticket, monday):
    gap = gap_of(old_ticket, now=monday + timedelta(hours=3))
    assert (gap.failure, gap.value, gap.currency, gap.hassle, gap.on_ten()) == (None, None, "EUR", 8, None)


def test_a_foreign_failure_needs_a_rate(ticket, alice, adam):
    note_failure(ticket, by=alice, **SAID | {"currency": "JPY", "value": Decimal(9000), "loss": Decimal(900)})
    mark_hassle(ticket.messages.get(), by=alice, part="trip")
    gap = gap_of(ticket, now=timezone.now())
    assert (gap.lacks_rate, gap.hassle, gap.total, gap.parts_currency) == (True, 0, 900, "EUR")
    Rate.objects.create(currency="JPY", rate=Decimal("0.006"), changed_by=adam, changed_at=timezone.now())
    gap = gap_of(ticket, now=timezone.now())
    assert (gap.lacks_rate, gap.hassle, gap.total, gap.parts_currency) == (False, 2500, 3400, "JPY")


def test_earlier_failures_are_told_to_those_who_may_see_them(ticket, alice, charlie, carla, workshop):
    before = open_ticket(carla, by=carla, body="The bell.", channel="email", team=workshop)
    note_failure(before, by=alice, **SAID)
    assert [one.ticket for one in failures_before(ticket, alice)] == [before]
    assert failures_before(ticket, charlie) == []
