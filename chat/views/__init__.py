"""The widget's doors over HTTP: its page, its loader, and the chat for where sockets are blocked."""

from chat.views.conversation import contact, events, file, messages, start, tickets
from chat.views.page import embed, frame, rules, shop
from chat.views.ringing import accept, decline, ringing
from chat.views.unread import unread

__all__ = [
    "accept",
    "contact",
    "decline",
    "embed",
    "events",
    "file",
    "frame",
    "messages",
    "ringing",
    "rules",
    "shop",
    "start",
    "tickets",
    "unread",
]
