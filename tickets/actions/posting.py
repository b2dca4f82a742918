"""Words are added to a ticket, whichever door they came through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Desk, User
from customers.models import Customer
from tickets.actions._rules import (
    PREVIEW_CHARS,
    Actor,
    assignment_data,
    check_client_id,
    clean_body,
    clean_line,
    require,
    start_waiting,
    stop_waiting,
)
from tickets.actions._storing import store
from tickets.actions.articles import count_sent
from tickets.actions.attaching import attach, count_files, file_ids
from tickets.actions.beginning import begin_ticket
from tickets.actions.drafting import drop_drafts
from tickets.actions.following_up import cancel_follow_ups, owe_answer_by_mail
from tickets.actions.trashing import bring_back, refuse_in_trash
from tickets.events import announce, authored, next_event
from tickets.formatting import to_text
from tickets.models import Channel, Event, Message, Status, Ticket


@dataclass(frozen=True)
class Post:
    """One message to be added. `client_id` is the sender's own id for it, if they may send it twice."""

    ticket: Ticket
    by: Actor
    body: str
    kind: str = Message.Kind.REPLY
    client_id: str = ""
    at: datetime | None = None
    attachments: tuple[str, ...] = ()
    format: str = Message.Format.PLAIN
    is_copied: bool = True  # whether those who are copied get it, too

    @property
    def key(self) -> tuple[str, int | None, str]:
        # Not its class's name: a request's user is a lazy stand-in for one.
        kind = User if isinstance(self.by, User) else Customer
        return (kind.__name__, self.by.pk if self.by else None, self.client_id)


def post_message(
    ticket: Ticket,
    *,
    by: Actor,
    body: str,
    kind: str = Message.Kind.REPLY,
    client_id: str = "",
    at: datetime | None = None,
    attachments: tuple[str, ...] = (),
    format: str = Message.Format.PLAIN,
    is_copied: bool = True,
) -> Message:
    """Add a message to a ticket and return it; its `ticket` is another one if this was solved too long ago.

    An answer that is not `is_copied` goes to the customer only, whoever else gets copies of them.
    `attachments` are the ids of the author's own files that are on no message yet; `format` says how the body is
    meant, and what customers write is always plain. Errors: PermissionDenied; ValidationError with code `empty`,
    `too_long`, `invalid`, or `conflict` (the same `client_id` with other words or files).
    """
    words: dict[str, Any] = {"body": body, "kind": kind, "attachments": attachments, "format": format}
    post = Post(ticket, by=by, client_id=client_id, at=at, is_copied=is_copied, **words)
    try:
        return post_messages([post])[0]
    except IntegrityError:  # the same client_id on two tickets at once: the other one is stored now
        if not client_id:
            raise
        return post_messages([post])[0]


def post_messages(posts: list[Post]) -> list[Message]:
    """Add messages in one transaction, whatever their tickets and authors; all of them or none.

    Returns them in the order asked. A message whose `client_id` its author has used before is not added
    again: the first one is returned. Errors as in `post_message`; then nothing was added, and the caller
    asks again one by one to learn which it was.
    """
    while True:
        try:
            return _post_all(posts)
        except _MergedError as found:
            posts = [replace(post, ticket=found.into.get(post.ticket.pk, post.ticket)) for post in posts]


class _MergedError(Exception):
    """Some of the tickets go on as others: `into`, by number. Found under the lock, so that is given up first; to lock
    the others now would be out of order, and two batches could wait for each other."""

    def __init__(self, into: dict[int, Ticket]) -> None:
        super().__init__()
        self.into = into


