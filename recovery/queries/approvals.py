"""Who can say yes to an offer, and what waits for whom."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from accounts.models import User
from accounts.roles import Role
from recovery.models import Approval, Offer, TeamBudget
from recovery.queries.budgets import NO_RATE, Limit, covers, own_limits
from tickets.models import Ticket

DECIDERS = [Role.LEAD, Role.MANAGER, Role.ADMIN]


def may_decide(user: User, approval: Approval, *, limits: list[Limit]) -> bool:
    """Whether they may say yes to it: not their own, and within what they may give themselves, which is `limits`. What
    nobody can say the cost of is a manager's."""
    if user.pk in (approval.asked_by_id, approval.offer.by_id) or not user.has_perm("recovery.approve"):
        return False
    if any(reason[0] == NO_RATE for reason in approval.reasons):
        return user.has_perm("recovery.manage")
    return covers(user, approval.amount, limits)


def approvers(approval: Approval, *, now: datetime) -> list[User]:
    """Who is told that somebody waits: leads who can say yes and see the ticket; if there is none, the managers."""
    seeing = _who_see(approval.offer, DECIDERS)
    people = [user for user in seeing if may_decide(user, approval, limits=own_limits(user, now))]
    return [user for user in people if user.role == Role.LEAD] or people


def deputies(approval: Approval, *, now: datetime) -> list[User]:
    """Who is told when nobody has decided in time: the team's deputy if they can say yes, else the managers."""
    team = approval.offer.case.ticket.team_id
    budget = TeamBudget.objects.filter(team=team).select_related("deputy").first() if team else None
    deputy = budget.deputy if budget else None
    people = _who_see(approval.offer, DECIDERS)
    if deputy in people and may_decide(deputy, approval, limits=own_limits(deputy, now)):
        return [deputy]
    managers = [user for user in people if user.has_perm("recovery.manage")]
    return [user for user in managers if may_decide(user, approval, limits=own_limits(user, now))]


def waiting_for(user: User) -> QuerySet[Approval]:
    """What waits for a decision on tickets that they may see, the most urgent first; their own, too."""
    kept = Approval.objects.filter(state=Approval.State.ASKED, offer__in=Offer.objects.visible_to(user))
    return kept.select_related(
        "offer__case__ticket__customer__merged_into", "offer__case__ticket__failure", "offer__by", "asked_by"
    ).order_by("due_at", "pk")


def _who_see(offer: Offer, roles: list[Role]) -> list[User]:
    people = User.objects.filter(role__in=roles, is_active=True).order_by("pk")
    seen = Ticket.objects.filter(pk=offer.case.ticket_id)
    return [user for user in people if seen.visible_to(user).exists()]


def overdue_approvals(now: datetime) -> QuerySet[Approval]:
    """What nobody has decided in time, and no deputy knows of yet."""
    due = Approval.objects.filter(state=Approval.State.ASKED, due_at__lte=now, deputy_told_at=None)
    return due.select_related("offer").order_by("due_at")
