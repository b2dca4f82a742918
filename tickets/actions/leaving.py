"""Somebody stops working here: what they had goes to others, in the transaction that takes their rights away.

`accounts` knows no tickets; it asks whatever settings.PERSON_PARTS names (`Part` in accounts/actions/people.py).
"""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import Team, User
from tickets.actions._rules import lock
from tickets.actions.handing_over import leave_ticket
from tickets.actions.planning import leave_planned, planned_in_name_of
from tickets.actions.sorting import assign_ticket
from tickets.events import record
from tickets.models import BulkReply, BulkReplyRow, Collaborator, ScheduledReply, Ticket
from tickets.models.ticket import TicketQuerySet

# What `count` calls them; whoever shows it translates.
OPEN_TICKETS, REPLIES = gettext_noop("open tickets"), gettext_noop("replies that have not left")


class Work:
    """Open tickets, replies that have not left, and tickets that they were asked into. Drafts stay as they are: they
    are somebody's own thoughts, and are there again if they come back."""

    def count(self, user: User) -> dict[str, int]:
        replies = ScheduledReply.objects.filter(user=user, state__in=ScheduledReply.OPEN)
        planned = planned_in_name_of(user)
        return {OPEN_TICKETS: _open_tickets(user).count(), REPLIES: replies.count() + planned.count()}

    def hand_on(self, user: User, *, by: User | None, to: User | Team | None) -> None:
        """Give their open tickets to somebody, to a team (where nobody has them yet) or to nobody; solved ones stay
        theirs. What would have left in their name is taken back."""
        chosen = {"user": to} if isinstance(to, User) else {"user": None} | ({"team": to} if to else {})
        for ticket in _open_tickets(user).order_by("pk"):
            assign_ticket(ticket, by=by, **chosen)
        _take_back_replies(user, by)
        leave_planned(user, by=by)
        _leave_tickets(user, by)


def _open_tickets(user: User) -> TicketQuerySet:
    return Ticket.objects.unsolved().filter(assignee=user, trashed_at=None)


def _take_back_replies(user: User, by: User | None) -> None:
    now = timezone.now()
    for bulk in BulkReply.objects.filter(user=user, stopped_at=None):
        if bulk.rows.waiting().update(state=BulkReplyRow.State.STOPPED):
            BulkReply.objects.filter(pk=bulk.pk).update(stopped_at=now)
    waiting = ScheduledReply.objects.filter(user=user, state__in=ScheduledReply.OPEN)
    for row in waiting.order_by("ticket", "pk"):
        ticket = lock(Ticket(pk=row.ticket_id))
        reason = f"{user.name} does not work here any more."[:200]  # on record; no page shows it
        if waiting.filter(pk=row.pk).update(state=ScheduledReply.State.CANCELLED, reason=reason):
            record(ticket, "reply.taken_back", by=by, data={"user": user.name, "reason": reason})


def _leave_tickets(user: User, by: User | None) -> None:
    rows = Collaborator.objects.filter(user=user, ticket__in=Ticket.objects.unsolved().filter(trashed_at=None))
    for row in rows.select_related("ticket").order_by("ticket"):
        leave_ticket(row.ticket, by=by or user, user=user)


WORK = Work()
