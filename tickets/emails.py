"""The mails that tickets send: one function each. They only fill the outbox, inside the caller's transaction."""

from __future__ import annotations

from zoneinfo import available_timezones

from accounts.models import Desk
from customers.models import Address
from outbox.actions import queue_mail
from outbox.emails import render
from outbox.models import Mail
from tickets.models import Message, Ticket
from tickets.queries import copy_of


def answers(ticket: Ticket, messages: list[Message], *, dedupe_key: str) -> Mail | None:
    """Our answers, to the customer's best address; None if they have none.

    An address that a guest merely typed gets our own words under a neutral subject, and nothing that
    a stranger wrote (decisions, Mail).
    """
    address = ticket.customer.address
    if address is None:
        return None
    desk = Desk.current()
    text, html = render("tickets/mail/answers", _context(ticket, address, desk) | {"answers": messages})
    return queue_mail(
        kind="reply",
        to=[(ticket.customer.name if address.is_known else "", address.email)],
        subject=f"Re: {ticket.subject}" if address.is_known else f"An answer from {desk.name}",
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=f"{messages[-1].by_user.face_name} at {desk.name}" if messages[-1].by_user else desk.name,
        references=_thread(ticket),
        files=[(str(file.file), file.name, file.type) for message in messages for file in message.attachments.all()],
    )


def follow_up(ticket: Ticket, *, dedupe_key: str) -> Mail | None:
    """The question, some days after solving, whether all is well; None without an address."""
    address = ticket.customer.address
    if address is None:
        return None
    desk = Desk.current()
    text, html = render("tickets/mail/follow_up", _context(ticket, address, desk))
    return queue_mail(
        kind="follow_up",
        to=[(ticket.customer.name if address.is_known else "", address.email)],
        subject="Is everything all right now?",
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=desk.name,
        references=_thread(ticket),
        is_automatic=True,
        is_at_most_once=True,
    )


def copy(ticket: Ticket, address: Address, *, dedupe_key: str) -> Mail:
    """The whole conversation as its customer sees it, to an address that is theirs for certain; files by name."""
    desk = Desk.current()
    said = copy_of(ticket)
    words = {"said": said.messages, "is_cut": said.is_cut, "zone": _zone(ticket, desk)}
    text, html = render("tickets/mail/copy", _context(ticket, address, desk) | words)
    return queue_mail(
        kind="copy",
        to=[(ticket.customer.name, address.email)],
        subject=f"A copy of our conversation: {ticket.subject}",
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=desk.name,
        references=_thread(ticket),
        is_automatic=True,
    )


def _context(ticket: Ticket, address: Address, desk: Desk) -> dict[str, object]:
    """What the templates say; a stranger's words (name, subject) only where the address is known to be theirs."""
    first_name = ticket.customer.name.split()[0] if ticket.customer.name.strip() else ""
    return {
        "desk": desk,
        "color": ticket.site.color if ticket.site else "",
        "first_name": first_name if address.is_known else "",
        "subject": ticket.subject if address.is_known else "",
        "action_url": ticket.site.url if ticket.site else "",
        "action_label": "Open the chat",
    }


def _zone(ticket: Ticket, desk: Desk) -> str:
    """The time zone that the customer's clock shows, as far as we know."""
    zone = ticket.customer.time_zone
    return zone if zone in available_timezones() else desk.time_zone


def _thread(ticket: Ticket) -> list[str]:
    """The Message-IDs of what we sent about this ticket, so that mail programs keep it together."""
    return list(Mail.objects.about(ticket.about).order_by("created_at").values_list("message_id", flat=True)[:20])
