"""What small mistakes in what moves money would change and no story tells (found by `mutate_ledger`)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from recovery.actions import accept_offer
from recovery.models import Hook, LedgerEntry, Payout, Rate
from tests.recovery.offering import failed, sent, steps


def own(offer) -> dict[str, Decimal | None]:
    """By step, what it is in the company's currency."""
    return dict(LedgerEntry.objects.filter(offer=offer).values_list("step", "own_amount"))


@pytest.mark.parametrize(("chosen", "worth"), [(0, "18"), (1, "9")])
def test_each_step_keeps_the_rate_of_the_day_on_which_it_was_reserved(ticket, alice, carla, chosen, worth):
    rate = Rate.objects.create(currency="USD", rate=Decimal("0.9"), changed_at=timezone.now())
    offer = sent(failed(ticket, alice, currency="USD"), alice, "20", "10")
    Rate.objects.filter(pk=rate.pk).update(rate=Decimal(2))
    accept_offer(offer, option=offer.options.all()[chosen], by=carla)
    assert own(offer) == {"reserve": Decimal(18), "issue": Decimal(worth)}


def test_at_the_very_moment_at_which_it_ends_it_has_ended(ticket, alice, carla):
    offer = sent(failed(ticket, alice), alice, "20")
    with pytest.raises(ValidationError, match="expired"):
        accept_offer(offer, option=offer.options.get(), by=carla, at=offer.expires_at)
    assert steps(offer) == [("reserve", 20)]
    accept_offer(offer, option=offer.options.get(), by=carla, at=offer.expires_at - timedelta(microseconds=1))
    assert steps(offer) == [("reserve", 20), ("issue", 20)]


def test_the_shop_is_not_asked_to_pay_out_nothing(ticket, alice, carla):
    Hook.objects.create(url="https://shop.example/orders", secret="s" * 64, kinds=["credit"])
    offer = sent(failed(ticket, alice), alice, "20", "0")
    accept_offer(offer, option=offer.options.get(value=0), by=carla)
    assert not Payout.objects.exists()
