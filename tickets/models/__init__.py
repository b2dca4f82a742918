"""The heart's tables, split by noun; import them from here."""

from tickets.models.bulk_reply import BulkReply, BulkReplyRow
from tickets.models.conversation import Attachment, Collaborator, Event, EventQuerySet, Message, Rating, ReadMark
from tickets.models.copied import Copied
from tickets.models.customer_merge import CustomerMerge
from tickets.models.follow_up import FollowUp
from tickets.models.notifying import (
    Follow,
    Notification,
    NotificationSettings,
    NotifyingMark,
    PushSubscription,
)
from tickets.models.outreach import Outreach, OutreachRow
from tickets.models.relating import ChecklistItem, TicketLink
from tickets.models.search import TicketWords, WordsDue
from tickets.models.shaping import Article, Field, NamedStatus, Panel
from tickets.models.ticket import Channel, Priority, RootCause, Status, Tag, Ticket, new_reference
from tickets.models.working import Draft, Macro, SavedView, ScheduledReply, Undo

__all__ = [
    "Article",
    "Attachment",
    "BulkReply",
    "BulkReplyRow",
    "Channel",
    "ChecklistItem",
    "Collaborator",
    "Copied",
    "CustomerMerge",
    "Draft",
    "Event",
    "EventQuerySet",
    "Field",
    "Follow",
    "FollowUp",
    "Macro",
    "Message",
    "NamedStatus",
    "Notification",
    "NotificationSettings",
    "NotifyingMark",
    "Outreach",
    "OutreachRow",
    "Panel",
    "Priority",
    "PushSubscription",
    "Rating",
    "ReadMark",
    "RootCause",
    "SavedView",
    "ScheduledReply",
    "Status",
    "Tag",
    "Ticket",
    "TicketLink",
    "TicketWords",
    "Undo",
    "WordsDue",
    "new_reference",
]
