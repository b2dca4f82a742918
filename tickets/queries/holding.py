"""What stands between a reply that was begun and the customer: who has written on the ticket meanwhile."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.models import User
from tickets.models import Channel, Draft, Event, ScheduledReply, Ticket


def leaves_by_mail(ticket: Ticket) -> bool:
    """Whether an answer to this ticket leaves by mail, rather than being read in a live chat."""
    return ticket.channel != Channel.CHAT and ticket.customer.email is not None


def came_between(ticket: Ticket, *, by: User, begun_seq: int) -> list[Event]:
    """What was said in public since `by` began to write and should be read before it is sent, oldest first:
    the answers of others of us and, where the reply leaves by mail, the customer's own words."""
    others = Q(by_user__isnull=False) & ~Q(by_user=by)
    if leaves_by_mail(ticket):
        others |= Q(by_customer__isnull=False)
    said = ticket.events.after(begun_seq).filter(others, type="message.posted", is_public=True)
    return list(said.with_words())


def draft_of(ticket: Ticket, user: User) -> Draft | None:
    """What this person has begun to write here; nobody else ever sees it."""
    return Draft.objects.filter(ticket=ticket, user=user).prefetch_related("attachments").first()


def open_replies(ticket: Ticket) -> QuerySet[ScheduledReply]:
    """The replies that have not left yet, or are held, the next one first."""
    rows = ScheduledReply.objects.filter(ticket=ticket, state__in=ScheduledReply.OPEN).select_related("user")
    return rows.prefetch_related("attachments").order_by("send_at", "pk")
