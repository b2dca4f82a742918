"""We write first: to one person, or to several, who get a conversation each and never learn of each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Team, User
from customers.actions import get_or_create_customer
from tickets.actions._rules import check_client_id, clean_body, clean_line, in_words_for, require
from tickets.actions.addressing import Person, check_people, use_up
from tickets.actions.attaching import MAX_FILES, copy_attachment, delete_copies, file_ids
from tickets.actions.filling import read_fields
from tickets.actions.opening import SUBJECT_CHARS, open_ticket
from tickets.actions.posting import find_posted
from tickets.actions.sorting import assign_ticket
from tickets.macros import FIRST_WORDS_NAMES, render
from tickets.models import Attachment, Channel, Message, Outreach, OutreachRow, Ticket
from tickets.queries.addresses import troubles_of

UNDO_SECONDS = 10
MOST_BYTES = 500 * 1024 * 1024  # of files, each person's copy counted
State = OutreachRow.State


@transaction.atomic
def write_first(
    person: Person,
    *,
    by: User,
    subject: str,
    body: str,
    team: Team | None = None,
    is_mine: bool = False,
    fields: Mapping[str, Any] | None = None,
    attachments: tuple[str, ...] = (),
    client_id: str = "",
) -> Ticket:
    """Begin a conversation with one person by mail. The same `client_id` again answers the first ticket.

    `{{ customer.first_name }}` and its like stand for what they do in macros. Errors: as `open_ticket`, and
    ValidationError with code `undeliverable` or `rate_limited`.
    """
    require(by, "tickets.open")
    check_client_id(client_id)
    known = find_posted(by, [client_id]).get(client_id)
    if known is not None:
        return known.ticket
    check_people([person])
    use_up([person], by=by)
    return _open(person, by, subject, body, team, is_mine, fields, attachments, client_id)


@transaction.atomic
def begin_outreach(
    people: list[Person],
    *,
    by: User,
    subject: str,
    body: str,
    team: Team | None = None,
    is_mine: bool = False,
    fields: Mapping[str, Any] | None = None,
    attachments: tuple[str, ...] = (),
    client_id: str,
) -> Outreach:
    """Promise each of these people a conversation of their own. It begins in ten seconds, and can be stopped until the
    last one.

    The same `client_id` of the same person again answers the first one. Errors: PermissionDenied; ValidationError with
    code `empty`, `too_long`, `too_many`, `invalid`, `undeliverable` or `rate_limited`.
    """
    require(by, "tickets.open")
    check_client_id(client_id)
    known = Outreach.objects.filter(user=by, client_id=client_id).first()
    if known is not None:
        return known
    subject = clean_line(subject, SUBJECT_CHARS)
    if not subject:
        raise ValidationError(_("Give it a subject."), code="empty")
    check_people(people)
    fields = read_fields(fields or {}, team=team)
    if fields:
        require(by, "tickets.set_fields")
    files = _own_files(by, attachments, len(people))
    body = clean_body(body, may_be_empty=bool(files))
    outreach, is_new = Outreach.objects.get_or_create(
        user=by,
        client_id=client_id,
        defaults={
            "subject": subject,
            "body": body,
            "team": team,
            "is_mine": is_mine,
            "fields": fields,
            "begins_at": timezone.now() + timedelta(seconds=UNDO_SECONDS),
        },
    )
    if is_new:
        use_up(people, by=by)
        outreach.attachments.set(files)
        OutreachRow.objects.bulk_create(OutreachRow(outreach=outreach, email=e, name=name) for name, e in people)
    return outreach


@transaction.atomic
def stop_outreach(outreach: Outreach, *, by: User) -> int:
    """Write to no more of them; returns to how many not. Doing it twice is harmless. Errors: PermissionDenied."""
    if outreach.user_id != by.pk:
        raise PermissionDenied
    Outreach.objects.filter(pk=outreach.pk, stopped_at=None).update(stopped_at=timezone.now())
    # The row that a worker is at is waited for: then it is sent, and no row of ours.
    outreach.rows.waiting().update(state=State.STOPPED)
    return outreach.rows.filter(state=State.STOPPED).count()


def write_next_of(outreach: Outreach, *, by: User) -> OutreachRow | None:
    """Open the ticket of one of those who wait, and mark the row in the same transaction; None if none waits for us.

    A worker that dies takes both back, and two workers never have the same row.
    """
    copies: list[Attachment] = []
    try:
        with transaction.atomic():
            return _write_next(outreach, by, copies)
    except BaseException:
        delete_copies(copies)
        raise


def _write_next(outreach: Outreach, by: User, copies: list[Attachment]) -> OutreachRow | None:
    row = outreach.rows.waiting().select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()
    if row is None:
        return None
    try:
        with in_words_for(outreach.user), transaction.atomic():
            row.ticket = _open_of(outreach, row, by, copies)
    except ValidationError as error:
        row.state, row.reason = State.LEFT, " ".join(error.messages)[:200]
    except PermissionDenied:
        row.state, row.reason = State.LEFT, gettext_noop("You may not open tickets any more.")
    else:
        row.state = State.SENT
    if row.state == State.LEFT:
        delete_copies(copies)
    row.save(update_fields=["state", "reason", "ticket"])
    return row


def _open_of(outreach: Outreach, row: OutreachRow, by: User, copies: list[Attachment]) -> Ticket:
    if not by.is_active:
        raise PermissionDenied
    if trouble := troubles_of([row.email]):
        raise ValidationError(next(iter(trouble.values())), code="undeliverable")
    for file in outreach.attachments.all():
        copies.append(copy_attachment(file, by=by))
    ids = tuple(str(copy.pk) for copy in copies)
    person, once = Person(row.name, row.email), f"outreach-{outreach.pk}-{row.pk}"
    words, fields = (outreach.subject, outreach.body), outreach.fields
    return _open(person, by, *words, outreach.team, outreach.is_mine, fields, ids, once)


def forget_outreaches(*, older_than: datetime) -> int:
    """Delete the lists of long ago; the tickets stay. Returns how many rows it was."""
    return Outreach.objects.filter(created_at__lt=older_than).delete()[0]


def _open(
    person: Person,
    by: User,
    subject: str,
    body: str,
    team: Team | None,
    is_mine: bool,
    fields: Mapping[str, Any] | None,
    attachments: tuple[str, ...],
    client_id: str,
) -> Ticket:
    customer, _is_new = get_or_create_customer(by=by, email=person.email, name=person.name)
    named = Ticket(customer=customer, subject=subject)
    ticket = open_ticket(
        customer,
        by=by,
        subject=render(subject, named, by, names=FIRST_WORDS_NAMES),
        body=render(body, named, by, names=FIRST_WORDS_NAMES, is_markdown=True),
        channel=Channel.EMAIL,
        team=team,
        fields=fields,
        client_id=client_id,
        attachments=attachments,
        format=Message.Format.MARKDOWN,
    )
    return assign_ticket(ticket, by=by, user=by) if is_mine and ticket.assignee_id is None else ticket


def _own_files(by: User, ids: tuple[str, ...], people: int) -> list[Attachment]:
    """The author's own files that are on no message yet. Errors: ValidationError code `invalid` or `too_long`."""
    wanted = file_ids(ids)
    if len(wanted) > MAX_FILES:
        raise ValidationError(_("%(count)s files at most go with one message.") % {"count": MAX_FILES}, code="invalid")
    files = list(Attachment.objects.filter(pk__in=wanted, message=None, by_user=by))
    if len(files) != len(wanted):
        raise ValidationError(_("A file is not there any more. Attach it again."), code="invalid")
    if sum(file.size for file in files) * people > MOST_BYTES:
        raise ValidationError(_("These files are too large for so many people."), code="too_long")
    return files
