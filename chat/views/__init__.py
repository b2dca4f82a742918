"""The widget's doors over HTTP: its page, its loader, and the chat for where sockets are blocked."""

from chat.views.closing import code, copy, end, rating, verify
from chat.views.conversation import contact, events, file, messages, start, tickets
from chat.views.identity import identify
from chat.views.page import embed, frame, rules, shop
from chat.views.ringing import accept, decline, ringing
from chat.views.unread import unread
from chat.views.uploads import uploads
from chat.views.visitors import block, blocks, unblock, visitor

__all__ = [
    "accept",
    "block",
    "blocks",
    "code",
    "contact",
    "copy",
    "decline",
    "embed",
    "end",
    "events",
    "file",
    "frame",
    "identify",
    "messages",
    "rating",
    "ringing",
    "rules",
    "shop",
    "start",
    "tickets",
    "unblock",
    "uploads",
    "visitor",
    "unread",
    "verify",
]
