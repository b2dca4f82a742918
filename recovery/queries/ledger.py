"""The ledger read: entries, balances, and the proof that it equals the offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.models import LedgerAlarm, LedgerEntry, Offer
from recovery.money import exact, is_exact, shown
from recovery.queries.offers import dearest

Step = LedgerEntry.Step
ENDED = [Step.REDEEM, Step.EXPIRE, Step.VOID]
BATCH = 500
Steps = dict[str, Decimal]


@dataclass(frozen=True)
class Balance:
    """Where the money of a currency stands: set aside, owed, given, and given up (expired, withdrawn, not chosen)."""

    currency: str
    reserved: Decimal
    owed: Decimal
    given: Decimal
    freed: Decimal

    @property
    def total(self) -> Decimal:
        """All that was ever set aside."""
        return self.reserved + self.owed + self.given + self.freed


def entries_for(viewer: User) -> QuerySet[LedgerEntry]:
    """The steps of the offers that they may see, the newest first."""
    seen = LedgerEntry.objects.filter(offer__in=Offer.objects.visible_to(viewer))
    return seen.select_related("offer__case__ticket__customer", "by").order_by("-at", "-pk")


def balances(entries: QuerySet[LedgerEntry]) -> list[Balance]:
    """What these steps come to, by currency."""
    of_offer = LedgerEntry.objects.filter(offer=OuterRef("offer"))
    ended, issued = Exists(of_offer.filter(step__in=ENDED)), Exists(of_offer.filter(step=Step.ISSUE))

    def total(**conditions: object) -> Sum:
        return Sum("amount", filter=Q(**conditions))

    rows = (
        entries.order_by()
        .annotate(has_ended=ended, was_issued=issued)
        .values("currency")
        .annotate(
            set_aside=total(step=Step.RESERVE),
            reserved=total(step=Step.RESERVE, has_ended=False, was_issued=False),
            owed=total(step=Step.ISSUE, has_ended=False),
            given=total(step=Step.REDEEM),
        )
        .order_by("currency")
    )
    return [_balance(row) for row in rows]


def _balance(row: Mapping[str, Any]) -> Balance:
    currency = str(row["currency"])
    set_aside, reserved, owed, given = (
        exact(row[name] or Decimal(0), currency) for name in ("set_aside", "reserved", "owed", "given")
    )
    return Balance(currency, reserved, owed, given, set_aside - reserved - owed - given)


# --- The proof ------------------------------------------------------------------------------
def expected_steps(offer: Offer) -> Steps:
    """What the ledger has to say of an offer in this state."""
    if offer.sent_at is None:
        return {}
    most = dearest(offer.options.all())
    steps: Steps = {Step.RESERVE: most}
    if offer.state == Offer.State.ACCEPTED and offer.chosen is not None:
        steps[Step.ISSUE] = offer.chosen.value
        if offer.chosen.done_at is not None:
            steps[Step.REDEEM] = offer.chosen.value
    elif offer.state in (Offer.State.DECLINED, Offer.State.WITHDRAWN):
        steps[Step.VOID] = most
    elif offer.state == Offer.State.EXPIRED:
        steps[Step.EXPIRE] = most
    return steps


def faults_of(offer: Offer) -> list[str]:
    """Where the ledger disagrees with an offer: `missing|step|amount|currency`, `extra|…`, `coins|…`, `state|…`."""
    entries = list(offer.ledger.all())
    expected = {(step, amount, offer.currency) for step, amount in expected_steps(offer).items()}
    found = {(entry.step, entry.amount, entry.currency) for entry in entries}
    faults = [f"missing|{_told(fault)}" for fault in sorted(expected - found)]
    faults += [f"extra|{_told(fault)}" for fault in sorted(found - expected)]
    faults += [f"coins|{_told(one)}" for one in sorted(found) if not is_exact(one[1], one[2])]
    may_be_unsent = offer.state in (Offer.State.DRAFT, Offer.State.AWAITING, Offer.State.WITHDRAWN)
    may_be_sent = offer.state not in (Offer.State.DRAFT, Offer.State.AWAITING)
    if not (may_be_unsent if offer.sent_at is None else may_be_sent):
        faults.append(f"state|{offer.state}||")
    return faults


def _told(one: tuple[str, Decimal, str]) -> str:
    step, amount, currency = one
    return f"{step}|{amount.normalize():f}|{currency}"


def suspects() -> Iterator[Offer]:
    """The offers that the ledger disagrees with, as it looks without a lock: whoever acts on it looks again."""
    offers = Offer.objects.select_related("chosen").prefetch_related("options", "ledger").order_by("pk")
    return (offer for offer in offers.iterator(chunk_size=BATCH) if faults_of(offer))


def open_alarms() -> QuerySet[LedgerAlarm]:
    return LedgerAlarm.objects.filter(settled_at=None).select_related("offer__case__ticket").order_by("found_at")


def alarm_words(what: str) -> str:
    """What the proof found, for people."""
    kind, step, amount, currency = (what.split("|") + ["", "", ""])[:4]
    names: dict[str, str] = {str(value): str(label) for value, label in Step.choices}
    told = {"step": names.get(step, step), "amount": shown(Decimal(amount), currency) if amount else ""}
    sentences = {
        "missing": _("The ledger lacks a step: %(step)s, %(amount)s."),
        "extra": _("The ledger has a step that the offer does not know: %(step)s, %(amount)s."),
        "coins": _("An amount that the currency has no coins for: %(step)s, %(amount)s."),
        "state": _("Its state does not agree with whether it was sent."),
    }
    return sentences[kind] % told if kind in sentences else what
