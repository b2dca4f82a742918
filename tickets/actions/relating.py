"""Tickets are said to belong together, or not after all. A link gives nobody a right to see the other one."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from tickets.actions._rules import Actor, lock, lock_both, require, undo_data
from tickets.actions.trashing import refuse_in_trash
from tickets.events import authored, record
from tickets.models import Ticket, TicketLink
from tickets.models.relating import CHILD

MOST_LINKS = 50
_ONE_AT_A_TIME = 7_103_001  # the key of the lock under which parts are put together; any number of our own
Kind = TicketLink.Kind


@transaction.atomic
def link_ticket(
    ticket: Ticket, *, by: Actor, other: Ticket, kind: str, at: datetime | None = None, is_undo: bool = False
) -> TicketLink:
    """Say what a ticket has to do with another one, and return that. Said anew in another way, it is changed.

    `kind` is a `TicketLink.Kind` but `split`, or `child`: the other one is part of this. Records `ticket.linked` on
    both. Errors: PermissionDenied; ValidationError code `invalid` (itself, a part of its own part, a second whole).
    """
    ticket, other = lock_both(ticket, other)
    require(by, "tickets.tag")
    refuse_in_trash(ticket, other)
    if kind not in (Kind.RELATED, Kind.PARENT, CHILD, Kind.DUPLICATE):
        raise ValidationError(_("Tickets cannot be linked in this way."), code="invalid")
    if ticket.pk == other.pk:
        raise ValidationError(_("A ticket cannot be linked with itself."), code="invalid")
    one, two = (other, ticket) if kind == CHILD else (ticket, other)
    kept = Kind.PARENT if kind == CHILD else Kind(kind)
    link = TicketLink.objects.filter(Q(ticket=one, other=two) | Q(ticket=two, other=one)).first()
    if link is not None and (link.kind, link.ticket_id) == (kept, one.pk):
        return link
    _check(link, one, two, kept)
    if link is None:
        link = TicketLink(by_user=authored(by)["by_user"])
    link.ticket, link.other, link.kind = one, two, kept
    link.save()
    _record_both("ticket.linked", link, by=by, at=at, is_undo=is_undo)
    return link


@transaction.atomic
def unlink_ticket(link: TicketLink, *, by: Actor, at: datetime | None = None, is_undo: bool = False) -> bool:
    """Take a link off; False if it is gone already. Records `ticket.unlinked` on both.

    Errors: PermissionDenied; ValidationError code `invalid` for the one through which a ticket began.
    """
    lock_both(Ticket(pk=link.ticket_id), Ticket(pk=link.other_id))
    require(by, "tickets.tag")
    found = TicketLink.objects.filter(pk=link.pk).select_related("ticket", "other").first()
    if found is None:
        return False
    if found.kind == Kind.SPLIT:
        raise ValidationError(
            _("This is where the ticket began. Merge the two to make them one again."), code="invalid"
        )
    refuse_in_trash(found.ticket, found.other)
    found.delete()
    _record_both("ticket.unlinked", found, by=by, at=at, is_undo=is_undo)
    return True


def tell_whole(ticket: Ticket) -> None:
    """A part is solved: if it was the last, the whole says so once this is committed.

    Not now: the whole would have to be locked while its part is, against the order in which everybody locks. If the
    process dies in between nothing is said; the ticket's page shows how its parts stand in any case.
    """
    whole = TicketLink.objects.filter(ticket=ticket, kind=Kind.PARENT).values_list("other", flat=True).first()
    if whole is not None:
        number = whole
        transaction.on_commit(lambda: _tell_whole(number), robust=True)


@transaction.atomic
def _tell_whole(number: int) -> None:
    """Record `parts.solved` on an open ticket whose parts are all solved, once for each time that they are."""
    whole = lock(Ticket(pk=number))
    parts = Ticket.objects.filter(links__other=number, links__kind=Kind.PARENT, trashed_at=None)
    if whole.is_solved or parts.unsolved().exists():
        return
    last = parts.aggregate(last=Max("solved_at"))["last"]
    told = whole.events.filter(type="parts.solved").order_by("-seq").first()
    if last is not None and (told is None or told.at < last):
        record(whole, "parts.solved", by=None, data={"count": parts.count()})


def _check(link: TicketLink | None, one: Ticket, two: Ticket, kind: str) -> None:
    """Whether the first may be linked so to the second, if they have this link, or none, by now."""
    if link is not None and link.kind == Kind.SPLIT:
        raise ValidationError(_("These two are linked already: one was split off from the other."), code="invalid")
    for ticket in (one, two) if link is None else ():
        if TicketLink.objects.filter(Q(ticket=ticket) | Q(other=ticket)).count() >= MOST_LINKS:
            raise ValidationError(
                _("Ticket %(number)s has %(count)s links already.") % {"number": ticket.pk, "count": MOST_LINKS},
                code="invalid",
            )
    if kind == Kind.PARENT:
        _check_parts(one, two)


def _check_parts(part: Ticket, whole: Ticket) -> None:
    """A ticket is part of one other at most, and never, over however many steps, of itself."""
    with connection.cursor() as cursor:  # two people could each put half of a loop together; always after the rows
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
    known = TicketLink.objects.filter(kind=Kind.PARENT)
    of = known.filter(ticket=part).exclude(other=whole).values_list("other", flat=True).first()
    if of is not None:
        raise ValidationError(
            _("Ticket %(part)s is part of ticket %(whole)s already.") % {"part": part.pk, "whole": of}, code="invalid"
        )
    above: int | None = whole.pk
    while above is not None:
        # The link between the two may be the other way round until now: then it is turned.
        above = known.filter(ticket=above).exclude(ticket=whole, other=part).values_list("other", flat=True).first()
        if above == part.pk:
            raise ValidationError(
                _("Ticket %(whole)s is itself a part of ticket %(part)s.") % {"whole": whole.pk, "part": part.pk},
                code="invalid",
            )


def _record_both(what: str, link: TicketLink, *, by: Actor, at: datetime | None, is_undo: bool) -> None:
    for ticket, other in ((link.ticket, link.other), (link.other, link.ticket)):
        data = {"other": other.pk, "kind": link.side_of(ticket.pk)} | undo_data(is_undo)
        record(ticket, what, by=by, at=at, data=data)
