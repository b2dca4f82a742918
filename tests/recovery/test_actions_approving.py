"""Budgets and four eyes: who may give how much, and who says yes to more."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import User
from recovery.actions import note_failure
from recovery.actions.approving import approve_offer, refuse_offer, tell_deputy
from recovery.actions.offering import accept_offer, change_offer, decline_offer, send_offer, withdraw_offer
from recovery.models import Allowance, Approval, Case, Offer, Policy, Rate, TeamBudget
from recovery.queries.approvals import waiting_for
from recovery.queries.budgets import in_words, spent_by, spent_by_team, spent_on
from tests.recovery.offering import credit, drafted, failed, sent, steps
from tickets.actions import open_ticket
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(ticket, alice) -> Case:
    return failed(ticket, alice, value="1000", loss="300")


@pytest.fixture
def next_case(carla, workshop, alice, ticket):
    """More cases of Carla's, one after the other."""

    def make(**more: str) -> Case:
        other = open_ticket(carla, by=carla, subject="Again", body="Again.", channel="email", team=workshop)
        return failed(other, alice, **({"value": "1000"} | more))

    return make


def kinds(offer: Offer) -> list[str]:
    return [reason[0] for reason in offer.approval.reasons]


def told(ticket: Ticket, type: str) -> list[int]:  # noqa: A002
    return Event.objects.filter(ticket=ticket, type=type).latest("seq").data["tell"]


# --- Limits -------------------------------------------------------------------------------
def test_within_the_limits_nobody_is_asked(case, alice):
    assert sent(case, alice, "25").state == "sent"


def test_beyond_the_single_maximum_somebody_else_is_asked(case, alice, lea):
    offer = sent(case, alice, "25.01")
    assert (offer.state, kinds(offer)) == ("awaiting", ["single"])
    assert steps(offer) == []
    assert told(case.ticket, "approval.asked") == [lea.pk]
    assert "€25.01" in in_words(offer.approval.reasons[0])


def test_what_is_not_chosen_or_expires_is_free_again(next_case, alice, carla):
    def used() -> Decimal:
        return spent_by(alice, timezone.now())

    first = sent(next_case(), alice, "25", "10")
    assert used() == 25
    accept_offer(first, option=first.options.all()[1], by=carla)
    assert used() == 10
    second = sent(next_case(), alice, "20")
    assert used() == 30
    decline_offer(second, by=carla, answer="no")
    assert used() == 10
    assert spent_on(carla, timezone.now()) == 10


def test_the_week_is_used_up(next_case, alice, lea):
    for _ in range(4):
        assert sent(next_case(), alice, "25").state == "sent"
    offer = sent(next_case(), alice, "1")
    assert kinds(offer) == ["weekly"]
    now = timezone.now()
    last = sent(next_case(), alice, "1", at=now + timedelta(days=8))
    assert last.state == "sent"
    approve_offer(offer, by=lea)
    assert spent_by(alice, now) == 100  # what was approved is on the account of whoever approved it
    assert spent_by(lea, now) == 1


def test_the_team_has_a_month(next_case, alice, lea, workshop):
    TeamBudget.objects.create(team=workshop, monthly=Decimal(40))
    sent(next_case(), alice, "25")
    assert kinds(sent(next_case(), alice, "20")) == ["team"]
    assert spent_by_team(workshop, timezone.now()) == 25


def test_the_team_s_budget_is_used_by_what_it_sent_wherever_the_ticket_goes(next_case, alice, workshop, shop):
    offer = sent(next_case(), alice, "25")
    Ticket.objects.filter(pk=offer.case.ticket_id).update(team=shop)
    assert spent_by_team(workshop, timezone.now()) == 25
    assert spent_by_team(shop, timezone.now()) == 0


def test_a_customer_has_a_limit_in_90_days(next_case, alice, sue):
    Policy.objects.update_or_create(only_row=True, defaults={"customer_cap": Decimal(30)})
    sent(next_case(), alice, "25", at=timezone.now() - timedelta(days=91))
    sent(next_case(), alice, "25")
    offer = sent(next_case(), alice, "6")
    assert kinds(offer) == ["customer"]


def test_budgets_are_in_the_company_s_currency(next_case, alice):
    Rate.objects.create(currency="JPY", rate=Decimal("0.006"), changed_at=timezone.now())
    offer = sent(next_case(currency="JPY", value="100000", loss="30000"), alice, "4000")
    assert offer.state == "sent"
    assert offer.ledger.get().own_amount == Decimal("24.00")
    assert kinds(sent(next_case(currency="JPY", value="100000", loss="30000"), alice, "4200")) == ["single"]


def test_without_a_rate_a_manager_decides(next_case, alice, lea, sue):
    offer = sent(next_case(currency="USD", loss="10"), alice, "5")
    assert kinds(offer) == ["no_rate"]
    with pytest.raises(ValidationError) as caught:
        approve_offer(offer, by=lea)
    assert caught.value.code == "beyond"
    assert approve_offer(offer, by=sue).state == "sent"
    assert offer.ledger.get().own_amount is None


def test_roles_have_limits_of_their_own(case, alice, sue):
    Allowance.objects.create(role="agent", single=Decimal(5), weekly=Decimal(5))
    offer = sent(case, alice, "6")
    assert kinds(offer) == ["single", "weekly"]
    assert all(in_words(reason) for reason in offer.approval.reasons)


