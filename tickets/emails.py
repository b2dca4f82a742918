"""The mails that tickets send: one function each. They only fill the outbox, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.languages import mail_language
from accounts.models import Desk, User
from customers.models import Address
from outbox.actions import queue_mail
from outbox.emails import render
from outbox.models import Mail
from outbox.queries import sender_for
from outbox.tokens import unsubscribe_url
from tickets.macros import signature_of
from tickets.models import Attachment, Copied, Letter, Message, Ticket
from tickets.queries import Letterhead, copy_of, headed, letterhead
from tickets.queries.follow_ups import zone_of
from tickets.queries.notifications import Told, news, said
from tickets.tokens import rate_url
from tickets.wordings import RATE_LINK, answer_frame, worded

TO_OTHERS = ["reply_copy", "forward"]  # kinds of mail that do not go to the customer
FIRST_MESSAGE_SEQ = 2  # after `ticket.opened`


P = ParamSpec("P")
R = TypeVar("R")
AboutATicket = Callable[Concatenate[Ticket, P], R]


def in_the_customers_language(write: AboutATicket[P, R]) -> AboutATicket[P, R]:
    """The customer's own, else their site's, else the company's: the first of them that our mails speak."""

    @wraps(write)
    def written(ticket: Ticket, *args: P.args, **kwargs: P.kwargs) -> R:
        site = ticket.site.language if ticket.site else ""
        with translation.override(mail_language(ticket.customer.locale, site, Desk.current().language)):
            return write(ticket, *args, **kwargs)

    return written


@in_the_customers_language
def answers(ticket: Ticket, messages: list[Message], *, dedupe_key: str, copied: Sequence[Copied] = ()) -> Mail | None:
    """Our answers, to the customer's best address; None if they have none.

    Its header names who is `copied`; each of them gets a mail of their own (`answers_copy`). An address that a guest
    merely typed gets our own words under a neutral subject, and nothing that a stranger wrote (decisions, Mail); nor
    does it learn of others' addresses.
    """
    address = ticket.customer.address
    if address is None:
        return None
    desk = Desk.current()
    is_first, head = _is_first(messages), letterhead(ticket)
    words = _framed(ticket, messages, head, is_known=address.is_known)
    text, html = render("tickets/mail/answers", _context(ticket, address, desk) | words)
    return queue_mail(
        **head,
        kind="reply",
        to=[_customer_at(ticket, address)],
        shown_cc=[(person.name, person.email) for person in copied if address.is_known],
        subject=_subject(ticket, address, desk, is_first=is_first),
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=_sender_name(messages, desk, head),
        in_reply_to=_answered(ticket),
        references=_thread(ticket),
        files=_files(messages),
    )


@in_the_customers_language
def answers_copy(
    ticket: Ticket, messages: list[Message], *, person: Copied, copied: Sequence[Copied], dedupe_key: str
) -> Mail:
    """The same answers for somebody who is copied: as the customer's mail looks, without its button.

    It shows nothing that the answers do not: whoever is copied has no access to the conversation.
    """
    address, desk = ticket.customer.address, Desk.current()
    is_known, head = address is not None and address.is_known, letterhead(ticket)
    words = _framed(ticket, messages, head, is_known=is_known) | {
        "copied_by": person.by_user.face_name if person.by_user else desk.name,
        "copied_of": ticket.customer.name if is_known else "",
        "action_url": "",
    }
    context = _context(ticket, address, desk) if address else {"desk": desk}
    text, html = render("tickets/mail/answers", context | words)
    shown_to = [_customer_at(ticket, address)] if address and is_known else [(person.name, person.email)]
    return queue_mail(
        **head,
        kind="reply_copy",
        to=[(person.name, person.email)],
        shown_to=shown_to,
        shown_cc=[(one.name, one.email) for one in copied] if is_known else [],
        subject=_subject(ticket, address, desk, is_first=_is_first(messages)),
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=_sender_name(messages, desk, head),
        references=_thread(ticket, to=person.email),
        files=_files(messages),
    )


