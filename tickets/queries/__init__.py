"""Readings that are more than one filter, split by noun; import them from here."""

from tickets.queries.customers import find_customers, visible_customers
from tickets.queries.filtering import keep_of, looked_up, understand
from tickets.queries.inbox import Cursor, Page, View, inbox_page, inbox_views
from tickets.queries.mailing import (
    Copy,
    Letterhead,
    copy_of,
    has_seen_all,
    headed,
    letterhead,
    seen_seq,
    ticket_of,
    troubled_mails,
    unmailed_answers,
)
from tickets.queries.timelines import Timeline, timeline

__all__ = [
    "Copy",
    "Cursor",
    "Letterhead",
    "Page",
    "Timeline",
    "View",
    "copy_of",
    "find_customers",
    "has_seen_all",
    "headed",
    "inbox_page",
    "inbox_views",
    "keep_of",
    "letterhead",
    "looked_up",
    "seen_seq",
    "ticket_of",
    "timeline",
    "troubled_mails",
    "understand",
    "unmailed_answers",
    "visible_customers",
]
