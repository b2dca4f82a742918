"""The nightly proof: the ledger equals the offers in every state, and one alarm for each fault."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from recovery.actions.offering import accept_offer, decline_offer, expire_offer, mark_done, withdraw_offer
from recovery.actions.proving import prove_ledger, settle_alarm
from recovery.models import LedgerAlarm, LedgerEntry, Offer, Rate
from recovery.queries.ledger import Balance, alarm_words, balances, entries_for
from tests.recovery.offering import drafted, failed, sent
from tickets.actions import open_ticket

pytestmark = pytest.mark.django_db


@contextmanager
def nobody_looking():
    """What only somebody at the database itself could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.fixture
def new_case(carla, workshop, alice, ticket):
    def make(currency: str = "EUR"):
        other = open_ticket(carla, by=carla, subject="x", body="x", channel="email", team=workshop)
        return failed(other, alice, value="1000", loss="100", currency=currency)

    return make


@pytest.fixture
def every_state(new_case, alice, carla, lea):
    """An offer in every state that there is, and one that was done."""
    drafted(new_case(), alice, "1")
    sent(new_case(), alice, "60")
    sent(new_case(), alice, "2")
    withdraw_offer(drafted(new_case(), alice, "3"), by=alice)
    withdraw_offer(sent(new_case(), alice, "4"), by=alice)
    decline_offer(sent(new_case(), alice, "5"), by=carla, answer="no")
    expire_offer(sent(new_case(), alice, "6"), at=timezone.now() + timedelta(days=30))
    for is_done in (False, True):
        offer = sent(new_case(), alice, "7", "8")
        accept_offer(offer, option=offer.options.all()[0], by=carla)
        if is_done:
            mark_done(offer, by=alice)
    assert set(Offer.objects.values_list("state", flat=True)) == set(Offer.State.values)


def test_every_state_agrees_with_the_ledger(every_state):
    assert prove_ledger() == 0
    assert not LedgerAlarm.objects.exists()


def test_balances_are_what_the_offers_say(every_state, lea, charlie):
    assert balances(entries_for(lea)) == [Balance("EUR", Decimal(2), Decimal(7), Decimal(7), Decimal(17))]
    assert balances(entries_for(charlie)) == []


def test_each_currency_has_a_balance_in_its_own_coins(new_case, alice, lea):
    for currency, value in (("JPY", "100"), ("KWD", "1.234"), ("EUR", "1.50")):
        Rate.objects.create(currency=currency, rate=Decimal("0.01"), changed_at=timezone.now())
        sent(new_case(currency), alice, value)
    found = {one.currency: str(one.reserved) for one in balances(entries_for(lea))}
    assert found == {"EUR": "1.50", "JPY": "100", "KWD": "1.234"}


def test_what_is_wrong_is_said_once(every_state):
    offer = Offer.objects.get(state="sent")
    with nobody_looking():
        LedgerEntry.objects.filter(offer=offer).update(amount=Decimal("2.005"))
    assert prove_ledger() == 3
    assert prove_ledger() == 0
    said = [alarm_words(what) for what in LedgerAlarm.objects.values_list("what", flat=True)]
    assert len(said) == 3
    assert all("|" not in words for words in said)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"state": "expired"}, "missing|expire|2|EUR"),
        ({"state": "withdrawn"}, "missing|void|2|EUR"),
        ({"state": "draft"}, "state|draft||"),
        ({"sent_at": None, "state": "declined"}, "extra|reserve|2|EUR"),
    ],
)
def test_a_state_that_the_ledger_knows_nothing_of_is_found(every_state, changed, fault):
    with nobody_looking():
        Offer.objects.filter(state="sent").update(**changed)
    prove_ledger()
    assert fault in LedgerAlarm.objects.values_list("what", flat=True)


def test_a_missing_entry_is_found(every_state):
    with nobody_looking():
        LedgerEntry.objects.filter(step="redeem").delete()
    assert prove_ledger() == 1
    assert LedgerAlarm.objects.get().what == "missing|redeem|7|EUR"


def test_an_alarm_is_settled_by_a_manager_and_comes_back_if_it_is_still_wrong(every_state, sue, lea):
    with nobody_looking():
        LedgerEntry.objects.filter(step="redeem").delete()
    prove_ledger()
    alarm = LedgerAlarm.objects.get()
    with pytest.raises(PermissionDenied):
        settle_alarm(alarm, by=lea, note="x")
    with pytest.raises(ValidationError):
        settle_alarm(alarm, by=sue, note=" ")
    assert settle_alarm(alarm, by=sue, note="Looking into it").settled_by == sue
    assert prove_ledger() == 1