def forward(
    ticket: Ticket,
    messages: list[Message],
    *,
    by: User,
    to: Sequence[tuple[str, str]],
    words: str,
    files: Sequence[Attachment],
    dedupe_key: str,
    send_at: datetime,
) -> Mail:
    """What was said in public, as far as `by` chose, to somebody outside; names, but nobody's address.

    Whoever that is, the words around are in the company's language.
    """
    desk, head = Desk.current(), headed(sender_for(ticket.team), None)
    context = {"words": words, "said": messages, "subject": ticket.subject, "zone": desk.time_zone}
    context["ending"] = signature_of(by, team=ticket.team, sender=head["sender"])
    with translation.override(desk.language):
        text, html = render("tickets/mail/forward", context)
        return queue_mail(
            **head,
            kind="forward",
            to=to,
            subject=f"Fwd: {ticket.subject}",
            text=text,
            html=html,
            about=ticket.about,
            dedupe_key=dedupe_key,
            from_name=_named(by, desk, head),
            references=_thread(ticket, to=to[0][1]),
            files=[(str(file.file), file.name, file.type) for file in files],
            send_at=send_at,
        )


@in_the_customers_language
def receipt(ticket: Ticket, *, to: Address, dedupe_key: str, in_reply_to: str = "") -> Mail:
    """We have their mail, at once and by itself; `in_reply_to` is its Message-ID.

    An address that is not known to be theirs reads nothing of what was written in its name.
    """
    desk, head = Desk.current(), letterhead(ticket)
    subject, words = worded("receipt", ticket, is_known=to.is_known)
    usual = f"Re: {ticket.subject}" if to.is_known else _("Your message to %(company)s") % {"company": desk.name}
    text, html = render("tickets/mail/receipt", _context(ticket, to, desk) | {"action_url": "", "words": words})
    return queue_mail(
        **head,
        kind="acknowledgement",
        to=[_customer_at(ticket, to)],
        subject=subject or usual,
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=_face(desk, head),
        in_reply_to=in_reply_to,
        references=[in_reply_to],
        is_automatic=True,
        is_at_most_once=True,
    )


@in_the_customers_language
def follow_up(ticket: Ticket, *, dedupe_key: str) -> Mail | None:
    """The question, some days after solving, whether all is well; None without an address."""
    address = ticket.customer.address
    if address is None:
        return None
    desk, head = Desk.current(), letterhead(ticket)
    links = {RATE_LINK: rate_url(ticket.reference)}
    subject, words = worded("follow_up", ticket, is_known=address.is_known, links=links)
    more = {"unsubscribe_url": unsubscribe_url(address.email), "words": words}
    text, html = render("tickets/mail/follow_up", _context(ticket, address, desk) | more)
    return queue_mail(
        **head,
        kind="follow_up",
        to=[(ticket.customer.name if address.is_known else "", address.email)],
        subject=subject,
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=_face(desk, head),
        references=_thread(ticket),
        is_automatic=True,
        is_at_most_once=True,
    )


@in_the_customers_language
def copy(ticket: Ticket, address: Address, *, dedupe_key: str) -> Mail:
    """The whole conversation as its customer sees it, to an address that is theirs for certain; files by name."""
    desk = Desk.current()
    said = copy_of(ticket)
    words = {"said": said.messages, "is_cut": said.is_cut, "zone": str(zone_of(ticket))}
    text, html = render("tickets/mail/copy", _context(ticket, address, desk) | words)
    head = letterhead(ticket)
    return queue_mail(
        **head,
        kind="copy",
        to=[(ticket.customer.name, address.email)],
        subject=_("A copy of our conversation: %(subject)s") % {"subject": ticket.subject},
        text=text,
        html=html,
        about=ticket.about,
        dedupe_key=dedupe_key,
        from_name=_face(desk, head),
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
        "action_label": _("Open the chat"),
    }


