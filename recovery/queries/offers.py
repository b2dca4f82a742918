"""Offers and what they are worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from customers.models import Customer
from outbox.models import Mail, MailState
from recovery import tokens
from recovery.models import Failure, Offer, Option, Policy, RemedyKind
from recovery.queries.gap import gap_of
from recovery.queries.rates import converted
from tickets.models import Ticket

MAIL_KEY = "offer-"  # and the offer's own key: what its mail is called in the outbox


def offer_of(token: str) -> Offer | None:
    """The offer that a link leads to, whatever has become of it."""
    nonce = tokens.read(token, tokens.OFFER)
    if nonce is None:
        return None
    return Offer.objects.select_related("case__ticket__customer").filter(nonce=nonce).first()


def offer_of_mail(mail: Mail) -> Offer | None:
    """The offer that a mail brings."""
    key = mail.dedupe_key.removeprefix(MAIL_KEY)
    try:
        return Offer.objects.filter(pk=UUID(key)).first() if key != mail.dedupe_key else None
    except ValueError:
        return None


def unsent_offers() -> QuerySet[Offer]:
    """Offers that count as sent, but whose mail has ended without leaving."""
    key = Concat(Value(MAIL_KEY), Cast(OuterRef("pk"), TextField()))
    ended = Mail.objects.filter(dedupe_key=key, state__in=[MailState.CANCELLED, MailState.FAILED])
    return (
        Offer.objects.filter(Exists(ended), state=Offer.State.SENT).select_related("case__ticket").order_by("sent_at")
    )


def expired_offers(now: datetime) -> QuerySet[Offer]:
    """Those whose time is over, and that nobody has answered."""
    return Offer.objects.filter(state=Offer.State.SENT, expires_at__lte=now).order_by("expires_at")


def dearest(options: Iterable[Option]) -> Decimal:
    """What the offer costs at most."""
    return max((option.value for option in options), default=Decimal(0))


def offers_to(customer: Customer) -> QuerySet[Offer]:
    """All that this person was ever offered, also under a record that is known to be theirs."""
    return Offer.objects.filter(case__ticket__in=Ticket.objects.of_person(customer))


def earlier_apology(offer: Offer, policy: Policy, now: datetime) -> Offer | None:
    """An apology in another case of theirs, not long ago: a second one would do harm (Halperin et al. 2022)."""
    since = now - timedelta(days=policy.apology_days)
    sent = offers_to(offer.case.ticket.customer).exclude(case=offer.case).filter(sent_at__gt=since)
    return sent.filter(options__kind=RemedyKind.APOLOGY).order_by("-sent_at").first()


@dataclass(frozen=True)
class Measured:
    """What an offer is held against, in its currency."""

    currency: str
    gap: Decimal
    cap: Decimal | None


def measure(ticket: Ticket, currency: str | None, *, now: datetime, policy: Policy) -> Measured:
    """The gap, and what may be given at most, in this currency or the failure's.

    Errors: ValidationError code `fault` without a failure, `currency` without a rate.
    """
    if not Failure.objects.filter(ticket=ticket).exists():
        raise ValidationError(_("First say what failed, and whether it was our fault."), code="fault")
    found = gap_of(ticket, now=now, policy=policy)
    wanted = currency or found.currency
    gap = converted(found.total, found.currency, wanted)
    cap = None if found.cap is None else converted(found.cap, found.currency, wanted)
    if gap is None or (found.cap is not None and cap is None):
        raise ValidationError(_("There is no rate for %(currency)s.") % {"currency": wanted}, code="currency")
    return Measured(wanted, gap, cap)
