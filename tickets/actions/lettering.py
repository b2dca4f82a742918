"""What came by mail goes onto a ticket: its words, what else the mail was, and its files, all of it or nothing."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.limits import take
from accounts.models import Desk, Team, User
from customers.models import Address, Customer
from outbox.models import Mail
from tickets import emails
from tickets.actions._rules import Actor, clean_line, lock, start_waiting, stop_waiting
from tickets.actions.attaching import MAX_FILES, add_attachment
from tickets.actions.following_up import cancel_follow_ups
from tickets.actions.opening import open_ticket, subject_from
from tickets.actions.posting import post_message
from tickets.events import authored, record
from tickets.models import Attachment, Authenticity, Channel, Copied, Letter, Message, Status, Ticket
from tickets.models.ticket import SNOOZE_FIELDS
from tickets.queries.mailing import unmailed_answers

log = logging.getLogger(__name__)
DAY = 24 * 3600
PEOPLE_SHOWN = 50
# What is said of a mail besides its words; whoever shows it translates.
FILE_TOO_LARGE = gettext_noop("A file is too large to be kept here; it is in the mail as it came.")
FILE_NOT_KEPT = gettext_noop("A file could not be kept here; it is in the mail as it came.")


@dataclass(frozen=True)
class Enclosed:
    """A file of a mail. `content_id` is how the mail's HTML names a picture."""

    name: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Kept:
    """Files that are stored, and on no message yet: their ids, the addresses of those that HTML names, by how it
    names them, and what to say of the others."""

    ids: tuple[str, ...] = ()
    pictures: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incoming:
    """A mail as it goes onto a ticket. `html` is clean; `text` is what was written now."""

    from_email: str
    from_name: str = ""
    to: tuple[tuple[str, str], ...] = ()
    cc: tuple[tuple[str, str], ...] = ()
    subject: str = ""
    message_id: str = ""
    text: str = ""
    html: str = ""
    quoted: str = ""
    is_cut: bool = False
    authenticity: str = Authenticity.NONE
    is_by_stranger: bool = False
    notes: tuple[str, ...] = ()
    raw: str = ""
    files: Kept = field(default_factory=Kept)


def keep_files(files: Iterable[Enclosed]) -> Kept:
    """Store the files of a mail, before anything is locked: nobody's, until the mail is on a ticket. What is left over,
    because the mail gets no further, is discarded like every file that is never sent.

    Errors: ValidationError with code `unavailable`, if there is no room for them now.
    """
    ids, pictures, notes = [], {}, []
    for file in files:
        if not file.data:
            continue
        try:
            kept = add_attachment(SimpleUploadedFile(file.name or "file", file.data), by=None)
        except ValidationError as error:
            if error.code == "unavailable":
                raise
            notes.append(FILE_TOO_LARGE if error.code == "too_long" else FILE_NOT_KEPT)
            continue
        ids.append(str(kept.pk))
        if file.content_id and kept.shown_size:
            pictures[file.content_id] = reverse("tickets:file", args=[kept.pk])
    return Kept(tuple(ids), pictures, tuple(dict.fromkeys(notes)))


@transaction.atomic(savepoint=False)
def post_letter(
    ticket: Ticket,
    *,
    by: Actor,
    incoming: Incoming,
    kind: str = Message.Kind.REPLY,
    client_id: str = "",
    is_quiet: bool = False,
    at: datetime | None = None,
) -> Message:
    """Add a mail to a ticket, as its author's words, or as a note of the system (`by=None`) for what is nobody's whom
    we know: a stranger's words, which call us like a customer's, unless they are `is_quiet`.

    Its ticket is another one if this was solved too long ago. `at` says that it was there before we looked: nobody
    waits for an answer to it. Errors: as in `post_message`.
    """
    _hand_files(incoming, by)
    now_mailed = _all_mailed(ticket) if isinstance(by, User) else False
    message = post_message(
        ticket,
        by=by,
        body=_body(incoming),
        kind=kind,
        client_id=client_id,
        attachments=incoming.files.ids[:MAX_FILES],
        at=at,
    )
    if not _write(message, incoming):
        return message
    if at is not None:
        _leave_in_peace(message, kind)
    elif by is None and not is_quiet:
        _call(message)
    if isinstance(by, User) and kind == Message.Kind.REPLY:
        _note_who_has_it(message, incoming, is_all_mailed=now_mailed)
    return message


