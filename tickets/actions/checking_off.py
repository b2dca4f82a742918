"""What is to be done on a ticket, line by line, ticked off by whoever did it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.actions._rules import Actor, clean_line, lock, require
from tickets.actions.trashing import refuse_in_trash
from tickets.events import authored, record
from tickets.models import ChecklistItem, Ticket

MOST_ITEMS = 50
ITEM_CHARS = 200
# What stands before a line of a list that was copied from somewhere.
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\d{1,3}[.)]\s+)?(?:\[[ xX]?\]\s+)?")


def read_lines(text: str) -> list[str]:
    """The lines of a list as somebody typed or pasted it, without bullets and numbers.

    Errors: ValidationError code `empty`, or `too_long` for more than 50 lines or 200 characters in one.
    """
    lines = [clean_line(_BULLET.sub("", line, count=1), len(line)) for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise ValidationError(_("Write what is to be done."), code="empty")
    if len(lines) > MOST_ITEMS:
        raise ValidationError(_("A checklist has %(count)s lines at most.") % {"count": MOST_ITEMS}, code="too_long")
    for line in lines:
        if len(line) > ITEM_CHARS:
            raise ValidationError(
                _("A line has %(count)s characters at most: %(line)s…") % {"count": ITEM_CHARS, "line": line[:30]},
                code="too_long",
            )
    return lines


@transaction.atomic
def add_items(ticket: Ticket, *, by: Actor, text: str, at: datetime | None = None) -> list[ChecklistItem]:
    """Put each line of a text on a ticket's checklist, at its end. Errors: PermissionDenied; as `read_lines`."""
    ticket = _lock(ticket, by)
    lines = read_lines(text)
    items = list(ticket.checklist.all())
    if len(items) + len(lines) > MOST_ITEMS:
        raise ValidationError(_("A checklist has %(count)s lines at most.") % {"count": MOST_ITEMS}, code="too_long")
    after = max((item.position for item in items), default=-1) + 1
    added = [ChecklistItem(ticket=ticket, text=line, position=after + place) for place, line in enumerate(lines)]
    ChecklistItem.objects.bulk_create(added)
    _record(ticket, by, at, do="added", count=len(added))
    return added


@transaction.atomic
def check_item(item: ChecklistItem, *, by: Actor, is_done: bool, at: datetime | None = None) -> ChecklistItem:
    """Tick a line off, or not after all. Once all are, `checklist.done` says so. Errors: PermissionDenied."""
    ticket = _lock(item.ticket, by)
    item = _again(item)
    if (item.done_at is not None) == is_done:
        return item
    item.done_at = (at or timezone.now()) if is_done else None
    item.done_by = authored(by)["by_user"] if is_done else None
    item.save(update_fields=["done_at", "done_by"])
    if is_done and not ticket.checklist.filter(done_at=None).exists():
        record(ticket, "checklist.done", by=by, at=at, data={"count": ticket.checklist.count()})
    else:
        _record(ticket, by, at, do="ticked" if is_done else "unticked")
    return item


@transaction.atomic
def change_item(item: ChecklistItem, *, by: Actor, text: str, at: datetime | None = None) -> ChecklistItem:
    """Say a line in other words. Errors: PermissionDenied; ValidationError code `empty` or `too_long`."""
    ticket = _lock(item.ticket, by)
    item = _again(item)
    line = read_lines(clean_line(text, len(text)))[0]
    if item.text == line:
        return item
    item.text = line
    item.save(update_fields=["text"])
    _record(ticket, by, at, do="changed")
    return item


@transaction.atomic
def move_item(item: ChecklistItem, *, by: Actor, steps: int, at: datetime | None = None) -> ChecklistItem:
    """Move a line down by so many places, or up if that is negative; no further than to the end.

    Errors: PermissionDenied.
    """
    ticket = _lock(item.ticket, by)
    item = _again(item)
    items = list(ticket.checklist.all())
    was = items.index(item)
    place = min(max(was + steps, 0), len(items) - 1)
    if place == was:
        return item
    items.insert(place, items.pop(was))
    for position, one in enumerate(items):
        one.position = position
    ChecklistItem.objects.bulk_update(items, ["position"])
    _record(ticket, by, at, do="moved")
    return items[place]


@transaction.atomic
def remove_item(item: ChecklistItem, *, by: Actor, at: datetime | None = None) -> dict[str, Any]:
    """Take a line off, and return what `put_item_back` needs; nothing if it is gone already.

    Errors: PermissionDenied.
    """
    ticket = _lock(item.ticket, by)
    found = ticket.checklist.filter(pk=item.pk).first()
    if found is None:
        return {}
    was = {
        "text": found.text,
        "position": found.position,
        "done_at": found.done_at.isoformat() if found.done_at else None,
        "done_by": found.done_by_id,
    }
    found.delete()
    _record(ticket, by, at, do="removed")
    return was


@transaction.atomic
def put_item_back(ticket: Ticket, *, by: Actor, was: dict[str, Any], at: datetime | None = None) -> ChecklistItem:
    """Undo a removal: the same line in its place, ticked as it was. Errors: PermissionDenied; ValidationError."""
    ticket = _lock(ticket, by)
    if ticket.checklist.count() >= MOST_ITEMS:
        raise ValidationError(_("A checklist has %(count)s lines at most.") % {"count": MOST_ITEMS}, code="too_long")
    item = ChecklistItem.objects.create(
        ticket=ticket,
        text=was["text"],
        position=was["position"],
        done_at=parse_datetime(was["done_at"]) if was["done_at"] else None,
        done_by=User.objects.filter(pk=was["done_by"]).first() if was["done_by"] else None,
    )
    _record(ticket, by, at, do="put back")
    return item


def _lock(ticket: Ticket, by: Actor) -> Ticket:
    ticket = lock(ticket)
    require(by, "tickets.note")
    refuse_in_trash(ticket)
    return ticket


def _again(item: ChecklistItem) -> ChecklistItem:
    """The line as it is now, under its ticket's lock. Errors: ValidationError code `invalid` if it is gone."""
    found = ChecklistItem.objects.filter(pk=item.pk).first()
    if found is None:
        raise ValidationError(_("This line is not there any more."), code="invalid")
    return found


def _record(ticket: Ticket, by: Actor, at: datetime | None, *, do: str, **data: Any) -> None:
    """Written down, and a cue for open pages; the timeline leaves it out (`queries/timelines.py`)."""
    record(ticket, "checklist.changed", by=by, at=at, data={"do": do, **data})
