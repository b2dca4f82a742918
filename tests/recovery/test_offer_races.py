"""Two at once, on a real Postgres: money is given at most once, and no budget twice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from outbox.models import Mail
from recovery.actions.approving import approve_offer, refuse_offer
from recovery.actions.offering import (
    OptionDraft,
    accept_offer,
    change_offer,
    decline_offer,
    draft_offer,
    expire_offer,
    mark_done,
    send_offer,
    withdraw_offer,
)
from recovery.models import Case, Offer, Policy, Pool, Remedy, TeamBudget, Voucher
from recovery.queries.budgets import spent_by, spent_by_team, spent_on
from recovery.queries.ledger import faults_of
from tests.recovery.offering import at_once, credit, drafted, failed, sent, steps
from tickets.actions import open_ticket

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4


@pytest.fixture
def new_case(carla, workshop, alice, desk_row):
    def make(**more: Any) -> Case:
        ticket = open_ticket(carla, by=carla, subject="x", body="x", channel="email", team=workshop)
        return failed(ticket, alice, **({"value": "1000", "loss": "100"} | more))

    return make


def refusals(results: list[Any]) -> list[str]:
    """The codes of what was refused; anything else that was raised is a fault."""
    errors = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, ValidationError) for error in errors), errors
    return [str(error.code) for error in errors]


def resend(offer: Offer, by: User) -> Offer:
    return send_offer(change_offer(offer, by=by, words="x", options=[credit("6")]), by=by)


def no_faults(offer: Offer) -> None:
    assert faults_of(Offer.objects.get(pk=offer.pk)) == []


def test_two_options_accepted_at_once_are_one(new_case, alice, carla):
    for _ in range(ROUNDS):
        offer = sent(new_case(), alice, "5", "7")
        jobs = [partial(accept_offer, offer, option=option, by=carla) for option in offer.options.all()]
        results = at_once(*jobs, *jobs)
        assert len({result.chosen_id for result in results}) == 1
        assert [step for step, _amount in steps(offer)] == ["reserve", "issue"]
        no_faults(offer)


def test_accepting_declining_withdrawing_at_once_ends_it_once(new_case, alice, carla):
    for _ in range(ROUNDS):
        offer = sent(new_case(), alice, "5")
        option = offer.options.get()
        results = at_once(
            partial(withdraw_offer, offer, by=alice),
            partial(accept_offer, offer, option=option, by=carla),
            partial(decline_offer, offer, by=carla, answer="no"),
        )
        assert set(refusals(results)) <= {"gone"}
        assert len(steps(offer)) == 2
        no_faults(offer)


def test_accepting_and_expiring_at_once_is_one_of_them(new_case, alice, carla):
    for _ in range(ROUNDS):
        offer = sent(new_case(), alice, "5")
        option = offer.options.get()
        at = timezone.now() + timedelta(days=20)
        results = at_once(
            partial(accept_offer, offer, option=option, by=carla),
            partial(expire_offer, offer, at=at),
            partial(accept_offer, offer, option=option, by=carla),
            partial(expire_offer, offer, at=at),
        )
        assert set(refusals(results)) <= {"gone"}
        assert [step for step, _amount in steps(offer)] in (["reserve", "issue"], ["reserve", "expire"])
        no_faults(offer)


def test_a_new_version_and_an_acceptance_at_once_give_money_once(new_case, alice, carla):
    for _ in range(ROUNDS):
        offer = sent(new_case(), alice, "5")
        option = offer.options.get()
        results = at_once(
            partial(accept_offer, offer, option=option, by=carla),
            partial(resend, offer, alice),
        )
        assert len(refusals(results)) == 1
        issued = [entry for each in Offer.objects.filter(case=offer.case) for entry in each.ledger.filter(step="issue")]
        assert len(issued) <= 1
        for each in Offer.objects.filter(case=offer.case):
            no_faults(each)


def test_two_approvals_at_once_send_once(new_case, alice, lea, sue):
    for _ in range(ROUNDS):
        offer = sent(new_case(), alice, "60")
        results = at_once(partial(approve_offer, offer, by=lea), partial(approve_offer, offer, by=sue))
        assert refusals(results) == ["gone"]
        assert steps(offer) == [("reserve", Decimal(60))]
        assert Mail.objects.filter(dedupe_key=f"offer-{offer.pk}").count() == 1


def test_approving_refusing_and_withdrawing_at_once_agree(new_case, alice, lea, sue):
    for _ in range(ROUNDS):
        offer = sent(new_case(), alice, "30")
        results = at_once(
            partial(approve_offer, offer, by=lea),
            partial(refuse_offer, offer, by=sue, note="No"),
            partial(withdraw_offer, offer, by=alice),
        )
        assert set(refusals(results)) <= {"gone"}
        no_faults(offer)
        if Offer.objects.get(pk=offer.pk).state != "withdrawn":
            withdraw_offer(offer, by=alice)
        no_faults(offer)


def test_two_sends_cannot_both_use_the_last_of_a_week(new_case, alice):
    for _ in range(3):
        sent(new_case(), alice, "25")
    offers = [drafted(new_case(), alice, "20") for _ in range(4)]
    at_once(*[partial(send_offer, offer, by=alice) for offer in offers])
    states = sorted(Offer.objects.filter(pk__in=[offer.pk for offer in offers]).values_list("state", flat=True))
    assert states == ["awaiting", "awaiting", "awaiting", "sent"]
    assert spent_by(alice, timezone.now()) == 95


def test_nor_of_a_team_s_month_or_a_customer_s_limit(new_case, alice, bob, workshop, carla):
    TeamBudget.objects.create(team=workshop, monthly=Decimal(30))
    Policy.objects.update_or_create(only_row=True, defaults={"customer_cap": Decimal(20)})
    one, two = drafted(new_case(), alice, "20"), drafted(new_case(), bob, "20")
    at_once(partial(send_offer, one, by=alice), partial(send_offer, two, by=bob))
    assert sorted(Offer.objects.values_list("state", flat=True)) == ["awaiting", "sent"]
    assert spent_by_team(workshop, timezone.now()) == spent_on(carla, timezone.now()) == 20


def test_a_double_click_on_send_sends_once(new_case, alice):
    offer = drafted(new_case(), alice, "20")
    at_once(*[partial(send_offer, offer, by=alice)] * 4)
    assert steps(offer) == [("reserve", Decimal(20))]
    assert Mail.objects.filter(dedupe_key=f"offer-{offer.pk}").count() == 1


def test_a_double_click_on_draft_drafts_once(new_case, alice):
    case = new_case()
    results = at_once(*[partial(drafted, case, alice, "5")] * 3)
    assert refusals(results) == ["conflict", "conflict"]


def test_done_twice_at_once_is_redeemed_once(new_case, alice, carla):
    offer = sent(new_case(), alice, "5")
    accept_offer(offer, option=offer.options.get(), by=carla)
    results = at_once(partial(mark_done, offer, by=alice), partial(mark_done, offer, by=None))
    assert refusals(results) == []
    assert [step for step, _amount in steps(offer)] == ["reserve", "issue", "redeem"]


def test_the_last_code_goes_to_one_offer(new_case, alice):
    pool = Pool.objects.create(name="Spring", currency="EUR", value=Decimal(10))
    Voucher.objects.bulk_create([Voucher(pool=pool, code=f"S-{number}") for number in range(2)])
    remedy = Remedy.objects.create(kind="voucher", name="Voucher", words="A voucher", pool=pool)
    options = [OptionDraft("voucher", "A voucher", Decimal(10), remedy)]
    offers = [draft_offer(new_case(), by=alice, words="x", options=options) for _ in range(4)]
    results = at_once(*[partial(send_offer, offer, by=alice) for offer in offers])
    assert refusals(results) == ["no_vouchers", "no_vouchers"]
    assert Voucher.objects.filter(state="held").values("option").distinct().count() == 2
    for offer in offers:
        no_faults(offer)


def test_a_worker_that_dies_before_commit_has_given_nothing(new_case, alice, carla):
    """The connection is cut in the middle; whoever tries again succeeds, once."""
    offer = sent(new_case(), alice, "5")
    option = offer.options.get()

    def dies() -> None:
        def cut(*_: object, **__: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        with patch("recovery.actions.offering.mark_answered", cut):
            accept_offer(offer, option=option, by=carla)

    (result,) = at_once(dies)
    assert isinstance(result, Exception)
    assert steps(offer) == [("reserve", Decimal(5))]
    assert accept_offer(offer, option=option, by=carla).state == "accepted"
    assert [step for step, _amount in steps(offer)] == ["reserve", "issue"]