@transaction.atomic(savepoint=False)
def open_by_letter(
    customer: Customer,
    *,
    by: Actor,
    incoming: Incoming,
    team: Team | None = None,
    client_id: str = "",
    at: datetime | None = None,
) -> Message:
    """Begin a conversation with a mail; returns its first message. Errors: as in `open_ticket`."""
    _hand_files(incoming, by)
    body = _body(incoming)
    ticket = open_ticket(
        customer,
        by=by,
        body=body,
        channel=Channel.EMAIL,
        subject=incoming.subject or subject_from(body),
        team=team,
        client_id=client_id,
        attachments=incoming.files.ids[:MAX_FILES],
        at=at,
    )
    message = ticket.messages.order_by("pk")[0]
    message.ticket = ticket
    if _write(message, incoming) and at is not None:
        _leave_in_peace(message, Message.Kind.REPLY)
    return message


def acknowledge(ticket: Ticket, *, by: Actor, to: str, in_reply_to: str = "") -> Mail | None:
    """Tell whoever wrote from this address that we have their mail: once a ticket, and one address once in 24 hours,
    however many conversations are begun in its name. None if it is not told."""
    address = Address.objects.filter(customer=ticket.customer_id, email__iexact=to).first()
    key = hashlib.sha256(to.lower().encode()).hexdigest()[:40]
    if address is None or not take(f"receipt:{key}", 1, limit=1, seconds=DAY):
        return None
    return emails.receipt(ticket, to=address, dedupe_key=f"receipt:{ticket.pk}", in_reply_to=in_reply_to)


@transaction.atomic
def flag_sender(ticket: Ticket, *, by: Actor, email: str, what: str, most: int) -> None:
    """Tell whoever works on it that this address writes more than a person could; `what` is `tickets` or `replies`."""
    record(lock(ticket), "sender.flagged", by=by, data={"email": email, "what": what, "most": most})


# --- Steps -------------------------------------------------------------------------------
def _hand_files(incoming: Incoming, by: Actor) -> None:
    """The stored files are the author's from now on, as if they had brought them."""
    if incoming.files.ids and by is not None:
        nobodys = Attachment.objects.filter(pk__in=incoming.files.ids, message=None, by_user=None, by_customer=None)
        nobodys.update(**authored(by))


def _body(incoming: Incoming) -> str:
    """The words that were written now; where there are none, whatever says most."""
    words = incoming.text.replace("\x00", "").strip()[: settings.MESSAGE_MAX_CHARS].strip()
    if words or incoming.files.ids:
        return words
    quoted = incoming.quoted.replace("\x00", "").strip()[: settings.MESSAGE_MAX_CHARS].strip()
    if quoted or incoming.subject.strip():
        return quoted or incoming.subject.strip()
    with translation.override(Desk.current().language):
        return _("(A mail without words)")


