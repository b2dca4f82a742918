"""Cases: opened, worked on, closed and taken up again."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.template.loader import get_template
from django.utils import timezone

from recovery import actions
from recovery.actions import (
    close_case,
    contact_case,
    escalate_case,
    mark_answered,
    mark_offered,
    open_case,
    reopen_case,
    take_case,
    verify_case,
)
from recovery.models import Case, Failure, Offer, Policy, Trigger
from recovery.queries.cases import earlier_failure, owner_for
from recovery.queries.whys import earlier_words, why_words
from tickets.actions import assign_ticket, merge_ticket, open_ticket, trash_ticket
from tickets.models import Event

NOW = timezone.now()


def opened(ticket, by=None, trigger=Trigger.AGENT, why=None, **more) -> Case:
    return open_case(ticket, by=by, trigger=trigger, why=why or {"note": "They sounded lost"}, **more)


def another(ticket, subject="The brake squeaks", at=None):
    return open_ticket(
        ticket.customer,
        by=ticket.customer,
        subject=subject,
        body="Again.",
        channel="email",
        team=ticket.team,
        at=at,
    )


def failed(ticket, at, **more) -> Failure:
    said = {"kind": "product", "severity": 3, "currency": "EUR", "value": Decimal(40), "loss": Decimal(10)}
    return Failure.objects.create(ticket=ticket, noted_at=at, changed_at=at, **said | more)


def code_of(error: pytest.ExceptionInfo[ValidationError]) -> str:
    return error.value.code


# --- Opening ---
def test_a_case_is_due_after_a_day_and_after_two(ticket, alice):
    case = opened(ticket, by=alice)
    assert case.contact_due_at - case.opened_at == timedelta(hours=24)
    assert case.resolution_due_at - case.opened_at == timedelta(hours=48)
    assert (case.state, case.trigger, case.opened_by, case.customer) == ("detected", "agent", alice, ticket.customer)
    event = Event.objects.get(ticket=ticket, type="case.opened")
    assert (event.by_user, event.is_public, event.data["why"]["note"]) == (alice, False, "They sounded lost")


def test_what_is_due_is_set_by_the_company(ticket, alice):
    Policy.objects.create(first_touch_hours=2, resolution_hours=5)
    case = opened(ticket, by=alice)
    assert case.contact_due_at - case.opened_at == timedelta(hours=2)
    assert case.resolution_due_at - case.opened_at == timedelta(hours=5)


def test_opening_twice_is_one_case(ticket, alice, bob):
    assert opened(ticket, by=alice) == opened(ticket, by=bob)
    assert Event.objects.filter(type="case.opened").count() == 1


def test_it_belongs_to_the_tickets_agent_if_they_are_here(ticket, alice, lea):
    assign_ticket(ticket, by=alice, user=alice)
    ticket.refresh_from_db()
    assert owner_for(ticket, is_senior=False) == alice
    alice.availability = "away"
    alice.save()
    ticket.refresh_from_db()
    assert owner_for(ticket, is_senior=False) == lea


def test_without_an_agent_it_is_a_leads_of_the_team_then_a_managers(ticket, alice, lea, sue):
    assert opened(ticket).owner == lea
    lea.is_active = False
    lea.save()
    assert owner_for(ticket, is_senior=False) == sue


def test_with_nobody_senior_it_is_whoever_opened_it(ticket, alice):
    assert opened(ticket, by=alice).owner == alice


def test_no_case_is_opened_on_what_was_merged_or_thrown_away(ticket, alice):
    other = another(ticket)
    merge_ticket(other, by=alice, into=ticket)
    with pytest.raises(ValidationError) as merged:
        opened(other, by=alice)
    assert code_of(merged) == "closed"
    trash_ticket(ticket, by=alice)
    with pytest.raises(ValidationError) as trashed:
        opened(ticket, by=alice)
    assert code_of(trashed) == "trashed"
    assert not Case.objects.exists()


def test_customers_work_on_no_cases(ticket, carla, alice):
    case = opened(ticket, by=alice)
    for act in (
        lambda: opened(ticket, by=carla),
        lambda: verify_case(case, by=carla),
        lambda: close_case(case, by=carla, note="x"),
        lambda: reopen_case(case, by=carla, why="x"),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_who_may_see_a_ticket_sees_its_case_and_nobody_else(ticket, alice, charlie, sue, carla):
    case = opened(ticket, by=alice)
    for viewer in (alice, sue):
        assert case in Case.objects.visible_to(viewer)
    for viewer in (charlie, carla, None):
        assert not Case.objects.visible_to(viewer).exists()


# --- The second failure ---
def test_another_case_within_sixty_days_makes_it_a_senior_persons(ticket, alice, lea):
    assign_ticket(ticket, by=alice, user=alice)
    first = opened(ticket, by=alice, at=NOW - timedelta(days=59))
    later = another(ticket)
    assign_ticket(later, by=alice, user=alice)
    second = opened(later, by=alice)
    assert (second.is_second_failure, second.follows, second.owner) == (True, first, lea)
    assert "59" not in earlier_words(second.why)
    assert f"ticket {ticket.pk}" in earlier_words(second.why)


def test_after_sixty_days_it_is_a_first_one_again(ticket, alice):
    opened(ticket, by=alice, at=NOW - timedelta(days=61))
    assert not opened(another(ticket), by=alice).is_second_failure


def test_the_same_root_cause_makes_it_the_second_however_long_ago(ticket, alice, cause):
    failed(ticket, NOW - timedelta(days=400))
    later = another(ticket)
    assert earlier_failure(later, at=NOW, policy=Policy()) is None
    for one in (ticket, later):
        one.root_cause = cause
        one.save(update_fields=["root_cause"])
    found = earlier_failure(later, at=NOW, policy=Policy())
    assert found is not None
    assert (found.ticket, found.is_same_cause) == (ticket.pk, True)


def test_what_was_not_our_fault_is_no_first_failure(ticket, alice):
    failed(ticket, NOW - timedelta(days=3), is_our_fault=False)
    assert not opened(another(ticket), by=alice).is_second_failure


def test_another_customers_failure_is_none_of_theirs(ticket, dora, alice, workshop):
    failed(ticket, NOW - timedelta(days=3))
    other = open_ticket(dora, by=dora, body="My tyre, too", channel="email", team=workshop)
    assert not opened(other, by=alice).is_second_failure


def test_a_case_that_turns_out_to_be_the_second_goes_to_a_senior_person(ticket, alice, lea):
    assign_ticket(ticket, by=alice, user=alice)
    ticket.refresh_from_db()
    case = opened(ticket, by=alice)
    assert case.owner == alice
    failed(another(ticket), NOW - timedelta(days=3))
    earlier = earlier_failure(ticket, at=NOW, policy=Policy())
    case = escalate_case(case, by=None, earlier=earlier)
    assert (case.is_second_failure, case.owner) == (True, lea)
    escalate_case(case, by=None, earlier=earlier)
    assert Event.objects.filter(type="case.escalated").count() == 1


def test_a_second_failure_is_not_taken_by_an_agent(ticket, alice, bob, lea):
    failed(another(ticket), NOW - timedelta(days=3))
    case = opened(ticket, by=alice)
    with pytest.raises(ValidationError) as error:
        take_case(case, by=bob)
    assert code_of(error) == "senior"
    assert take_case(case, by=lea).owner == lea


# --- Working on it ---
def test_taking_it_twice_says_it_once(ticket, alice, bob):
    case = opened(ticket, by=alice)
    take_case(case, by=bob)
    assert take_case(case, by=bob).owner == bob
    assert Event.objects.filter(type="case.taken").count() == 1


def test_it_goes_to_nobody_who_cannot_see_the_ticket(ticket, alice, charlie):
    case = opened(ticket, by=alice)
    with pytest.raises(ValidationError):
        take_case(case, by=alice, user=charlie)
    assert Case.objects.get(pk=case.pk).owner == alice


def test_the_first_contact_counts(ticket, alice):
    case = opened(ticket, by=alice, at=NOW - timedelta(hours=5))
    when = NOW - timedelta(hours=2)
    case = contact_case(case, by=alice, when=when, way="call")
    assert (case.state, case.contacted_at) == ("contacted", when)
    again = contact_case(case, by=alice)
    assert again.contacted_at == when
    assert Event.objects.filter(type="case.contacted").count() == 1


def test_an_offer_is_a_contact_and_an_answer_ends_the_waiting(ticket, alice):
    case = mark_offered(opened(ticket, by=alice), by=alice, at=NOW)
    assert (case.state, case.contacted_at, case.offered_at) == ("offered", NOW, NOW)
    case = mark_answered(case, state=Case.State.DECLINED, at=NOW)
    assert (case.state, case.answered_at, case.watch_until) == ("declined", NOW, None)
    case = mark_answered(mark_offered(case, by=alice), state=Case.State.ACCEPTED, at=NOW)
    assert (case.state, case.watch_until) == ("accepted", NOW + timedelta(days=30))


def test_nobody_answers_by_closing(ticket, alice):
    with pytest.raises(ValueError, match="closed"):
        mark_answered(opened(ticket, by=alice), state=Case.State.CLOSED)


def test_whoever_is_made_good_is_on_watch_for_thirty_days(ticket, alice):
    case = verify_case(opened(ticket, by=alice), by=alice, note="She rides again")
    assert case.state == "verified"
    assert case.watch_until - case.verified_at == timedelta(days=30)
    verify_case(case, by=alice)
    assert Event.objects.filter(type="case.verified").count() == 1


def test_closing_what_was_not_verified_needs_a_word(ticket, alice):
    case = opened(ticket, by=alice)
    with pytest.raises(ValidationError) as error:
        close_case(case, by=alice, note="  ")
    assert code_of(error) == "empty"
    case = close_case(case, by=alice, note="She did not want anything")
    assert (case.state, case.close_note) == ("closed", "She did not want anything")
    assert close_case(case, by=alice, note="again").close_note == "She did not want anything"
    with pytest.raises(ValidationError):
        contact_case(case, by=alice)


def test_what_is_verified_is_closed_without_a_word(ticket, alice):
    assert close_case(verify_case(opened(ticket, by=alice), by=alice), by=alice).state == "closed"


def test_nothing_is_closed_over_an_open_offer(ticket, alice):
    case = opened(ticket, by=alice)
    Offer.objects.create(case=case, words="Sorry", currency="EUR", gap=Decimal(3), by=alice)
    with pytest.raises(ValidationError) as error:
        close_case(case, by=alice, note="Done")
    assert code_of(error) == "conflict"


def test_a_bad_answer_later_brings_it_back_to_a_senior_person(ticket, alice, lea):
    assign_ticket(ticket, by=alice, user=alice)
    case = close_case(opened(ticket, by=alice), by=alice, note="Done")
    case = reopen_case(case, by=None, why={"is_right": False, "note": "Still wrong"})
    assert (case.state, case.owner, case.reopened_count, case.is_second_failure) == ("detected", lea, 1, True)
    assert case.closed_at is None
    assert case.contacted_at is None
    assert case.contact_due_at > NOW + timedelta(hours=23)
    event = Event.objects.get(type="case.reopened")
    assert event.data["tell"] == [lea.pk]
    assert why_words("agent", case.why) == "They sounded lost"


def test_a_closed_case_is_opened_again_on_the_same_ticket(ticket, alice):
    case = close_case(opened(ticket, by=alice), by=alice, note="Done")
    again = opened(ticket, by=None, trigger=Trigger.RATING, why={"score": 1, "at": NOW.isoformat()})
    assert (again.pk, again.state, again.reopened_count, again.trigger) == (case.pk, "detected", 1, "agent")


# --- In words ---
def test_the_reason_is_told_in_words():
    at = "2026-11-12T10:00:00+00:00"
    assert why_words("rating", {"score": 1, "comment": "never again", "at": at}).startswith(
        "Rated 1 of 5 on 12 November"
    )
    assert "“never again”" in why_words("rating", {"score": 1, "comment": "never again", "at": at})
    assert "3 times" in why_words("transfers", {"count": 3, "at": at})
    for trigger in Trigger.values:
        assert why_words(trigger, {}), "whatever is missing, something is said"


def test_everything_that_happens_to_cases_can_be_drawn():
    source = "".join(path.read_text() for path in Path(actions.__file__).parent.glob("*.py"))
    types = set(re.findall(r"""record\(\s*\w+,\s*"([a-z_.]+)\"""", source))
    assert {"case.opened", "case.closed", "case.escalated"} <= types
    for type_ in types:
        get_template(f"events/_{type_}.html")


def test_the_timeline_says_what_happened(client, ticket, alice, lea):
    case = opened(
        ticket, by=None, trigger=Trigger.RATING, why={"score": 1, "comment": "never again", "at": NOW.isoformat()}
    )
    case = contact_case(take_case(case, by=alice), by=alice, way="call")
    case = close_case(verify_case(case, by=alice), by=alice)
    reopen_case(case, by=None, why={"is_right": False})
    client.force_login(alice)
    text = client.get(ticket.get_absolute_url()).text
    for words in ("opened a case", "took the case", "called the customer", "it is right now", "closed the case"):
        assert words in text
    assert "reopened the case" in text
