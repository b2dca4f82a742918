"""What the search box finds: ranked in a window of the newest hits, or in an order that is asked for.

To rank or count every hit of a common word takes seconds at a million tickets. So the newest WINDOW hits are ranked;
whoever wants older ones gets the next window; nobody is told a total.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.postgres.search import SearchRank
from django.db import OperationalError, connection, transaction
from django.db.models import F, IntegerField, Q, QuerySet
from django.db.models.functions import Cast, Floor, Upper
from django.utils.translation import gettext_lazy as _
from psycopg2.errors import QueryCanceled

from accounts.models import User
from customers.models import Customer
from tickets.models import Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries import inbox
from tickets.queries.customers import find_customers, visible_customers
from tickets.queries.filtering import keep_of, looked_up, words_query
from tickets.queries.inbox import Cursor, View, inbox_page, with_row_details
from tickets.search_words import Search

WINDOW = 1000
PEOPLE, _ASKED_PEOPLE = 3, 30
PATIENCE = "5s"  # of the database with one search
# Beside it, how Postgres is to judge its ways: a second process takes 5 ms to begin and pays only for what is long;
# what is searched was mostly read before, and lies in memory.
_LIMITS = "SET LOCAL statement_timeout = %s; SET LOCAL parallel_setup_cost = 50000; SET LOCAL random_page_cost = 1.1"
NEEDS_ANSWER = "needs_answer"
SORTS = {
    NEEDS_ANSWER: _("Needs an answer first"),
    "newest": _("Newest first"),
    "oldest": _("Oldest first"),
    "updated": _("Changed last first"),
    "priority": _("Most urgent first"),
}
_RANKED = "ranked"
_GRADES = 20  # of fitting; among those that fit alike the newest stand first
_WEIGHTS = [0.2, 0.5, 0.6, 1.0]  # D notes, C what was said, B files, A subject, people, tags
_SIMILAR_LETTERS, _SIMILAR_PEOPLE = 4, 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"(ranked|newest|oldest|updated|priority)_([0-9a-f]{1,15})_([0-9a-f]{1,13})_([0-9a-f]{1,15})")


@dataclass(frozen=True)
class Place:
    """Where a page begins: after the row with this value and number, among the hits up to `top` (0: all).

    With number 0 it begins at the top of the window."""

    sort: str
    top: int
    value: int
    number: int

    def __str__(self) -> str:
        return f"{self.sort}_{self.top:x}_{self.value:x}_{self.number:x}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """The place, or None for anything that we did not write: then the list starts at its top."""
        match = _PLACE.fullmatch(text)
        return cls(match[1], int(match[2], 16), int(match[3], 16), int(match[4], 16)) if match else None


class TooSlowError(Exception):
    """The database was stopped, for it would have read too much."""


@contextmanager
def limited_in_time() -> Iterator[None]:
    """Let no statement in it take longer than PATIENCE. Errors: TooSlowError."""
    try:
        with transaction.atomic(), connection.cursor() as timed:
            timed.execute(_LIMITS, [PATIENCE])
            yield
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise TooSlowError from error


@dataclass(frozen=True)
class Found:
    """A page of hits; `cursor` leads to the next one, or is empty.

    `is_older`: what comes next are older hits, ranked anew. `is_similar`: the words were not found, these look alike.
    `is_too_much`: it took too long, and nobody knows what there is.
    """

    tickets: list[Ticket]
    cursor: str = ""
    is_older: bool = False
    is_similar: bool = False
    is_too_much: bool = False


def search_page(tickets: TicketQuerySet, viewer: User, search: Search, *, cursor: str = "", sort: str = "") -> Found:
    """A page of what is found among these tickets, the best first unless another order is asked for."""
    if not search.parts:
        return Found([])
    try:
        with limited_in_time():
            return _page(tickets, viewer, search, cursor, sort)
    except TooSlowError:
        return Found([], is_too_much=True)


def _page(tickets: TicketQuerySet, viewer: User, search: Search, cursor: str, sort: str) -> Found:
    # What was said on a merged ticket is found on the one that goes on.
    order = sort if sort in SORTS else _RANKED if search.wanted else "newest"
    known = looked_up(search, viewer, is_newest_first=order == "newest")
    kept = tickets.filter(keep_of(known, viewer), merged_into=None)
    if order == NEEDS_ANSWER:
        return _needy_page(kept, viewer, search, cursor)
    place = Place.read(cursor)
    place = place if place is not None and place.sort == order else None
    if order != _RANKED:
        return _ordered_page(kept, viewer, order, place)
    found = _ranked_page(kept, viewer, search, place)
    return found if found.tickets or place else _similar_page(tickets, viewer, search)


def direct_hit(tickets: TicketQuerySet, search: Search) -> Ticket | None:
    """The ticket that a number or a reference alone is, if it is nothing else: `#4711` always is a ticket, but 4711
    may as well be what somebody's order is called, and then it is searched for."""
    if search.reference:
        return tickets.filter(reference=search.reference).first()
    if search.number is None:
        return None
    ticket = tickets.filter(pk=search.number).first()
    if ticket is None or search.has_hash:
        return ticket
    return None if tickets.filter(words__vector=words_query(search)).exclude(pk=ticket.pk).exists() else ticket