def _write(message: Message, incoming: Incoming) -> bool:
    """Keep what else the mail was; False if it is kept already."""
    if Letter.objects.filter(message=message).exists():
        return False
    if incoming.files.ids[MAX_FILES:]:  # a person sends ten files at most, a mail as many as it has
        Attachment.objects.filter(pk__in=incoming.files.ids[MAX_FILES:], message=None).update(message=message)
    Letter.objects.create(
        message=message,
        from_name=clean_line(incoming.from_name, 200),
        from_email=incoming.from_email[:254],
        to=[list(person) for person in incoming.to[:PEOPLE_SHOWN]],
        cc=[list(person) for person in incoming.cc[:PEOPLE_SHOWN]],
        subject=clean_line(incoming.subject, 300),
        known_as=incoming.message_id[:320],
        html=_with_pictures(incoming.html, incoming.files.pictures),
        quoted=incoming.quoted.replace("\x00", ""),
        is_cut=incoming.is_cut or len(incoming.text.strip()) > settings.MESSAGE_MAX_CHARS,
        authenticity=incoming.authenticity,
        is_by_stranger=incoming.is_by_stranger,
        notes=[*incoming.notes, *incoming.files.notes],
        raw=incoming.raw,
    )
    return True


def _with_pictures(html: str, pictures: dict[str, str]) -> str:
    """The HTML with our own addresses of the pictures that came along, where the parser put the mail's names for them;
    pages make pictures of these (`templatetags/letters.py`)."""
    for name, address in pictures.items():
        said = name.replace("&", "&amp;").replace('"', "&quot;")
        html = html.replace(f'data-cid="{said}"', f'data-cid="{address}"')
    return html.replace("\x00", "")


def _leave_in_peace(message: Message, kind: str) -> None:
    """It was there before we looked: nobody waits for an answer to it, and nothing was promised about it. Whoever
    waited already for another one, goes on waiting."""
    ticket = lock(message.ticket)
    if kind == Message.Kind.REPLY and ticket.waiting_since == message.created_at:
        ticket.save(update_fields=stop_waiting(ticket))
    event = message.event
    event.data = event.data | {"imported": True}
    event.save(update_fields=["data"])
    message.ticket = ticket


def _call(message: Message) -> None:
    """Somebody whom we do not know wrote on it: it needs us, as when its customer writes; the log says so."""
    ticket = lock(message.ticket)
    now = message.created_at
    event = message.event
    event.data = event.data | {"calls": True}
    event.save(update_fields=["data"])
    if ticket.wake():
        record(ticket, "ticket.woken", by=None, changed=SNOOZE_FIELDS, data={"reason": "replied"})
    if ticket.status != Status.OPEN:
        was = ticket.status
        changed = ticket.change_status(Status.OPEN, at=now)
        if was == Status.SOLVED:
            cancel_follow_ups(ticket, reason="somebody wrote")
            record(ticket, "ticket.reopened", by=None, changed=changed, is_public=True)
        else:
            data = {"from": was, "to": Status.OPEN.value}
            record(ticket, "status.changed", by=None, changed=changed, data=data)
    ticket.save(update_fields=start_waiting(ticket, now))


def can_be_called(ticket: Ticket) -> bool:
    """Whether a stranger's words may go onto it: not where they would bring back what was put away, or reopen what was
    solved longer ago than a customer could."""
    if ticket.trashed_at is not None or ticket.merged_into_id is not None:
        return False
    return ticket.solved_at is None or timezone.now() - ticket.solved_at <= timedelta(days=Desk.current().reopen_days)


def _all_mailed(ticket: Ticket) -> bool:
    return not unmailed_answers(lock(ticket))


def _note_who_has_it(message: Message, incoming: Incoming, *, is_all_mailed: bool) -> None:
    """One of us answered from their own mail program, to the customer as well as to us: they have it already, and so
    have those who are copied. Rather twice than not at all: what waits to be mailed before it is not passed over."""
    got = {email.lower() for _name, email in (*incoming.to, *incoming.cc)}
    ticket = lock(message.ticket)
    seq = message.event.seq
    theirs = {address.email.lower() for address in ticket.customer.addresses.all()}
    if is_all_mailed and theirs & got:
        Ticket.objects.filter(pk=ticket.pk).update(mailed_seq=seq)
    for person in ticket.copied.current():
        if person.email.lower() in got and is_all_mailed:
            Copied.objects.filter(pk=person.pk).update(mailed_seq=seq)
