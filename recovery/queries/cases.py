"""Questions about cases: whose they should be, what went wrong before, and why there is one, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.crypto import salted_hmac

from accounts.models import User
from accounts.roles import Role
from customers.models import Customer
from recovery.lots import draw
from recovery.models import Case, Failure, Policy, Remedy
from tickets.models import Ticket

GRAVE = 4  # from this severity on nobody is held out
SENIOR = [Role.LEAD, Role.MANAGER, Role.ADMIN]


@dataclass(frozen=True)
class Earlier:
    """What went wrong for the same person before: on which ticket, when, and what was done about it."""

    ticket: int
    at: datetime
    is_same_cause: bool
    case: Case | None


def person_of(customer: Customer) -> int:
    """The record that stands for this person: of guests of whom we have said who they are, the known one."""
    return customer.merged_into_id or customer.pk


def earlier_failure(ticket: Ticket, *, at: datetime, policy: Policy) -> Earlier | None:
    """The newest failure of the same person on another ticket that makes this one the second: not long before `at`, or
    of the same root cause however long ago. What was not our fault does not count; a case does, whatever opened it."""
    theirs = Ticket.objects.of_person(ticket.customer).filter(trashed_at=None).exclude(pk=ticket.pk)
    theirs = theirs.exclude(merged_into=ticket)
    since = at - timedelta(days=policy.second_failure_days)
    same = Q(ticket__root_cause=ticket.root_cause_id) if ticket.root_cause_id else Q(pk__in=[])
    failures = Failure.objects.filter(Q(noted_at__gte=since) | same, ticket__in=theirs, noted_at__lt=at)
    cases = Case.objects.filter(Q(opened_at__gte=since) | same, ticket__in=theirs, opened_at__lt=at)
    failure = failures.exclude(is_our_fault=False).select_related("ticket").order_by("-noted_at").first()
    case = cases.select_related("ticket").order_by("-opened_at").first()
    if failure is not None and (case is None or failure.noted_at >= case.opened_at):
        on, when = failure.ticket, failure.noted_at
    elif case is not None:
        on, when = case.ticket, case.opened_at
    else:
        return None
    is_same = ticket.root_cause_id is not None and on.root_cause_id == ticket.root_cause_id
    return Earlier(on.pk, when, is_same, Case.objects.filter(ticket=on).first() or case)


def is_spared(failure: Failure) -> bool:
    """Whether nobody is held out of it: it is grave, or law or contract grant something for it anyway."""
    if failure.severity >= GRAVE:
        return True
    owed = Remedy.objects.filter(is_owed=True, archived_at=None, failures__contains=[failure.kind])
    return owed.filter(severity_from__lte=failure.severity, severity_to__gte=failure.severity).exists()


def arm_drawn(person: int, trigger: str, *, policy: Policy) -> str:
    """What a person draws for a trigger, if they have not drawn before."""
    secret = salted_hmac("recovery.lots", "secret", algorithm="sha256").digest()
    return draw(secret, person, trigger, holdout_percent=policy.holdout_percent, variants=policy.variants)


def owner_for(ticket: Ticket, *, is_senior: bool) -> User | None:
    """Whose case it is: the ticket's agent if they are here, else a lead of its team, else a manager. Where a senior
    person has to, an agent is passed over. Nobody is here: the ticket's agent, who will be back."""
    agent = ticket.assignee if ticket.assignee and ticket.assignee.is_active else None
    may = agent is not None and (not is_senior or agent.role in SENIOR)
    if agent is not None and may and agent.availability == User.Availability.ONLINE:
        return agent
    return senior_for(ticket) or (agent if may else None)


def senior_for(ticket: Ticket) -> User | None:
    """A lead of the ticket's team (of any, if it has none), else a manager, else an admin; those who are here before
    those who are away, then whoever has the fewest open cases."""
    leads = Q(role=Role.LEAD) & (Q(teams=ticket.team_id) if ticket.team_id else Q())
    people = User.objects.filter(leads | Q(role__in=[Role.MANAGER, Role.ADMIN]), is_active=True).distinct()
    open_cases = Count("recovery_cases", filter=~Q(recovery_cases__state=Case.State.CLOSED), distinct=True)
    found = list(people.annotate(has_open=open_cases))
    order = {Role.LEAD: 0, Role.MANAGER: 1, Role.ADMIN: 2}
    found.sort(
        key=lambda user: (
            order[Role(user.role)],
            user.availability != User.Availability.ONLINE,
            user.has_open,
            user.pk,
        )
    )
    return found[0] if found else None