def people_found(viewer: User, search: Search) -> list[Customer]:
    """Customers whose name or address the words are, three at most."""
    words = search.plain_words
    if len(words) < 2 or search.has_hash:
        return []
    # Whom the viewer may see is asked of the first ones only: of everybody of that name it took longer than the search.
    named = find_customers(Customer.objects.all(), words).order_by("name", "pk").values_list("pk", flat=True)
    first = list(named[: _ASKED_PEOPLE + 1])
    if not first:
        return []
    seen = visible_customers(viewer).with_addresses().order_by("name", "pk")
    found = list(seen.filter(pk__in=first)[:PEOPLE])
    is_enough = len(found) == PEOPLE or len(first) <= _ASKED_PEOPLE
    return found if is_enough else list(find_customers(seen, words)[:PEOPLE])


def _ranked_page(kept: QuerySet[Ticket], viewer: User, search: Search, place: Place | None) -> Found:
    hits = _graded(kept.filter(pk__lte=place.top) if place and place.top else kept, search)
    best = sorted(hits, key=lambda hit: (-hit[1], -hit[0]))
    if place is not None and place.number:
        best = [hit for hit in best if (-hit[1], -hit[0]) > (-place.value, -place.number)]
    size = inbox.PAGE_SIZE
    page = _in_order([number for number, _grade in best[:size]], viewer)
    if len(best) > size:
        last, grade = best[size - 1]
        return Found(page, str(Place(_RANKED, place.top if place else hits[0][0], grade, last)))
    # What is not in a full window is older than its last one.
    older = hits[-1][0] - 1 if len(hits) == WINDOW else 0
    return Found(page, str(Place(_RANKED, older, 0, 0)), is_older=True) if older else Found(page)


def _graded(kept: QuerySet[Ticket], search: Search) -> list[tuple[int, int]]:
    """The newest hits and how well each fits, looked up once: to find one is dearer than to bring it here."""
    fits = SearchRank(F("words__vector"), words_query(search), weights=_WEIGHTS)
    graded = kept.annotate(grade=Cast(Floor(fits * _GRADES), IntegerField()))
    return list(graded.order_by("-pk").values_list("pk", "grade")[:WINDOW])


def _in_order(numbers: list[int], viewer: User) -> list[Ticket]:
    found = {ticket.pk: ticket for ticket in with_row_details(Ticket.objects.filter(pk__in=numbers), viewer)}
    return [found[number] for number in numbers if number in found]


def _similar_page(tickets: TicketQuerySet, viewer: User, search: Search) -> Found:
    """The newest tickets whose subject or customer only looks like the words, as with two letters swapped."""
    words = search.plain_words.upper()
    if len(words) < _SIMILAR_LETTERS or any(part.is_exact or part.is_excluded for part in search.parts):
        return Found([])
    alike = tickets.alias(upper=Upper("subject")).filter(upper__trigram_word_similar=words)
    by_subject = alike.order_by("-pk").values_list("pk", flat=True)
    people = Customer.objects.alias(upper=Upper("name")).filter(upper__trigram_word_similar=words).order_by("-pk")
    size = inbox.PAGE_SIZE
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = 0.5")  # half of the groups of three letters
        numbers = set(_newest_of(tickets, list(people[:_SIMILAR_PEOPLE])))
        # A subject has many words: to compare several with each takes seconds at a million tickets.
        numbers.update(by_subject[:size] if len(search.parts) == 1 else [])
    return Found(_in_order(sorted(numbers, reverse=True)[:size], viewer), is_similar=bool(numbers))


def _newest_of(tickets: TicketQuerySet, people: list[Customer]) -> list[int]:
    newest = tickets.filter(customer__in=people).order_by("-pk").values_list("pk", flat=True)
    return list(newest[: inbox.PAGE_SIZE]) if people else []


# --- Other orders --------------------------------------------------------------------------


def _needy_page(kept: TicketQuerySet, viewer: User, search: Search, cursor: str) -> Found:
    """In the order of the inbox, and what is solved after it."""
    marks = "t" if search.is_of_trash else "wqz" if search.is_of_unsolved else "wqzs"
    view = View(key="search", label="", icon="", keep=Q(), stretches=marks)
    page = inbox_page(kept, viewer, view, Cursor.parse(cursor))
    return Found(page.tickets, str(page.next_cursor or ""))


_COLUMNS = {"newest": "number", "oldest": "number", "updated": "updated_at", "priority": "priority"}


def _ordered_page(kept: QuerySet[Ticket], viewer: User, order: str, place: Place | None) -> Found:
    column, side = _COLUMNS[order], "gt" if order == "oldest" else "lt"
    if place is not None:
        kept = kept.filter(_beyond(column, side, place))
    sign = "" if order == "oldest" else "-"
    fields = [f"{sign}number"] if column == "number" else [f"{sign}{column}", f"{sign}number"]
    rows = list(with_row_details(kept, viewer).order_by(*fields)[: inbox.PAGE_SIZE + 1])
    page = rows[: inbox.PAGE_SIZE]
    return Found(page, str(_place_of(page[-1], order)) if len(rows) > len(page) else "")


def _beyond(column: str, side: str, place: Place) -> Q:
    """Those after the row at this place. The first bound is what lets an index seek."""
    after = Q(**{f"number__{side}": place.number})
    if column == "number":
        return after
    try:
        value = _EPOCH + timedelta(microseconds=place.value) if column == "updated_at" else min(place.value, 99)
    except OverflowError:
        return Q()
    return Q(**{f"{column}__{side}e": value}) & (Q(**{f"{column}__{side}": value}) | after)


def _place_of(ticket: Ticket, order: str) -> Place:
    value = {"updated": (ticket.updated_at - _EPOCH) // timedelta(microseconds=1), "priority": ticket.priority}
    return Place(order, 0, value.get(order, 0), ticket.number)
