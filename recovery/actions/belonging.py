"""What making good holds of a customer moves when two records are one; what somebody of ours had goes to another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Team, User
from customers.models import Customer
from recovery.actions.cases import about
from recovery.models import Case, Lot, TellingRow
from recovery.queries.cases import SENIOR, owner_for
from tickets.actions._rules import lock
from tickets.events import record


class Cases:
    """See `Part` in tickets/actions/uniting_customers.py. What they had both drawn, or both were told, stays with each:
    the survivor's is asked for."""

    def lock(self, customers: Iterable[Customer]) -> None:
        """Cases change under the locks of their tickets, which are held."""

    def is_open(self, customer: Customer) -> bool:
        return False

    def count(self, customer: Customer) -> dict[str, int]:
        return {_("cases"): Case.objects.filter(customer=customer).count()}

    def move(self, of: Customer, *, to: Customer) -> dict[str, Any]:
        moved = {}
        for name, rows in _theirs(of, to).items():
            moved[name] = list(rows.order_by("pk").values_list("pk", flat=True))
            rows.model.objects.filter(pk__in=moved[name]).update(customer=to)
        return moved

    def give_back(self, moved: dict[str, Any], *, of: Customer, to: Customer, since: datetime) -> None:
        for name, model in _KINDS.items():
            model.objects.filter(pk__in=moved[name], customer=of).update(customer=to)

    def settle(self, guest: Customer, *, into: Customer) -> None:
        """The guest is forgotten: what the other has already goes with them, the rest becomes the other's."""
        self.move(guest, to=into)
        for model in (Lot, TellingRow):
            model.objects.filter(customer=guest).delete()


_KINDS: dict[str, Any] = {"cases": Case, "lots": Lot, "told": TellingRow}


def _theirs(of: Customer, to: Customer) -> dict[str, QuerySet[Any]]:
    """What can become the other's: there is one lot for each trigger, and one row for each telling."""
    drawn = Lot.objects.filter(customer=to).values("trigger")
    told = TellingRow.objects.filter(customer=to).values("telling")
    return {
        "cases": Case.objects.filter(customer=of),
        "lots": Lot.objects.filter(customer=of).exclude(trigger__in=drawn),
        "told": TellingRow.objects.filter(customer=of).exclude(telling__in=told),
    }


OPEN_CASES = gettext_noop("open cases")


class Owned:
    """See `Part` in accounts/actions/people.py: the open cases of somebody who stops working here."""

    def count(self, user: User) -> dict[str, int]:
        return {OPEN_CASES: _open_cases(user).count()}

    def hand_on(self, user: User, *, by: User | None, to: User | Team | None) -> None:
        """To whom the rest goes; where that is a team, or an agent after a second failure, to a lead."""
        for case in _open_cases(user).select_related("ticket").order_by("ticket"):
            ticket = lock(case.ticket)
            heir = to if isinstance(to, User) and (to.role in SENIOR or not case.is_second_failure) else None
            heir = heir or owner_for(ticket, is_senior=case.is_second_failure)
            had, case.owner = user.name, heir if heir != user else None
            case.save(update_fields=["owner"])
            record(ticket, "case.taken", by=by, data={"from": had} | about(case))


def _open_cases(user: User) -> QuerySet[Case]:
    return Case.objects.open().filter(owner=user)


CASES = Cases()
OWNED = Owned()
