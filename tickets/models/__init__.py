"""The heart's tables, split by noun; import them from here."""

from tickets.models.bulk_reply import BulkReply, BulkReplyRow
from tickets.models.conversation import Attachment, Collaborator, Event, EventQuerySet, Message, Rating, ReadMark
from tickets.models.copied import Copied
from tickets.models.customer_merge import CustomerMerge
from tickets.models.follow_up import FollowUp, FollowUpTemplate, Unless
from tickets.models.letter import Authenticity, Letter
from tickets.models.marks import EventMark
from tickets.models.notifying import (
    Follow,
    Notification,
    NotificationSettings,
    PushSubscription,
)
from tickets.models.outreach import Outreach, OutreachRow
from tickets.models.promises import Promise, PromiseRun
from tickets.models.relating import ChecklistItem, TicketLink
from tickets.models.search import TicketWords, WordsDue
from tickets.models.shaping import Article, Field, NamedStatus, Panel
from tickets.models.ticket import Channel, Priority, RootCause, Status, Tag, Ticket, new_reference
from tickets.models.working import Draft, Macro, SavedView, ScheduledReply, Undo

__all__ = [
    "Article",
    "Attachment",
    "Authenticity",
    "BulkReply",
    "BulkReplyRow",
    "Channel",
    "ChecklistItem",
    "Collaborator",
    "Copied",
    "CustomerMerge",
    "Draft",
    "Event",
    "EventMark",
    "EventQuerySet",
    "Field",
    "Follow",
    "FollowUp",
    "FollowUpTemplate",
    "Letter",
    "Macro",
    "Message",
    "NamedStatus",
    "Notification",
    "NotificationSettings",
    "Outreach",
    "OutreachRow",
    "Panel",
    "Priority",
    "Promise",
    "PromiseRun",
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
    "Unless",
    "WordsDue",
    "new_reference",
]