def _thread(ticket: Ticket, *, to: str = "") -> list[str]:
    """The Message-IDs of what we sent about this ticket to its customer, and of what they sent, or of what we sent to
    another address (`to`), so that mail programs keep it together. Nobody learns those of a mail to somebody else: an
    answer is known by them."""
    mails = Mail.objects.about(ticket.about)
    if to:
        mails = mails.filter(kind__in=TO_OTHERS, recipients__email__iexact=to)
        return list(mails.order_by("created_at").values_list("message_id", flat=True)[:20])
    ours = mails.exclude(kind__in=TO_OTHERS).order_by("created_at").values_list("created_at", "message_id")
    theirs = _letters(ticket).order_by("message__created_at").values_list("message__created_at", "known_as")
    return [message_id for _at, message_id in sorted([*ours[:20], *theirs[:20]])]


def _answered(ticket: Ticket) -> str:
    """The Message-ID of what the customer wrote last; nothing if they wrote no mail."""
    return _letters(ticket).order_by("-message__created_at").values_list("known_as", flat=True).first() or ""


def _letters(ticket: Ticket) -> QuerySet[Letter]:
    return Letter.objects.filter(message__ticket=ticket, message__by_customer=ticket.customer_id).exclude(known_as="")


def _customer_at(ticket: Ticket, address: Address) -> tuple[str, str]:
    return (ticket.customer.name if address.is_known else "", address.email)


def _subject(ticket: Ticket, address: Address | None, desk: Desk, *, is_first: bool) -> str:
    if address is None or not address.is_known:
        return _("An answer from %(company)s") % {"company": desk.name}
    return ticket.subject if is_first else f"Re: {ticket.subject}"


def _is_first(messages: list[Message]) -> bool:
    """Whether we write first: nothing was said before these."""
    return messages[0].event.seq == FIRST_MESSAGE_SEQ


def _framed(ticket: Ticket, messages: list[Message], head: Letterhead, *, is_known: bool) -> dict[str, object]:
    """The answers with what ends each, and what stands around them all; before them nothing if we write first."""
    frame = answer_frame(ticket, by=messages[-1].by_user, is_known=is_known)
    endings = {
        by: signature_of(by, team=ticket.team, sender=head["sender"]) for by in {one.by_user for one in messages} if by
    }
    return {
        "answers": [(one, endings[one.by_user] if one.by_user else "") for one in messages],
        "before": None if _is_first(messages) else frame.before,
        "after": frame.after,
    }


def _sender_name(messages: list[Message], desk: Desk, head: Letterhead) -> str:
    by = messages[-1].by_user
    return _named(by, desk, head) if by else _face(desk, head)


def _named(by: User, desk: Desk, head: Letterhead) -> str:
    return _("%(name)s at %(company)s") % {"name": by.face_name, "company": _face(desk, head)}


def _face(desk: Desk, head: Letterhead) -> str:
    """The name beside the address, where no person's is."""
    return (head["sender"].name if head["sender"] else "") or desk.name


def _files(messages: list[Message]) -> list[tuple[str, str, str]]:
    files = [file for message in messages for file in message.attachments.all() if file.removed_at is None]
    return [(str(file.file), file.name, file.type) for file in files]


def digest_mail(user: User, told: list[Told], *, dedupe_key: str) -> Mail:
    """What somebody of ours has not read, each ticket with what happened on it; nobody's words, only whose they are."""
    with translation.override(user.reads):
        return _digest_mail(user, told, dedupe_key)


def _digest_mail(user: User, told: list[Told], dedupe_key: str) -> Mail:
    tickets = [
        {
            "label": _("Ticket %(number)s") % {"number": one.ticket.number},
            "subject": one.ticket.subject,
            "url": f"{settings.SITE_URL}{one.ticket.get_absolute_url()}",
            "lines": [said(notification) for notification in one.notifications],
        }
        for one in told
    ]
    first = f"{tickets[0]['lines'][0]}: {tickets[0]['subject']}" if len(tickets) == 1 else ""
    words = {
        "first_name": user.short_name,
        "tickets": tickets,
        "action_url": f"{settings.SITE_URL}/notifications/",
        "action_label": _("Open your notifications"),
        "settings_url": f"{settings.SITE_URL}/settings/notifications/",
    }
    text, html = render("tickets/mail/digest", words)
    return queue_mail(
        kind="notification",
        to=[(user.name, user.email)],
        subject=first or news(len(tickets)),
        text=text,
        html=html,
        dedupe_key=dedupe_key,
        is_automatic=True,
    )
