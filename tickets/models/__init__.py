"""The heart's tables, split by noun; import them from here."""

from tickets.models.conversation import Attachment, Collaborator, Event, EventQuerySet, Message, Rating, ReadMark
from tickets.models.follow_up import FollowUp
from tickets.models.ticket import Channel, Priority, RootCause, Status, Tag, Ticket, new_reference

__all__ = [
    "Attachment",
    "Channel",
    "Collaborator",
    "Event",
    "EventQuerySet",
    "FollowUp",
    "Message",
    "Priority",
    "Rating",
    "ReadMark",
    "RootCause",
    "Status",
    "Tag",
    "Ticket",
    "new_reference",
]