@Desk.read_once()
@transaction.atomic
def _post_all(posts: list[Post]) -> list[Message]:
    for post in posts:
        check_client_id(post.client_id)
    tickets = _lock_all(posts)
    stored = _find_stored(posts)
    events: list[Event] = []
    live: list[Event] = []  # history (demo, import) is not announced
    changed: dict[int, Ticket] = {}
    answer: list[Message] = []
    with_files: list[tuple[Post, Message]] = []
    for post in posts:
        body = clean_body(post.body, may_be_empty=bool(post.attachments))
        known = stored.get(post.key) if post.client_id else None
        if known is not None:
            words = body if known.is_amended else known.body  # what was taken out cannot be compared any more
            said = (words, known.kind, _files_of(known, with_files))
            if said != (body, post.kind, file_ids(post.attachments)):
                raise ValidationError(_("This id was used for another message."), code="conflict")
            answer.append(known)
            continue
        ticket = tickets[post.ticket.pk]
        _check(post, ticket)
        if _is_too_late(post, ticket):
            stored[post.key] = _continue_elsewhere(post, ticket)
            answer.append(stored[post.key])
            continue
        message, added = _add(post, body, ticket)
        events += added
        if post.at is None:
            live += added
        changed[ticket.pk] = ticket
        stored[post.key] = message
        answer.append(message)
        if post.attachments:
            with_files.append((post, message))
        else:
            message.has_no_files()
    store(events, list(changed.values()))
    for post, message in with_files:
        attach(post.attachments, message, by=post.by)
    _drop_drafts(posts)
    count_sent(event.message for event in live if event.message)
    announce(live)
    return answer


def _drop_drafts(posts: list[Post]) -> None:
    """What was a draft is a message now."""
    sent: dict[User, list[str]] = {}
    for post in posts:
        if isinstance(post.by, User) and post.client_id:
            sent.setdefault(post.by, []).append(post.client_id)
    for user, client_ids in sent.items():
        drop_drafts(user, client_ids)


def _files_of(known: Message, with_files: list[tuple[Post, Message]]) -> set[str]:
    """The ids of the files of a stored message, or of one that is about to be in the same batch."""
    if known.pk is None:
        return next((file_ids(post.attachments) for post, message in with_files if message is known), set())
    return {str(file.pk) for file in known.attachments.all()}


def find_posted(by: Actor, client_ids: Iterable[str]) -> dict[str, Message]:
    """The messages this author has sent under these ids, by id."""
    wanted = [client_id for client_id in client_ids if client_id]
    if by is None or not wanted:
        return {}
    sent = Message.objects.filter(**_author_filter(by), client_id__in=wanted).values_list("pk", flat=True)
    known = list(sent)  # nearly always there is none, so only the ids are asked for at first
    found = Message.objects.filter(pk__in=known).with_event() if known else []
    return {message.client_id: message for message in found}


def _author_filter(by: User | Customer) -> dict[str, Any]:
    return {"by_user": by} if isinstance(by, User) else {"by_customer": by}


def _lock_all(posts: list[Post]) -> dict[int, Ticket]:
    """Every ticket concerned, locked in one order for all, so that two batches cannot wait for each other."""
    wanted = {post.ticket.pk for post in posts}
    rows = Ticket.objects.filter(pk__in=wanted).select_for_update(of=("self",)).select_related("customer")
    found = {ticket.pk: ticket for ticket in rows.order_by("pk")}
    if len(found) < len(wanted):  # as in `lock`: one of them came to belong to another customer while we waited
        found = {ticket.pk: ticket for ticket in rows.order_by("pk")}
    into = {ticket.pk: Ticket(pk=ticket.merged_into_id) for ticket in found.values() if ticket.merged_into_id}
    if into:
        raise _MergedError(into)
    return found


def _find_stored(posts: list[Post]) -> dict[tuple[str, int | None, str], Message]:
    """What these authors have already sent under these ids: one query for customers, one for users."""
    stored = {}
    for model, column in ((Customer, "by_customer"), (User, "by_user")):
        mine = [post for post in posts if isinstance(post.by, model) and post.client_id]
        if not mine:
            continue
        authors, client_ids = {post.by.pk for post in mine if post.by}, {post.client_id for post in mine}
        sent = Message.objects.filter(**{f"{column}__in": authors, "client_id__in": client_ids})
        # Nearly always there is none, so only the ids are asked for at first.
        known = list(sent.values_list("pk", flat=True))
        for message in Message.objects.filter(pk__in=known).with_event() if known else []:
            stored[(model.__name__, getattr(message, f"{column}_id"), message.client_id)] = message
    return stored


