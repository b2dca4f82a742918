"""A mail goes where it belongs: onto its ticket, into a new one, or nowhere. The caller's transaction ends its row."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from customers.models import Customer
from mailroom.actions import ends
from mailroom.actions.bouncing import take_bounce
from mailroom.actions.breakers import is_calm
from mailroom.actions.case import Case, is_here_already
from mailroom.actions.ends import End
from mailroom.actions.forwards import Forwarded
from mailroom.actions.writers import writer
from mailroom.automatic import Kind
from mailroom.models import State
from mailroom.queries.placing import Place, Whose, place
from outbox.headers import own_mail_id
from outbox.models import Mail
from tickets.actions import (
    acknowledge,
    link_ticket,
    open_by_letter,
    post_letter,
    post_message,
)
from tickets.actions.lettering import Incoming, Kept, can_be_called
from tickets.models import Authenticity, Letter, Message, Ticket, TicketLink

NO_PERSON_SO_SOON = timedelta(seconds=3)  # after a mail that we sent by ourselves: it has hardly arrived
CLOCKS_DIFFER = timedelta(seconds=-30)  # theirs may be behind ours
SAME_WORDS_WITHIN = timedelta(hours=1)  # of an answer by a person, who may be asked the same again later
ECHO_CHARS = 20  # shorter words may well be said twice
MOST_NOTES = 3  # that a ticket gets of automatic mails of one address in a day
RECEIPT_WITHIN = timedelta(hours=12)  # later it would only puzzle
_TO_NOTES = "#note"


def land(case: Case, files: Kept) -> End:
    """What becomes of it. Whoever writes from one address is seen to one mail at a time."""
    _hold(case.mail.from_email)
    end = case.end or is_here_already(case)
    if end is not None:
        return end
    if case.automatic.kind == Kind.BOUNCE:
        return take_bounce(case.parsed, case.mail.envelope_to, automatic=case.automatic)
    where = place(case.parsed, case.mail.authentication, case.mail.envelope_to)
    try:
        with transaction.atomic():
            return _land(case, files, where)
    except PermissionDenied:
        return End(State.SPAM, ends.BLOCKED_CUSTOMER, case.mail.from_email)


def _hold(email: str) -> None:
    key = int.from_bytes(hashlib.sha256(f"mail from {email}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _land(case: Case, files: Kept, where: Place) -> End:
    quiet = "" if case.is_by_person else _why_quiet(case, where.ticket)
    if quiet:
        return _quietly(case, files, where, quiet)
    if where.ticket is None or (where.is_note and not can_be_called(where.ticket)):
        return _begin(case, files, where.ticket or where.related)
    if where.whose == Whose.CUSTOMER:
        return _from_customer(case, files, where, where.ticket)
    if where.whose == Whose.AGENT and where.agent is not None:
        return _from_agent(case, files, where, where.ticket)
    return _from_stranger(case, files, where, where.ticket)


# --- What a program wrote ------------------------------------------------------------------
def _why_quiet(case: Case, ticket: Ticket | None) -> str:
    """Why it must neither open nor reopen anything; nothing for what a person wrote, or may have written."""
    if case.automatic.makes_no_ticket:
        return case.automatic.reason
    # Where work goes on, what may be a person's is heard; nothing that looks like a program's reopens anything.
    if ticket is None or not ticket.is_solved:
        return ""
    if case.automatic.kind in (Kind.BULK, Kind.CALENDAR):  # some people's servers mark all that they send
        return case.automatic.reason
    return _why_program(case, ticket)


def _why_program(case: Case, ticket: Ticket) -> str:
    """Programs that do not say what they are give themselves away by how they answer, most of all what we sent by
    ourselves: at once, with the same words each time, or with our own words."""
    ids = [mail_id for value in case.parsed.in_reply_to[:5] if (mail_id := own_mail_id(value))]
    mail = Mail.objects.filter(pk__in=ids, sent_at__isnull=False).order_by("-sent_at").first() if ids else None
    words = _squashed(case.parsed.text)
    if mail is None or mail.sent_at is None:
        return ""
    written = min(case.mail.received_at, case.parsed.sent_at or case.mail.received_at)
    if len(words) >= ECHO_CHARS and words in _squashed(mail.text):
        return ends.ECHO
    if mail.is_automatic and CLOCKS_DIFFER < written - mail.sent_at < NO_PERSON_SO_SOON:
        return ends.TOO_QUICK
    if not mail.is_automatic and (len(words) < ECHO_CHARS or written - mail.sent_at > SAME_WORDS_WITHIN):
        return ""
    before = Letter.objects.filter(message__ticket=ticket, from_email=case.mail.from_email).select_related("message")
    said = {_squashed(letter.message.body) for letter in before.order_by("-pk")[:5]}
    return ends.SAME_AGAIN if words and words in said else ""


def _squashed(text: str) -> str:
    return " ".join(text.replace(">", " ").split())


def _quietly(case: Case, files: Kept, where: Place, reason: str) -> End:
    """A note on its ticket, which stays as it was; without one, or after enough of them, only in the log of mails."""
    ticket = where.ticket
    if case.automatic.kind == Kind.OWN or ticket is None or ticket.trashed_at is not None:
        return End(State.AUTOMATIC, reason, case.automatic.detail, ticket=ticket)
    since = timezone.now() - timedelta(days=1)
    notes = Letter.objects.filter(message__ticket=ticket, message__by_user=None, message__by_customer=None)
    recent = notes.filter(from_email=case.mail.from_email, message__created_at__gt=since)
    if recent.count() >= MOST_NOTES:
        return End(State.AUTOMATIC, ends.TOO_MANY_AUTOMATIC, reason, ticket=ticket)
    incoming = case.incoming(files, is_by_stranger=where.is_by_stranger)
    note = post_letter(ticket, by=None, incoming=incoming, kind=Message.Kind.NOTE, is_quiet=True, at=case.at)
    return End(State.AUTOMATIC, reason, case.automatic.detail, entry=note)


# --- Onto a ticket ---------------------------------------------------------------------------
def _from_customer(case: Case, files: Kept, where: Place, ticket: Ticket) -> End:
    customer = ticket.customer
    message = post_letter(ticket, by=customer, incoming=case.incoming(files), client_id=case.client_id, at=case.at)
    if case.at is None:
        is_calm(message.ticket, case.mail.from_email, is_new=False)
    return End(State.ENTRY, where.reason, entry=message)


def _from_agent(case: Case, files: Kept, where: Place, ticket: Ticket) -> End:
    """One of us answers from their own mail program. What answers a note to the team stays in the team."""
    assert where.agent is not None
    incoming = case.incoming(files)
    words = incoming.text.strip()
    if words.lower().startswith(_TO_NOTES):
        incoming = replace(incoming, text=words[len(_TO_NOTES) :].strip(), html="")
    is_note = where.is_note or words.lower().startswith(_TO_NOTES) or _answers_notification(case)
    kind = Message.Kind.NOTE if is_note else Message.Kind.REPLY
    if ticket.trashed_at is not None:
        return _begin(case, files, ticket)
    message = post_letter(ticket, by=where.agent, incoming=incoming, kind=kind, client_id=case.client_id, at=case.at)
    return End(State.ENTRY, ends.NOTE_BY_AGENT if is_note else ends.BY_AGENT, where.agent.name, entry=message)


def _answers_notification(case: Case) -> bool:
    ids = [mail_id for value in case.parsed.in_reply_to[:5] if (mail_id := own_mail_id(value))]
    return bool(ids) and Mail.objects.filter(pk__in=ids, kind="notification").exists()


def _from_stranger(case: Case, files: Kept, where: Place, ticket: Ticket) -> End:
    """Somebody else: a note for the team, which the ticket calls for. Nothing of it goes to anybody by mail."""
    incoming = case.incoming(files, is_by_stranger=True)
    calm = is_calm(ticket, case.mail.from_email, is_new=False) if case.at is None else True
    note = post_letter(ticket, by=None, incoming=incoming, kind=Message.Kind.NOTE, is_quiet=not calm, at=case.at)
    return End(State.ENTRY, where.reason, case.mail.from_email, entry=note)


# --- New conversations -----------------------------------------------------------------------
def _begin(case: Case, files: Kept, related: Ticket | None) -> End:
    if case.passed_on is not None:
        return _begin_for(case, files, case.passed_on)
    person, verdict = case.writer
    email = person.email
    customer = writer(email, name=person.name, verdict=verdict)
    incoming = replace(case.incoming(files), from_email=email, from_name=person.name, authenticity=verdict)
    message = _open(case, customer, incoming)
    is_linked = related is not None and _link(message.ticket, related)
    if case.at is None:
        calm = is_calm(message.ticket, email, is_new=True) if email else False
        if calm and _is_answered(case):
            acknowledge(message.ticket, by=None, to=email, in_reply_to=case.parsed.message_id)
    reason = ends.PERHAPS_RELATED if is_linked else ends.NEW_TICKET
    return End(State.TICKET, reason, f"#{related.pk}" if is_linked and related else "", entry=message)


def _open(case: Case, customer: Customer, incoming: Incoming) -> Message:
    team = case.mail.mailbox.team if case.mail.mailbox else None
    return open_by_letter(customer, by=customer, incoming=incoming, team=team, client_id=case.client_id, at=case.at)


def _begin_for(case: Case, files: Kept, passed_on: Forwarded) -> End:
    """One of us forwards what they were sent: the conversation is with whoever wrote it; what was added is a note."""
    agent = User.objects.get(email__iexact=case.mail.from_email, is_active=True)
    customer = writer(passed_on.sender.email, name=passed_on.sender.name, is_vouched=True)
    whole = case.incoming(files)
    incoming = replace(
        whole,
        from_email=passed_on.sender.email,
        from_name=passed_on.sender.name,
        subject=passed_on.subject,
        text=passed_on.words,
        html="",
        quoted="",
        message_id="",
        authenticity=Authenticity.NONE,
    )
    message = _open(case, customer, incoming)
    words = passed_on.above or _("Forwarded by mail.")
    post_message(message.ticket, by=agent, body=words, kind=Message.Kind.NOTE, client_id=case.client_id, at=case.at)
    return End(State.TICKET, ends.FORWARDED, agent.name, entry=message)


def _is_answered(case: Case) -> bool:
    """Whether whoever began it is told at once that we have it: nobody is who may be a program, or somebody else."""
    mail = case.mail
    if case.automatic or case.is_by_person or case.verdict == Authenticity.FAIL:
        return False
    if mail.mailbox is None or not mail.mailbox.sends_receipts:
        return False
    return timezone.now() - mail.received_at < RECEIPT_WITHIN


def _link(ticket: Ticket, related: Ticket) -> bool:
    """Perhaps they belong together: our people see it on both, and decide."""
    try:
        with transaction.atomic():
            link_ticket(ticket, by=None, other=related, kind=TicketLink.Kind.RELATED)
    except ValidationError:  # it has too many already, or lies in the trash
        return False
    return True
