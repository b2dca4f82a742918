"""The mails that the chat sends by itself."""

from __future__ import annotations

from accounts.models import Desk, Site
from outbox.actions import queue_mail
from outbox.emails import render
from outbox.models import Mail


def code(email: str, *, site: Site, code: str, dedupe_key: str) -> Mail:
    """The code that proves an address. Nobody has proved it yet, so nothing in it is anybody's words but ours."""
    desk = Desk.current()
    text, html = render("chat/mail/code", {"code": code, "color": site.color})
    return queue_mail(
        kind="code",
        to=email,
        subject=f"Your code for the chat with {desk.name}",
        text=text,
        html=html,
        dedupe_key=dedupe_key,
        from_name=desk.name,
        is_automatic=True,
        is_secret=True,
    )