def _check(post: Post, ticket: Ticket) -> None:
    require(post.by, "tickets.note" if post.kind == Message.Kind.NOTE else "tickets.reply", ticket)
    if post.kind not in Message.Kind.values or (post.kind == Message.Kind.NOTE and isinstance(post.by, Customer)):
        raise ValidationError(_("There is no such kind of message."), code="invalid")
    _check_format(post)
    if not isinstance(post.by, Customer):  # whose words bring it back
        refuse_in_trash(ticket)


def _check_format(post: Post) -> None:
    if post.format == Message.Format.PLAIN:
        return
    if post.format not in Message.Format.values or isinstance(post.by, Customer):
        raise ValidationError(_("There is no such format."), code="invalid")


def _is_too_late(post: Post, ticket: Ticket) -> bool:
    """Whether a customer writes on a ticket that was solved longer ago than the company reopens."""
    if not isinstance(post.by, Customer) or ticket.solved_at is None:
        return False
    return (post.at or timezone.now()) - ticket.solved_at > timedelta(days=Desk.current().reopen_days)


def _continue_elsewhere(post: Post, ticket: Ticket) -> Message:
    """The message on the ticket that continues this one, begun with it unless an earlier late message did so."""
    new = ticket.continued_by.order_by("-number").first() or begin_ticket(
        ticket.customer,
        by=post.by,
        subject=ticket.subject,
        channel=ticket.channel,
        site=ticket.site,
        team=ticket.team,
        continues=ticket,
        at=post.at,
    )
    return post_messages([replace(post, ticket=new)])[0]


def _add(post: Post, body: str, ticket: Ticket) -> tuple[Message, list[Event]]:
    """The message and its events, unsaved, and the ticket changed by it, unsaved."""
    now = post.at or timezone.now()
    events = []
    is_public = post.kind == Message.Kind.REPLY
    if isinstance(post.by, Customer):
        events += [*bring_back(ticket, by=post.by, at=post.at), *_wake(post, ticket)]
        events += _back_to_open(post, ticket, now)
        start_waiting(ticket, now)
    elif is_public and isinstance(post.by, User):
        events += _take_chat(post, post.by, ticket)
        stop_waiting(ticket)
        # The first message of a ticket that we opened ourselves answers nobody.
        if ticket.first_answered_at is None and ticket.last_seq > 1:
            ticket.first_answered_at = now
    words = {"kind": post.kind, "body": body, "format": post.format, "client_id": post.client_id}
    message = Message(ticket=ticket, created_at=now, **words, **authored(post.by))
    data = {} if post.is_copied else {"uncopied": True}
    event = next_event(
        ticket, "message.posted", by=post.by, at=post.at, is_public=is_public, message=message, data=data
    )
    if is_public:
        said = to_text(body) if message.is_markdown else body
        ticket.preview = clean_line(said, PREVIEW_CHARS) or count_files(post.attachments)
    if is_public and isinstance(post.by, User):
        owe_answer_by_mail(ticket, event.seq, at=post.at)
    return message, [*events, event]


def _take_chat(post: Post, by: User, ticket: Ticket) -> list[Event]:
    """Whoever answers a chat that nobody has, has it: the customer's next words must not ring for everybody again."""
    if ticket.channel != Channel.CHAT or ticket.assignee_id is not None:
        return []
    ticket.assignee = by
    data = assignment_data(ticket, had=(None, ticket.team)) | {"reason": "replied"}
    return [next_event(ticket, "ticket.assigned", by=by, at=post.at, data=data)]


def _wake(post: Post, ticket: Ticket) -> list[Event]:
    """Until when it was snoozed or not: it never meant that a customer's words should lie there."""
    if not ticket.wake():
        return []
    return [next_event(ticket, "ticket.woken", by=post.by, at=post.at, data={"reason": "replied"})]


def _back_to_open(post: Post, ticket: Ticket, now: datetime) -> list[Event]:
    """A customer who writes needs us again, whatever we thought of the ticket."""
    if ticket.status == Status.OPEN:
        return []
    was = ticket.status
    ticket.change_status(Status.OPEN, at=now)
    if was == Status.SOLVED:
        cancel_follow_ups(ticket, reason="the customer wrote")
        return [next_event(ticket, "ticket.reopened", by=post.by, at=post.at, is_public=True)]
    data = {"from": was, "to": Status.OPEN.value}
    return [next_event(ticket, "status.changed", by=post.by, at=post.at, data=data)]
