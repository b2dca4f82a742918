"""What the panel beside a ticket shows of its case."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from recovery.forms.cases import OpenCaseForm
from recovery.models import Case, Decision
from recovery.queries.queue import MADE_GOOD, decisions_on, due_words, is_overdue, steps_of, watching
from tickets.models import Ticket


def case_context(ticket: Ticket, user: User) -> dict[str, Any]:
    """The case with its steps and what can be done now; without one, what was decided, and whether they are watched."""
    now = timezone.now()
    case = Case.objects.filter(ticket=ticket).select_related("owner", "follows", "opened_by").first()
    context: dict[str, Any] = {"case": case, "watched_by": watching(ticket, now=now)}
    if case is None:
        held = [one for one in decisions_on(ticket) if one.outcome != Decision.Outcome.OPENED]
        return context | {"decisions": held, "open_case_form": OpenCaseForm()}
    return context | {
        "steps": steps_of(case),
        "due": due_words(case, now),
        "is_overdue": is_overdue(case, now),
        "is_made_good": case.state in MADE_GOOD,
        "is_watched": case.watch_until is not None and case.watch_until > now,
        "can_take": case.owner_id != user.pk and (not case.is_second_failure or user.has_perm("recovery.approve")),
        "owners": _owners(ticket, case) if case.is_open and user.has_perm("recovery.work") else [],
    }


def _owners(ticket: Ticket, case: Case) -> list[User]:
    """Whom it can be given to: who sees the ticket; after a second failure those who are senior."""
    sees = Q(role__in=[Role.MANAGER, Role.ADMIN]) | Q(pk__in=[ticket.assignee_id] if ticket.assignee_id else [])
    sees |= Q(teams=ticket.team_id) if ticket.team_id else Q()
    people = User.objects.filter(is_active=True).filter(sees if ticket.team_id else Q()).distinct()
    if case.is_second_failure:
        people = people.exclude(role=Role.AGENT)
    return [user for user in people.order_by("name") if user.pk != case.owner_id]
