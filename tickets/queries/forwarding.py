"""What of a conversation can go to somebody outside."""

from __future__ import annotations

from django.db.models import QuerySet

from tickets.models import Attachment, Message, Ticket


def forwardable(ticket: Ticket) -> QuerySet[Message]:
    """What was said in public; notes are the team's."""
    return ticket.messages.replies().select_related("by_user", "by_customer")


def forwardable_files(ticket: Ticket) -> QuerySet[Attachment]:
    """The files that came with it and are still there."""
    return Attachment.objects.filter(message__in=ticket.messages.replies(), removed_at=None)
