"""The heart's tables, split by noun; import them from here."""

from tickets.models.bulk_reply import BulkReply, BulkReplyRow
from tickets.models.conversation import Attachment, Collaborator, Event, EventQuerySet, Message, Rating, ReadMark
from tickets.models.follow_up import FollowUp
from tickets.models.search import TicketWords, WordsDue
from tickets.models.ticket import Channel, Priority, RootCause, Status, Tag, Ticket, new_reference
from tickets.models.working import Draft, Macro, SavedView, ScheduledReply, Undo

__all__ = [
    "Attachment",
    "BulkReply",
    "BulkReplyRow",
    "Channel",
    "Collaborator",
    "Draft",
    "Event",
    "EventQuerySet",
    "FollowUp",
    "Macro",
    "Message",
    "Priority",
    "Rating",
    "ReadMark",
    "RootCause",
    "SavedView",
    "ScheduledReply",
    "Status",
    "Tag",
    "Ticket",
    "TicketWords",
    "Undo",
    "WordsDue",
    "new_reference",
]
