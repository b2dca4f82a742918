"""What the chat holds of a customer: browsers, signed identities, mailed codes. It moves when two records are one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from chat.actions.identifying import is_known
from chat.models import AddressCode, Identity, Visitor
from customers.models import Customer

_KINDS: dict[str, Any] = {"browsers": Visitor, "identities": Identity, "codes": AddressCode}


class Browsers:
    """See `Part` in tickets/actions/uniting_customers.py.

    A customer of whom it is known who they are has only browsers that proved it: whoever becomes known gets a new
    token, and the old ones end (identifying.py). Of one of whom nothing is known, every browser is just a browser.
    """

    def lock(self, customers: Iterable[Customer]) -> None:
        for kind in (Visitor, AddressCode):  # in the order of everybody who learns who a visitor is
            list(kind.objects.filter(customer__in=customers).order_by("pk").select_for_update(of=("self",)))

    def is_open(self, customer: Customer) -> bool:
        return Visitor.objects.filter(customer=customer).exists() and not is_known(customer)

    def count(self, customer: Customer) -> dict[str, int]:
        return {
            _("browsers"): Visitor.objects.filter(customer=customer).count(),
            _("signed identities"): Identity.objects.filter(customer=customer).count(),
        }

    def move(self, of: Customer, *, to: Customer) -> dict[str, Any]:
        moved = {}
        for name, kind in _KINDS.items():
            rows = kind.objects.filter(customer=of)
            moved[name] = list(rows.order_by("pk").values_list("pk", flat=True))
            kind.objects.filter(pk__in=moved[name]).update(customer=to)
        return moved

    def give_back(self, moved: dict[str, Any], *, of: Customer, to: Customer, since: datetime) -> None:
        for name, kind in _KINDS.items():
            kind.objects.filter(pk__in=moved[name], customer=of).update(customer=to)
        # A browser that came to be theirs since may have proved only what has just gone back: it proves it again.
        Visitor.objects.filter(customer=of, created_at__gte=since).delete()

    def settle(self, guest: Customer, *, into: Customer) -> None:
        """Whoever has seen the proof has moved them already: it came from one of these browsers."""


BROWSERS = Browsers()
