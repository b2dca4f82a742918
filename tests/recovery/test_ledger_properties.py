"""Whatever is done to offers, in whatever order, twice, at odd hours, and by workers that die: the ledger is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from customers.models import Customer
from recovery.actions import (
    accept_offer,
    approve_offer,
    change_offer,
    decline_offer,
    draft_offer,
    expire_offer,
    mark_done,
    refuse_offer,
    send_offer,
    tell_deputy,
    withdraw_offer,
)
from recovery.models import Approval, Case, LedgerEntry, Offer, Rate
from recovery.money import is_exact, places
from recovery.queries.budgets import spent_by, spent_on
from recovery.queries.ledger import Balance, balances, faults_of
from tests.recovery.offering import credit, failed
from tickets.actions import open_ticket

pytestmark = pytest.mark.django_db
CURRENCIES = {"EUR": "100", "JPY": "16000", "KWD": "30"}
ENDS = {"redeem", "expire", "void"}


class DeathError(Exception):
    """The worker, before it could commit."""


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass
class Desk:
    """Who acts, on what, and when; a script's steps are its methods."""

    cases: list[Case]
    alice: User
    lea: User
    sue: User
    carla: Customer
    now: datetime = field(default_factory=timezone.now)

    def newest(self, number: int) -> Offer:
        """The newest offer of one of the cases; a fresh draft where there is none."""
        case = self.cases[number % len(self.cases)]
        return Offer.objects.filter(case=case).order_by("-version").first() or self.draft(number)

    def draft(self, number: int) -> Offer:
        case = self.cases[number % len(self.cases)]
        return draft_offer(case, by=self.alice, words="Sorry.", options=self.options(number), at=self.now)

    def options(self, number: int) -> list[object]:
        """One to three of them; a third of the price of a case at most, to the currency's smallest coin."""
        currency = list(CURRENCIES)[number % len(self.cases)]
        coin = Decimal(1).scaleb(-places(currency))
        most = Decimal(CURRENCIES[currency]) / 3
        values = [most * ((number * 7 + place * 13) % 10) / 10 // coin * coin for place in range(number % 3 + 1)]
        return [credit(str(value)) for value in values]

    def do(self, verb: str, number: int) -> object:
        offer = self.newest(number)
        options = list(offer.options.all())
        deeds: dict[str, Callable[[], object]] = {
            "draft": lambda: self.draft(number),
            "change": lambda: change_offer(offer, by=self.alice, words="x", options=self.options(number), at=self.now),
            "send": lambda: send_offer(offer, by=self.alice, at=self.now),
            "approve": lambda: approve_offer(offer, by=self.lea if number % 2 else self.sue, at=self.now),
            "refuse": lambda: refuse_offer(offer, by=self.lea, note="No", at=self.now),
            "approve own": lambda: approve_offer(offer, by=self.alice, at=self.now),
            "withdraw": lambda: withdraw_offer(offer, by=self.alice, at=self.now),
            "accept": lambda: accept_offer(offer, option=options[number % len(options)], by=self.carla, at=self.now),
            "decline": lambda: decline_offer(offer, by=self.carla, answer="no", at=self.now),
            "expire": lambda: expire_offer(offer, at=self.now),
            "done": lambda: mark_done(offer, by=self.alice, at=self.now),
            "deputy": lambda: [tell_deputy(one, at=self.now) for one in Approval.objects.filter(offer=offer)],
        }
        return deeds[verb]()

    def step(self, verb: str, number: int, hours: int, how: str) -> None:
        """Once, twice (a double click, a retry), or by a worker that dies."""
        self.now += timedelta(hours=hours)
        for _ in range(2 if how == "twice" else 1):
            try:
                with transaction.atomic():
                    self.do(verb, number)
                    if how == "dies":
                        raise DeathError
            except (ValidationError, PermissionDenied, DeathError):
                pass


VERBS = [
    "draft", "change", "send", "send", "send", "approve", "refuse", "approve own", "withdraw",
    "accept", "accept", "decline", "expire", "done", "deputy",
]  # fmt: skip
STEPS = st.tuples(
    st.sampled_from(VERBS),
    st.integers(0, 8),
    st.sampled_from([0, 0, 0, 1, 9, 24 * 15, -24 * 3]),
    st.sampled_from(["once", "once", "twice", "dies"]),
)


@pytest.fixture
def cases(carla, workshop, alice, desk_row) -> list[Case]:
    made = []
    for currency, value in CURRENCIES.items():
        if currency != "EUR":
            rate = {"JPY": "0.00625", "KWD": "3.1"}[currency]
            Rate.objects.create(currency=currency, rate=Decimal(rate), changed_at=timezone.now())
        ticket = open_ticket(carla, by=carla, subject="x", body="x", channel="email", team=workshop)
        loss = str(Decimal(value) / 10)
        made.append(failed(ticket, alice, value=value, loss=loss.rstrip("0").rstrip(".") or "0", currency=currency))
    return made


def reckoned() -> dict[str, Balance]:
    """The balances, counted offer by offer from what became of each; another way than the ledger's own."""
    found: dict[str, list[Decimal]] = {}
    for offer in Offer.objects.exclude(sent_at=None).prefetch_related("options").select_related("chosen"):
        sums = found.setdefault(offer.currency, [Decimal(0)] * 4)
        most = max(option.value for option in offer.options.all())
        if offer.state == "sent":
            sums[0] += most
        elif offer.state == "accepted":
            sums[2 if offer.chosen.done_at else 1] += offer.chosen.value
            sums[3] += most - offer.chosen.value
        else:
            sums[3] += most
    return {currency: Balance(currency, *sums) for currency, sums in found.items()}


def check(desk: Desk) -> None:
    entries = list(LedgerEntry.objects.order_by("pk"))
    steps: dict[object, list[str]] = {}
    for entry in entries:
        assert is_exact(entry.amount, entry.currency)
        assert entry.own_amount is not None
        assert is_exact(entry.own_amount, "EUR")
        steps.setdefault(entry.offer_id, []).append(entry.step)
    for taken in steps.values():
        assert taken[0] == "reserve"
        assert len(set(taken)) == len(taken)  # issued once, given once
        assert len(ENDS & set(taken)) <= 1
    for offer in Offer.objects.prefetch_related("options", "ledger"):
        assert faults_of(offer) == []
    assert {one.currency: one for one in balances(LedgerEntry.objects.all())} == reckoned()
    ended = {entry.offer_id for entry in entries if entry.step in {"void", "expire"}}
    costs: dict[object, Decimal] = {}
    for entry in entries:
        if entry.offer_id not in ended and entry.step in {"reserve", "issue"}:
            costs[entry.offer_id] = entry.own_amount or Decimal(0)
    lately = {
        entry.offer_id for entry in entries if entry.step == "reserve" and entry.at > desk.now - timedelta(days=90)
    }
    assert spent_on(desk.carla, desk.now) == sum((cost for pk, cost in costs.items() if pk in lately), Decimal(0))
    assert spent_by(desk.alice, desk.now) <= 100  # without asking
    for one in Approval.objects.filter(state__in=["granted", "refused"]):
        assert one.decided_by_id not in (one.asked_by_id, desk.alice.pk)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(STEPS, min_size=4, max_size=14))
def test_whatever_is_done_the_ledger_equals_the_offers(cases, alice, lea, sue, carla, script):
    with undone():
        desk = Desk(cases, alice, lea, sue, carla)
        for verb, number, hours, how in script:
            desk.step(verb, number, hours, how)
            check(desk)
