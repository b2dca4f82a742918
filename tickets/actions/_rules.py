"""Steps that actions share: lock the row, check the right, keep the customer's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.models import Team, User
from customers.models import Customer
from tickets.models import NamedStatus, Ticket
from tickets.queries.promises import answer_due_at

Actor = User | Customer | None
PREVIEW_CHARS = 160


def lock(ticket: Ticket) -> Ticket:
    """The ticket's row, locked until the transaction ends, as it is now."""
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("customer").filter(pk=ticket.pk)
    # If it came to belong to another customer while we waited for it, the join finds neither; a second look does.
    return rows.first() or rows.get()


def lock_both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Both rows as they are now, locked in the order that everybody locks them in."""
    rows = Ticket.objects.filter(pk__in={one.pk, other.pk}).select_for_update(of=("self",)).select_related("customer")
    found = {row.pk: row for row in rows.order_by("pk")}
    return found[one.pk], found[other.pk]


def require(by: Actor, permission: str, ticket: Ticket | None = None) -> None:
    """PermissionDenied unless the actor may. The system may everything; a customer only writes on their own."""
    if by is None:
        return
    if isinstance(by, User):
        if not by.has_perm(permission):
            raise PermissionDenied
        return
    customer = ticket.customer if ticket is not None else by  # the locked ticket's is the fresher one
    if permission not in CUSTOMERS_MAY or customer.pk != by.pk or customer.is_blocked:
        raise PermissionDenied


CUSTOMERS_MAY = {"tickets.open", "tickets.reply"}


def clean_body(body: str, *, may_be_empty: bool = False) -> str:
    """The words as they are kept. Errors: ValidationError with code `empty` or `too_long`."""
    # Postgres cannot store NUL; a lone surrogate is not text; a line ends in one way, whichever door it came through.
    body = body.replace("\x00", "").replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8").strip()
    if not body and not may_be_empty:
        raise ValidationError(_("Write something first."), code="empty")
    if len(body) > settings.MESSAGE_MAX_CHARS:
        raise too_long(settings.MESSAGE_MAX_CHARS)
    return body


def too_long(limit: int) -> ValidationError:
    most = number_format(limit, force_grouping=True)
    return ValidationError(_("That is too long: %(count)s characters at most.") % {"count": most}, code="too_long")


def check_client_id(client_id: str) -> None:
    """A sender's own id is short and printable: Postgres could not even look for NUL or half a letter."""
    if len(client_id) > 64 or not client_id.isprintable():
        raise ValidationError(_("A client_id has at most 64 printable characters."), code="invalid")


def clean_line(text: str, limit: int) -> str:
    """One line of text, at most `limit` characters."""
    return " ".join(text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").split())[:limit]


def start_waiting(ticket: Ticket, at: datetime) -> list[str]:
    """The customer waits for us from now on, unless they do already; returns the touched fields."""
    if ticket.waiting_since is not None:
        return []
    ticket.waiting_since, ticket.answer_due_at = at, answer_due_at(ticket, at)
    return ["waiting_since", "answer_due_at"]


def stop_waiting(ticket: Ticket) -> list[str]:
    ticket.waiting_since = ticket.answer_due_at = None
    return ["waiting_since", "answer_due_at"]


def assignment_data(ticket: Ticket, *, had: tuple[User | None, Team | None]) -> dict[str, Any]:
    """What `ticket.assigned` says: from whom and which team (`had`) to those of the changed ticket."""
    user, team = had
    return {
        "user": {"from": _name(user), "to": _name(ticket.assignee), "id": ticket.assignee_id},
        "team": {"from": _name(team), "to": _name(ticket.team), "id": ticket.team_id},
    }


def check_named(named: NamedStatus, status: str, *, is_undo: bool = False) -> None:
    """Errors: ValidationError code `invalid` if this word is not one for this status, or is not used any more."""
    if named.status != status or (named.archived_at is not None and not is_undo):
        raise ValidationError(_("“%(name)s” cannot be chosen here any more.") % {"name": named.name}, code="invalid")


def in_words_for(user: User) -> translation.override:
    """What is said in the block is kept for this person to read: it is in their language, whoever acts."""
    return translation.override(user.reads)


def undo_data(is_undo: bool) -> dict[str, Any]:
    """What an event says besides if it only takes back what was done a moment ago."""
    return {"undo": True} if is_undo else {}


def _name(thing: User | Team | None) -> str | None:
    return thing.name if thing else None
