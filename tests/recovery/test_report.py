"""The report: what is compared, of whom, over which time, and what is not said of few."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team
from customers.models import Customer
from recovery.actions import close_case, contact_case, open_case, verify_case
from recovery.actions.offering import accept_offer
from recovery.models import Arm, Decision, Failure, Lot, Offer, Policy, Survey, Trigger
from recovery.queries.helping import Followed, against_the_held_out, between_variants, followed
from recovery.queries.report import report
from tests.recovery.offering import failed, sent
from tickets.actions import open_ticket, rate_ticket
from tickets.models import Rating, Ticket

NOW = timezone.now()
Outcome = Decision.Outcome


def ago(days: float):
    return NOW - timedelta(days=days)


def asked(team, name="Ida", *, arm=Arm.FREE, trigger=Trigger.RATING, days=100.0, customer=None) -> Decision:
    """A trigger asked so many days ago, and the lot decided."""
    customer = customer or Customer.objects.create(name=name)
    ticket = open_ticket(customer, by=customer, subject="Tyre", body="It is flat.", channel="email", team=team)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=ago(days + 1))
    Lot.objects.get_or_create(customer=customer, trigger=trigger, defaults={"arm": arm})
    outcome = Outcome.HELD_OUT if arm == Arm.HOLDOUT else Outcome.OPENED
    return Decision.objects.create(trigger=trigger, ticket=ticket, outcome=outcome, at=ago(days))


def again(decision: Decision, *, days: float, team) -> Ticket:
    """They open another ticket so many days after."""
    customer = decision.ticket.customer
    ticket = open_ticket(customer, by=customer, subject="Again", body="Again.", channel="email", team=team)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=decision.at + timedelta(days=days))
    return ticket


def people(viewer, days=90) -> dict[str, Followed]:
    names = dict(Customer.objects.values_list("pk", "name"))
    return {names[one.person]: one for one in followed(viewer, now=NOW, days=days)}


# --- Of whom ---
def test_only_whose_sixty_days_ended_in_the_period_are_followed(ticket, sue):
    for name, days in (("Early", 151), ("First", 149), ("Last", 61), ("Late", 59)):
        asked(ticket.team, name, days=days)
    assert set(people(sue)) == {"First", "Last"}
    assert set(people(sue, days=30)) == {"Last"}


def test_a_person_is_counted_once_for_each_trigger_and_once_in_all(ticket, sue):
    first = asked(ticket.team, days=120, arm=Arm.HOLDOUT)
    asked(ticket.team, customer=first.ticket.customer, days=90, arm=Arm.HOLDOUT)
    asked(ticket.team, customer=first.ticket.customer, days=80, trigger=Trigger.HASSLE)
    found = followed(sue, now=NOW, days=90)
    assert [(one.trigger, one.arm) for one in found] == [("hassle", "free"), ("rating", "holdout")]
    everybody, rating, hassle = against_the_held_out(found)
    assert (everybody.wrote.done.n, everybody.wrote.without.n) == (0, 1)
    assert (rating.key, rating.n) == ("rating", 1)
    assert (hassle.key, hassle.n) == ("hassle", 1)


def test_whoever_drew_the_hold_out_stays_in_it_whatever_was_done(ticket, sue):
    one = asked(ticket.team, arm=Arm.HOLDOUT)
    Decision.objects.filter(pk=one.pk).update(outcome=Outcome.OPENED)
    assert people(sue)["Ida"].arm == Arm.HOLDOUT


def test_what_was_known_to_be_grave_stands_in_neither_arm(ticket, sue):
    known, later = asked(ticket.team, "Known"), asked(ticket.team, "Later")
    for decision, at in ((known, known.at), (later, later.at + timedelta(days=1))):
        Failure.objects.create(
            ticket=decision.ticket,
            kind="product",
            severity=4,
            currency="EUR",
            noted_at=at,
            changed_at=at,
            value=1,
            loss=1,
        )
    assert set(people(sue)) == {"Later"}


def test_what_opens_without_a_lot_is_not_compared(ticket, sue):
    asked(ticket.team, trigger=Trigger.AGENT)
    asked(ticket.team, trigger=Trigger.SECOND)
    assert people(sue) == {}


def test_only_of_tickets_that_the_reader_may_see(ticket, lea, sue):
    asked(ticket.team, "Ours")
    theirs = asked(Team.objects.create(name="Elsewhere"), "Theirs")
    again(theirs, days=5, team=ticket.team)
    assert set(people(lea)) == {"Ours"}
    assert set(people(sue)) == {"Ours", "Theirs"}
    assert people(sue)["Theirs"].wrote


# --- What became of them ---
@pytest.mark.parametrize(("days", "wrote"), [(-2, False), (1, True), (59, True), (61, False)])
def test_another_ticket_within_sixty_days_is_writing_again(ticket, sue, days, wrote):
    again(asked(ticket.team), days=days, team=ticket.team)
    assert people(sue)["Ida"].wrote is wrote


def test_a_guest_who_is_the_same_person_counts(ticket, sue):
    one = asked(ticket.team)
    guest = Customer.objects.create(name="Guest", merged_into=one.ticket.customer)
    new = open_ticket(guest, by=guest, subject="Me", body="Me again.", channel="chat", team=ticket.team)
    Ticket.objects.filter(pk=new.pk).update(created_at=one.at + timedelta(days=3))
    assert people(sue)["Ida"].wrote


def test_a_ticket_that_we_open_for_them_is_not_their_writing(ticket, alice, sue):
    one = asked(ticket.team)
    ours = open_ticket(one.ticket.customer, by=alice, subject="Hi", body="Hi.", channel="email", team=ticket.team)
    Ticket.objects.filter(pk=ours.pk).update(created_at=one.at + timedelta(days=3))
    assert not people(sue)["Ida"].wrote


@pytest.mark.parametrize(("fault", "failed_again"), [(True, True), (None, True), (False, False)])
def test_a_failure_on_another_ticket_is_a_repeat_unless_it_is_no_fault_of_ours(ticket, sue, fault, failed_again):
    one = asked(ticket.team)
    new, at = again(one, days=10, team=ticket.team), one.at + timedelta(days=11)
    Failure.objects.create(
        ticket=new,
        kind="delay",
        severity=2,
        currency="EUR",
        is_our_fault=fault,
        noted_at=at,
        changed_at=at,
        value=1,
        loss=0,
    )
    assert people(sue)["Ida"].failed is failed_again


def test_ratings_before_and_after(ticket, sue):
    one = asked(ticket.team)
    rate_ticket(one.ticket, by=one.ticket.customer, score=1, comment="", at=one.at)
    assert (people(sue)["Ida"].before, people(sue)["Ida"].after) == (1, None)
    rate_ticket(one.ticket, by=one.ticket.customer, score=4, comment="", at=one.at + timedelta(days=9))
    Rating.objects.filter(ticket=one.ticket).update(at=one.at + timedelta(days=9))
    found = people(sue)["Ida"]
    assert (found.before, found.after) == (1, 4)
    everybody = against_the_held_out([found])[0]
    assert (everybody.change.done.n, everybody.change.done.value) == (1, 3)


# --- What is said of it ---
def many(arm, count, wrote, start=0) -> list[Followed]:
    return [Followed(start + n, "rating", NOW, arm, n < wrote, False, None, None) for n in range(count)]


def test_a_difference_is_told_only_if_there_are_enough_and_chance_would_hardly_do_it():
    def everybody(taken, held):
        return against_the_held_out(many("free", *taken) + many("holdout", *held, start=1000))[0].wrote

    assert everybody((200, 20), (20, 12)).is_enough
    assert not everybody((200, 20), (19, 12)).is_enough  # too few
    assert not everybody((200, 20), (40, 6)).is_enough  # may be chance
    assert everybody((200, 20), (40, 6)).difference is not None


def test_each_variant_is_held_against_the_others():
    found = between_variants(
        many("apology", 30, 3) + many("money", 40, 20, start=100) + many("holdout", 50, 5, start=200)
    )
    assert [one.key for one in found] == ["apology", "money"]
    assert (found[0].wrote.done.n, found[0].wrote.without.n) == (30, 40)


# --- The cases ---
def test_the_way_of_a_case_in_numbers(ticket, alice, sue):
    case = failed(ticket, alice)
    contact_case(case, by=alice)
    offer = sent(case, alice, "20", "10")
    accept_offer(offer, option=offer.options.all()[1], by=ticket.customer)
    Survey.objects.filter(case=case).delete()
    Survey.objects.create(case=case, state="answered", due_at=NOW, is_right=True, fairness=5, effort=2)
    found = report(sue, now=timezone.now(), days=90)
    assert found.cases == 1
    assert [(one.key, one.count, one.open) for one in found.triggers] == [("agent", 1, 1)]
    assert (found.contact.n, found.resolution.n) == (1, 1)
    assert found.contact.in_time.n == 0  # their time is not up
    assert [(one.share.hits, one.share.n) for one in found.remedies] == [(1, 1)]
    assert (found.own.reserved, found.own.issued, found.own.given) == (Decimal(20), Decimal(10), Decimal(0))
    assert found.per_case == Decimal(10)
    assert (found.recovered.hits, found.recovered.n, found.asked) == (1, 1, 1)
    assert found.answers["fairness"] == (1, 5.0)
    assert found.answers["ease"] == (0, None)
    assert found.beyond[0] == 1
    assert found.beyond[1] == pytest.approx(Decimal(10) / Offer.objects.get(pk=offer.pk).gap, abs=Decimal("0.01"))


def test_what_nobody_touched_is_late_and_counts(ticket, dora, alice, sue):
    late = open_case(ticket, by=None, trigger=Trigger.RATING, why={}, at=ago(5))
    other = open_ticket(dora, by=dora, subject="Bell", body="It rings.", channel="email", team=ticket.team)
    soon = open_case(other, by=None, trigger=Trigger.RATING, why={}, at=ago(5))
    contact_case(soon, by=alice, at=ago(4.9))
    found = report(sue, now=NOW, days=90)
    assert (found.contact.n, found.contact.in_time.hits, found.contact.in_time.n) == (1, 1, 2)
    assert (found.resolution.n, found.resolution.in_time.hits, found.resolution.in_time.n) == (0, 0, 2)
    close_case(late, by=alice, note="No answer")
    verify_case(soon, by=alice)
    assert report(sue, now=timezone.now(), days=90).resolution.n == 2
    assert report(sue, now=NOW, days=90).triggers[0].open == 1


# --- The page ---
def test_an_empty_report_teaches(client, sue):
    client.force_login(sue)
    text = client.get(reverse("recovery:report")).text
    assert "Nothing to compare yet" in text
    assert "No case in this time" in text


def test_the_page_says_what_is_not_known(client, ticket, alice, lea, django_assert_max_num_queries):
    Policy.objects.create(holdout_percent=10)
    asked(ticket.team, "Taken")
    asked(ticket.team, "Held", arm=Arm.HOLDOUT)
    asked(ticket.team, "Variant", arm=Arm.APOLOGY)
    case = failed(ticket, alice)
    sent(case, alice, "20")
    client.force_login(lea)
    client.get(reverse("recovery:report"))
    with django_assert_max_num_queries(18):  # beyond over time, what is alike, and the target are one each
        text = client.get(reverse("recovery:report"), {"days": "365"}).text
    assert "Not enough data: below 20 in a group" in text
    assert "Apology only" in text
    assert "?trigger=agent" in text
    assert "€20.00" in text


def test_a_period_that_is_none_is_the_usual_one(client, sue):
    client.force_login(sue)
    response = client.get(reverse("recovery:report"), {"days": "9 or 1=1"})
    assert response.context["report"].days == 90


def test_agents_do_not_see_it(client, alice):
    client.force_login(alice)
    assert client.get(reverse("recovery:report")).status_code == 403
    assert reverse("recovery:report") not in client.get(reverse("recovery:queue")).text
