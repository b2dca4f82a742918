"""The heart's tables, split by noun; import them from here."""

from tickets.models.conversation import Attachment, Event, EventQuerySet, Message, ReadMark
from tickets.models.follow_up import FollowUp
from tickets.models.ticket import Channel, Priority, RootCause, Status, Tag, Ticket, new_reference

__all__ = [
    "Attachment",
    "Channel",
    "Event",
    "EventQuerySet",
    "FollowUp",
    "Message",
    "Priority",
    "ReadMark",
    "RootCause",
    "Status",
    "Tag",
    "Ticket",
    "new_reference",
]