# --- Four eyes ------------------------------------------------------------------------------
@pytest.fixture
def awaiting(case, alice) -> Offer:
    return sent(case, alice, "60", "90")


def test_a_lead_says_yes_and_it_is_sent(awaiting, lea):
    offer = approve_offer(awaiting, by=lea, note="Go on")
    assert offer.state == "sent"
    assert steps(offer) == [("reserve", Decimal(90))]
    assert offer.ledger.get().by == lea
    again = approve_offer(awaiting, by=lea)
    assert again.state == "sent"
    assert steps(offer) == [("reserve", Decimal(90))]


def test_nobody_says_yes_to_their_own(case, lea, sue):
    offer = sent(case, lea, "250")
    for act in (lambda: approve_offer(offer, by=lea), lambda: refuse_offer(offer, by=lea, note="x")):
        with pytest.raises(ValidationError) as caught:
            act()
        assert caught.value.code == "own"
    assert told(case.ticket, "approval.asked") == [sue.pk]
    assert approve_offer(offer, by=sue).state == "sent"


def test_an_author_does_not_approve_what_somebody_else_asked_for(case, alice, lea):
    offer = drafted(case, lea, "60")
    send_offer(offer, by=alice)
    with pytest.raises(ValidationError) as caught:
        approve_offer(offer, by=lea)
    assert caught.value.code == "own"


def test_an_agent_approves_nothing(awaiting, bob, alice):
    for person in (bob, alice):
        with pytest.raises(PermissionDenied):
            approve_offer(awaiting, by=person)


def test_whoever_approves_must_be_allowed_to_give_it_themselves(case, alice, lea, sue):
    offer = sent(case, alice, "201")
    with pytest.raises(ValidationError) as caught:
        approve_offer(offer, by=lea)
    assert caught.value.code == "beyond"
    assert told(case.ticket, "approval.asked") == [sue.pk]
    assert approve_offer(offer, by=sue).state == "sent"


def test_what_is_refused_is_a_draft_again_with_the_reason(awaiting, alice, lea):
    with pytest.raises(ValidationError) as caught:
        refuse_offer(awaiting, by=lea, note=" ")
    assert caught.value.code == "empty"
    offer = refuse_offer(awaiting, by=lea, note="Half of it will do")
    assert (offer.state, offer.approval.note) == ("draft", "Half of it will do")
    assert told(offer.case.ticket, "approval.refused") == [alice.pk]
    change_offer(offer, by=alice, words="Less", options=[credit("20")])
    assert send_offer(offer, by=alice).state == "sent"


def test_it_can_be_asked_again(awaiting, alice, lea):
    refuse_offer(awaiting, by=lea, note="No")
    assert send_offer(awaiting, by=alice).state == "awaiting"
    approval = Approval.objects.get(offer=awaiting)
    assert (approval.state, approval.decided_by, approval.note) == ("asked", None, "")
    assert approve_offer(awaiting, by=lea).state == "sent"


def test_what_was_withdrawn_is_not_approved(awaiting, alice, lea):
    withdraw_offer(awaiting, by=alice)
    with pytest.raises(ValidationError) as caught:
        approve_offer(awaiting, by=lea)
    assert caught.value.code == "gone"
    assert Approval.objects.get().state == "moot"


def test_what_was_changed_meanwhile_is_not_approved(awaiting, alice, lea):
    change_offer(awaiting, by=alice, words="More", options=[credit("500")])
    with pytest.raises(ValidationError) as caught:
        approve_offer(awaiting, by=lea)
    assert caught.value.code == "gone"


def test_the_rules_hold_for_whoever_approves_too(awaiting, alice, sue):
    note_failure(
        awaiting.case.ticket,
        by=alice,
        kind="product",
        severity=3,
        currency="EUR",
        value=Decimal(10),
        loss=Decimal(1),
        is_our_fault=True,
    )
    with pytest.raises(ValidationError) as caught:
        approve_offer(awaiting, by=sue)
    assert caught.value.code == "cap"
    assert Approval.objects.get().state == "asked"


# --- The deadline -----------------------------------------------------------------------------
def test_the_deputy_is_told_once_when_nobody_decides(awaiting, workshop, sue, lea):
    TeamBudget.objects.create(team=workshop, monthly=Decimal(1000), deputy=sue)
    approval = Approval.objects.get()
    assert not tell_deputy(approval)
    late = timezone.now() + timedelta(hours=9)
    assert tell_deputy(approval, at=late)
    assert not tell_deputy(approval, at=late)
    assert told(awaiting.case.ticket, "approval.overdue") == [sue.pk]


def test_without_a_deputy_the_managers_are_told(awaiting, sue, adam, lea):
    tell_deputy(Approval.objects.get(), at=timezone.now() + timedelta(hours=9))
    assert told(awaiting.case.ticket, "approval.overdue") == [sue.pk, adam.pk]


def test_who_may_not_see_the_ticket_sees_nothing_waiting(awaiting, lea, sue, charlie):
    stranger = User.objects.create_user("lead@example.com", "x" * 12, name="Les", role="lead")
    assert list(waiting_for(lea)) == [awaiting.approval]
    assert list(waiting_for(sue)) == [awaiting.approval]
    assert list(waiting_for(charlie)) == []
    stranger.teams.set(charlie.teams.all())
    assert list(waiting_for(stranger)) == []
