"""What is owed by mail about tickets, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from outbox.models import Mail, Sender
from outbox.queries import sender_for
from tickets.models import Channel, Event, Message, Ticket
from tickets.tokens import reply_address

_TROUBLE_DAYS = 7
_COPY_MESSAGES = 500
_COPY_CHARS = 200_000  # of words; mail servers refuse what is much longer


@dataclass(frozen=True)
class Copy:
    """What a customer sees of a conversation, oldest first, with files; `is_cut` if the beginning had no room."""

    messages: list[Message]
    is_cut: bool


class Letterhead(TypedDict):
    """Whom a mail comes from, and where its answers go."""

    sender: Sender | None
    reply_to: str


def letterhead(ticket: Ticket) -> Letterhead:
    """Of its team's mails to the customer, or to who is copied: their answers find the ticket by where they go."""
    return headed(sender_for(ticket.team), ticket)


def headed(sender: Sender | None, ticket: Ticket | None) -> Letterhead:
    """Without a ticket, answers to it begin a conversation of their own."""
    if sender is None:
        return Letterhead(sender=None, reply_to="")
    base = sender.answers_at
    reply_to = reply_address(ticket.reference, base) if ticket and sender.has_plus else base
    return Letterhead(sender=sender, reply_to=reply_to if reply_to != sender.email else "")


def copy_of(ticket: Ticket) -> Copy:
    """A conversation as its customer sees it: no notes; of a very long one the newest part."""
    seen = Message.objects.visible_to(ticket.customer).filter(ticket=ticket).select_related("by_user", "by_customer")
    newest = list(seen.prefetch_related("attachments").order_by("-event__seq")[: _COPY_MESSAGES + 1])
    kept: list[Message] = []
    room = _COPY_CHARS
    for message in newest[:_COPY_MESSAGES]:
        room -= len(message.body)
        if room < 0:
            break
        kept.append(message)
    return Copy(kept[::-1], is_cut=len(kept) < len(newest))


def seen_seq(ticket: Ticket) -> int:
    """The last event that the customer has seen in the chat; 0 if none."""
    return ticket.read_marks.filter(customer=ticket.customer_id).values_list("seq", flat=True).first() or 0


def unmailed_answers(ticket: Ticket) -> list[Message]:
    """Our replies, with their files, that have not left by mail and, in a chat, not been seen; oldest first."""
    seq = ticket.mailed_seq
    if ticket.channel == Channel.CHAT:
        seq = max(seq, seen_seq(ticket))
    return _answers_after(ticket, seq)


def answers_since(ticket: Ticket, seq: int) -> list[Message]:
    """Our replies after `seq` that those who are copied get, with their files, oldest first."""
    return [answer for answer in _answers_after(ticket, seq) if is_for_copies(answer)]


def is_for_copies(answer: Message) -> bool:
    """Whether its author did not leave them out."""
    return not answer.event.data.get("uncopied")


def _answers_after(ticket: Ticket, seq: int) -> list[Message]:
    replies = ticket.messages.replies().filter(by_user__isnull=False, event__seq__gt=seq)
    return list(replies.select_related("event", "by_user").prefetch_related("attachments").order_by("event__seq"))


def has_seen_all(ticket: Ticket) -> bool:
    """Whether the customer has read everything that is meant for them in the chat."""
    return ticket.channel == Channel.CHAT and seen_seq(ticket) >= ticket.public_last_seq


def ticket_of(mail: Mail) -> Ticket | None:
    """The ticket that a mail is about, if it is about one."""
    kind, _, number = mail.about.partition(":")
    return Ticket.objects.filter(pk=int(number)).first() if kind == "ticket" and number.isdigit() else None


def troubled_mails() -> QuerySet[Mail]:
    """Mails about tickets, of the last week, that did not arrive or perhaps did not, and that no event tells of."""
    told = Event.objects.annotate(mail=KT("data__mail")).filter(
        type="mail.failed", mail=Cast(OuterRef("pk"), TextField())
    )
    recent = Mail.objects.filter(created_at__gte=timezone.now() - timedelta(days=_TROUBLE_DAYS))
    return recent.undelivered().filter(~Exists(told), about__startswith="ticket:")
