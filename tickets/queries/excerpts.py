"""Where in a ticket the words that were looked for stand: read for the few rows that are shown, and only then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import F, Window
from django.db.models.functions import Left, RowNumber
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.models import Attachment, Message, Ticket
from tickets.search_words import Marker, Piece, Search

_CHARS, _READ_MESSAGES, _READ_CHARS = 150, 30, 4000


@dataclass
class Excerpt:
    """What a row shows of a hit. `where` is empty for the subject and for what was said."""

    name: list[Piece] = field(default_factory=list)
    line: list[Piece] = field(default_factory=list)
    where: str = ""


def excerpts(tickets: list[Ticket], viewer: User, search: Search, *, is_similar: bool = False) -> dict[int, Excerpt]:
    """The excerpts of these tickets by number, in three queries at most. A ticket that was found by a tag has none.

    Messages and files are read only for rows whose subject and customer do not show already why they were found;
    for what only looks like the words (`is_similar`) never, for nothing in them is what was looked for."""
    marker = Marker(search.wanted)
    found = {ticket.pk: Excerpt(name=marker.excerpt(ticket.customer.display_name, 60)) for ticket in tickets}
    missing = set[int]()
    for ticket in tickets if search.wanted else []:
        found[ticket.pk].line = marker.excerpt(ticket.subject, _CHARS)
        is_clear = found[ticket.pk].line or marker.has_all(ticket.customer.display_name)
        missing |= set() if is_clear or is_similar else {ticket.pk}
    for read in (_said, _files):
        for number, where, text in read(sorted(missing), viewer) if missing else ():
            if number in missing and marker.has(text):
                found[number].line, found[number].where = marker.excerpt(text, _CHARS), where
                missing.discard(number)
    return found


def _said(numbers: list[int], viewer: User) -> Iterable[tuple[int, str, str]]:
    """The beginnings of the newest messages of each ticket."""
    merged = dict(Ticket.objects.filter(merged_into__in=numbers).values_list("pk", "merged_into"))
    messages = Message.objects.visible_to(viewer).filter(ticket__in=[*numbers, *merged])
    place = Window(RowNumber(), partition_by=F("ticket"), order_by=F("pk").desc())
    rows = messages.annotate(place=place, begin=Left("body", _READ_CHARS)).filter(place__lte=_READ_MESSAGES)
    for number, kind, begin in rows.order_by("-pk").values_list("ticket_id", "kind", "begin"):
        yield merged.get(number) or number, _("Note") if kind == Message.Kind.NOTE else "", begin


def _files(numbers: list[int], viewer: User) -> Iterable[tuple[int, str, str]]:
    files = Attachment.objects.visible_to(viewer).filter(message__ticket__in=numbers).order_by("-created_at")
    for number, name in files.values_list("message__ticket", "name")[: 10 * _READ_MESSAGES]:
        yield number, _("File"), name
