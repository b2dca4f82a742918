"""The widget's doors over HTTP: its page, its loader, and the chat for where sockets are blocked."""

from chat.views.conversation import contact, events, file, messages, start, tickets
from chat.views.page import embed, frame, rules, shop

__all__ = ["contact", "embed", "events", "file", "frame", "messages", "rules", "shop", "start", "tickets"]
