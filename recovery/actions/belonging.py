"""What making good holds of a customer moves when two records are one, and what it holds of a ticket when it is merged;
what somebody of ours had goes to another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Team, User
from customers.models import Customer
from recovery.actions.cases import about
from recovery.models import Case, Failure, Lot, Offer, TellingRow
from recovery.queries.cases import SENIOR, owner_for
from tickets.actions._rules import lock
from tickets.events import record
from tickets.models import Ticket


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


class PutRight:
    """See `Part` in tickets/actions/uniting.py: what went wrong, and the case, go on with the survivor.

    There is one of each for a ticket. Where the survivor has its own, that one counts, and the other stays where it is:
    a second failure of one matter is no second failure. A case that is left behind so is closed, unless an offer of it
    is on its way, which its customer may still answer.
    """

    def move(self, of: Ticket, *, to: Ticket, by: User | None) -> dict[str, Any]:
        moved: dict[str, Any] = {}
        failure = Failure.objects.select_for_update(of=("self",)).filter(ticket=of).first()
        if failure is not None and not Failure.objects.filter(ticket=to).exists():
            failure.ticket = to
            failure.save(update_fields=["ticket"])
            moved["failure"] = failure.pk
        case = Case.objects.select_for_update(of=("self",)).filter(ticket=of).first()
        if case is None:
            return moved
        if not Case.objects.filter(ticket=to).exists():
            case.ticket = to
            case.save(update_fields=["ticket"])
            return moved | {"case": case.pk}
        if case.is_open and not Offer.objects.live().filter(case=case).exists():
            moved["closed"] = {"case": case.pk, "was": case.state}
            _close(case, of, note=_("Ticket %(number)s goes on for this one.") % {"number": to.pk}, by=by)
        return moved

    def give_back(self, moved: dict[str, Any], *, to: Ticket, taken_from: Ticket, by: User | None) -> None:
        """What the ticket got meanwhile stays its own."""
        if not Failure.objects.filter(ticket=to).exists():
            Failure.objects.filter(pk=moved.get("failure", 0), ticket=taken_from).update(ticket=to)
        if not Case.objects.filter(ticket=to).exists():
            Case.objects.filter(pk=moved.get("case", 0), ticket=taken_from).update(ticket=to)
        if "closed" in moved:
            _reopen(moved["closed"], to, by=by)


def _close(case: Case, ticket: Ticket, *, note: str, by: User | None) -> None:
    """As `close_case`, on the ticket that whoever merges holds."""
    was, case.state, case.closed_at, case.close_note = case.state, Case.State.CLOSED, timezone.now(), note
    case.save(update_fields=["state", "closed_at", "close_note"])
    record(ticket, "case.closed", by=by, data={"was": was, "note": note} | about(case))


def _reopen(closed: dict[str, Any], ticket: Ticket, *, by: User | None) -> None:
    """Unless somebody has taken it up meanwhile."""
    mine = Case.objects.select_for_update(of=("self",)).select_related("owner")
    case = mine.filter(pk=closed["case"], ticket=ticket, state=Case.State.CLOSED).first()
    if case is None:
        return
    case.state, case.closed_at, case.close_note = closed["was"], None, ""
    case.save(update_fields=["state", "closed_at", "close_note"])
    record(ticket, "case.put_back", by=by, data={"state": case.state} | about(case))


CASES = Cases()
OWNED = Owned()
PUT_RIGHT = PutRight()
