"""Rows as they are now, locked in the order in which everybody locks them: ticket, case, offer, the rules, the rest."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from recovery.models import Case, Offer, Policy
from tickets.actions._rules import lock
from tickets.models import Ticket


def lock_case(case: Case) -> Case:
    """The case; its `ticket` is the locked one, so that what is recorded there is true."""
    ticket = lock(case.ticket)
    locked = Case.objects.select_for_update(of=("self",)).select_related("owner").get(pk=case.pk)
    refuse_moved(locked, ticket)
    locked.ticket = ticket
    return locked


def refuse_moved(case: Case, ticket: Ticket) -> None:
    """While we waited for its ticket, that was merged into another, and the case goes on there.

    Errors: ValidationError code `conflict`.
    """
    if case.ticket_id != ticket.pk:
        raise ValidationError(_("Somebody has changed this a moment ago. Look again."), code="conflict")


def lock_offer(offer: Offer) -> Offer:
    """The offer; its `case` and that one's `ticket` are the locked ones."""
    case = lock_case(Case.objects.select_related("ticket").get(offers=offer.pk))
    locked = Offer.objects.select_for_update(of=("self",)).select_related("by").get(pk=offer.pk)
    locked.case = case
    return locked


def lock_policy() -> Policy:
    """The company's rules. Whoever holds them is alone with the budgets: two offers cannot both use the last of one."""
    Policy.objects.get_or_create(only_row=True)
    return Policy.objects.select_for_update(of=("self",)).get(only_row=True)
