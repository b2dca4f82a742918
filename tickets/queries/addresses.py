"""Addresses: who cannot be written to, and whom somebody may mean."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import User
from customers.models import Address, Customer
from outbox.headers import default_sender
from outbox.models import Suppression
from outbox.policy import Why
from tickets.queries.customers import find_customers, visible_customers

SUGGESTED = 8


def troubles_of(emails: Iterable[str]) -> dict[str, str]:
    """Why these addresses cannot be written to, by address in lower case; those that can are left out."""
    wanted = [email.lower() for email in emails]
    blocked = Address.objects.identifying().filter(email__in=wanted, customer__is_blocked=True)
    troubles = {email.lower(): _("This customer is blocked.") for email in blocked.values_list("email", flat=True)}
    for email, why in Suppression.objects.reasons_for(wanted).items():
        if why != Why.UNSUBSCRIBED:  # that is about mails nobody asked for
            troubles[email] = _("Mails to it come back.") if why == Why.BOUNCE else _("It wants no mail from us.")
    ours = default_sender()[1].lower()
    return troubles | ({ours: _("That is this desk’s own address.")} if ours in wanted else {})


def suggest_people(words: str, *, by: User, first: int | None = None) -> list[Customer]:
    """Customers with an address whom somebody may mean by these words; those of the company `first` come first."""
    seen = visible_customers(by).filter(merged_into=None, addresses__isnull=False)
    found = list(
        find_customers(seen, words)
        .distinct()
        .select_related("company")
        .with_addresses()
        .order_by("-pk")[: SUGGESTED * 4]
    )
    if first is not None:
        found.sort(key=lambda customer: customer.company_id != first)
    return found[:SUGGESTED]
