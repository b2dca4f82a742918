"""What the words and filters of the search box ask of a ticket, as one condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Lower
from django.db.models.lookups import IsNull
from django.utils import timezone

from accounts.models import Site, Team, User
from tickets.field_values import read_value
from tickets.models import (
    Attachment,
    Draft,
    Field,
    Message,
    NamedStatus,
    Priority,
    Rating,
    ReadMark,
    RootCause,
    Status,
    Tag,
    Ticket,
    TicketWords,
)
from tickets.models.ticket import TicketQuerySet
from tickets.queries.causes import ONLY, causes_below
from tickets.queries.customers import called, few_customers, numbers_of_customers
from tickets.search_words import Asked, Part, Search, days, other_keys, parse

# So many names and addresses are given to the database as a list of customers, with which it knows whether to begin
# with them or with the newest tickets. More than a few have written lately, and their newest tickets are found sooner
# by asking of one ticket after the other.
_LISTED_CUSTOMERS, _FEW_CUSTOMERS = 20_000, 2_000
_MANY = "many"
_STEP = 1000  # of numbers, see `_last_before`
_UNSOLVED = ~Q(status=Status.SOLVED)


def understand(text: str, viewer: User, fields: dict[str, Asked] | None = None) -> Search:
    """What the viewer asks; which day is today depends on where they are. `fields` are those of `asked_fields`, if
    they are at hand."""
    fields = asked_fields([text]) if fields is None else fields
    return parse(text, _today(viewer), fields)


def _today(viewer: User) -> date:
    return timezone.now().astimezone(viewer.zone).date()


def asked_fields(texts: Iterable[str]) -> dict[str, Asked]:
    """The company's own fields that these searches name; nothing is asked where none can be meant."""
    keys = set[str]().union(*(other_keys(text) for text in texts))
    fields = Field.objects.filter(slug__in=keys, archived_at=None) if keys else []
    return {field.slug: Asked(field.name, partial(_held, field)) for field in fields}


def _held(field: Field, typed: str) -> object | None:
    """What the field holds where somebody typed this; also a choice that is no longer offered."""
    try:
        return read_value(field.kind, [option | {"is_gone": False} for option in field.options], typed)
    except ValidationError:
        return None


def keep_of(search: Search, viewer: User) -> Q:
    """What a ticket must be to be found: all filters and all words, as one condition.

    Of filters that only one of several can be true of (a status, a channel …) any will do; of others all must hold.
    """
    kept = Q()
    choices: dict[str, Q] = {}
    for part in search.filters:
        condition = _FILTERS.get(part.key, _field)(part, viewer)
        if part.is_excluded:
            kept &= ~condition
        elif part.key in _CHOICES and not (part.key == "is" and part.value not in _STATUSES):
            choices[part.key] = choices.get(part.key, Q()) | condition
        else:
            kept &= condition
    for condition in choices.values():
        kept &= condition
    if search.wanted:
        return kept & Q(words__vector=words_query(search)) & _words_before(search)
    for part in search.unwanted:
        # No index holds what is absent, so this is asked of one ticket after the other.
        there = TicketWords.objects.filter(ticket=OuterRef("pk"), vector=_raw(part.tsquery.removeprefix("!")))
        kept &= ~Q(Exists(there))
    return kept


def looked_up(search: Search, viewer: User, *, is_newest_first: bool = False) -> Search:
    """The same search with what the database had better know before it plans: who `from:` is, as long as they are not
    too many, and up to which ticket `before:` can reach."""
    at_most = _FEW_CUSTOMERS if is_newest_first and len(search.parts) == 1 else _LISTED_CUSTOMERS
    return replace(search, parts=tuple(_looked_up(part, viewer, at_most) for part in search.parts))


def _looked_up(part: Part, viewer: User, at_most: int) -> Part:
    if part.key == "from":
        customers = few_customers(part.value, at_most)
        return replace(part, held=_MANY if customers is None else customers)
    span = days(part.value, _today(viewer)) if part.key == "before" else None
    return replace(part, held=_last_before(_midnight(span[0], viewer.zone))) if span else part


def words_query(search: Search) -> SearchQuery:
    return _raw(" & ".join(part.tsquery for part in [*search.wanted, *search.unwanted]))


def _raw(tsquery: str) -> SearchQuery:
    return SearchQuery(tsquery, config="simple", search_type="raw")


_STATUSES = {"open", "pending", "on_hold", "solved", "unsolved"}
_CHOICES = {"is", "channel", "priority", "team", "site", "cause", "assignee", "from", "status"}


def _is(part: Part, viewer: User) -> Q:
    if part.value in _STATUSES:
        return _UNSOLVED if part.value == "unsolved" else Q(status=part.value)
    if part.value == "unread":
        seen = ReadMark.objects.filter(ticket=OuterRef("pk"), user=viewer, seq__gte=OuterRef("public_last_seq"))
        return ~Q(Exists(seen))
    return {
        "snoozed": Q(snoozed_at__isnull=False),
        "unassigned": Q(assignee=None),
        "mine": Q(assignee=viewer),
        "waiting": Q(waiting_since__isnull=False),
    }[part.value]


def _from(part: Part, viewer: User) -> Q:
    if part.held != _MANY:
        return Q(customer__in=numbers_of_customers(part.value) if part.held is None else part.held)
    # One row each rather than EXISTS, which Postgres may turn into reading all who are called so first.
    by_name, by_address = called(part.value)
    name = by_name.filter(pk=OuterRef("customer")).values("pk")[:1]
    address = by_address.filter(customer=OuterRef("customer")).values("pk")[:1]
    return Q(IsNull(Subquery(name), False)) | Q(IsNull(Subquery(address), False))


def _assignee(part: Part, viewer: User) -> Q:
    if part.value == "me":
        return Q(assignee=viewer)
    if part.value == "nobody":
        return Q(assignee=None)
    people = User.objects.filter(Q(name__icontains=part.value) | Q(email__iexact=part.value))
    return Q(assignee__in=people.order_by().values("pk"))


def _team(part: Part, viewer: User) -> Q:
    if part.value.lower() in ("none", "nobody"):
        return Q(team=None)
    return Q(team__in=Team.objects.filter(_called(part.value)).order_by().values("pk"))


def _site(part: Part, viewer: User) -> Q:
    sites = Site.objects.filter(Q(name__icontains=part.value) | Q(key__iexact=part.value))
    return Q(site__in=sites.order_by().values("pk"))


def _cause(part: Part, viewer: User) -> Q:
    if part.value.lower() == "none":
        return Q(root_cause=None)
    only = RootCause.objects.filter(slug__iexact=part.value.removesuffix(ONLY))
    if part.value.endswith(ONLY) and only:
        return Q(root_cause__in=[cause.pk for cause in only])
    causes = RootCause.objects.select_related("merged_into")
    named = causes.filter(slug__iexact=part.value) or causes.filter(name__icontains=part.value)
    return Q(root_cause__in=causes_below(cause.merged_into or cause for cause in named))


def _called(value: str) -> Q:
    return Q(name__icontains=value) | Q(slug__iexact=value)


def _tag(part: Part, viewer: User) -> Q:
    # One tag at most, so that the database can read its tickets from the newest on.
    tag = Tag.objects.alias(lower=Lower("name")).filter(lower=Lower(Value(part.value))).order_by().values("pk")
    return Q(Exists(Ticket.tags.through.objects.filter(ticket=OuterRef("pk"), tag=Subquery(tag))))


def _priority(part: Part, viewer: User) -> Q:
    return Q(priority=Priority[part.value.upper()])


def _channel(part: Part, viewer: User) -> Q:
    return Q(channel=part.value)


def _has(part: Part, viewer: User) -> Q:
    theirs: QuerySet[Any] = {
        "attachment": Attachment.objects.filter(message__ticket=OuterRef("pk")),
        "note": Message.objects.filter(ticket=OuterRef("pk"), kind=Message.Kind.NOTE),
        "rating": Rating.objects.filter(ticket=OuterRef("pk")),
        "draft": Draft.objects.filter(ticket=OuterRef("pk"), user=viewer),
    }[part.value]
    return Q(Exists(theirs))


def _in(part: Part, viewer: User) -> Q:
    return Q(trashed_at__isnull=False)  # the only place there is; `searched_by` says among which tickets


def searched_by(search: Search, viewer: User) -> TicketQuerySet:
    """The tickets among which this is looked for: what the viewer sees, or what of it is in the trash."""
    return Ticket.objects.trash_of(viewer) if search.is_of_trash else Ticket.objects.visible_to(viewer)


def _status(part: Part, viewer: User) -> Q:
    return Q(named_status__in=NamedStatus.objects.filter(name__iexact=part.value).order_by().values("pk"))


def _field(part: Part, viewer: User) -> Q:
    """A field of the company's own that holds exactly this, or nothing. The index has only what is filled."""
    if part.held is None:
        return ~Q(fields__has_key=part.key)
    return Q(fields__contains={part.key: part.held}) & ~Q(fields={})


def _day(part: Part, viewer: User) -> Q:
    zone = viewer.zone
    span = days(part.value, _today(viewer))
    if span is None:  # it was a day when it was parsed
        return Q()
    first, beyond = _midnight(span[0], zone), _midnight(span[1], zone)
    if part.key == "before":
        return Q(created_at__lt=first) & (Q() if part.held is None else Q(number__lte=part.held))
    if part.key == "after":
        return Q(created_at__gte=first)
    return Q(created_at__gte=first, created_at__lt=beyond)


def _words_before(search: Search) -> Q:
    """That bound once more, for the words: they are read beside the tickets, and would begin at today."""
    bounds = [part.held for part in search.filters if part.key == "before" and not part.is_excluded]
    return Q(*[Q(words__ticket_id__lte=bound) for bound in bounds if bound is not None])


def _last_before(moment: datetime) -> int:
    """A number that no ticket from before it exceeds, and not many more than the last of them. Numbers mostly come in
    the order of time, so the newest hits are looked for from there, instead of from today. An index knows the earliest
    ticket of each thousand."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_BEFORE, {"step": _STEP, "moment": moment})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


_LAST_BEFORE = """
    SELECT thousand * %(step)s + %(step)s - 1
    FROM generate_series((SELECT max(number) FROM tickets_ticket) / %(step)s, 0, -1) AS thousand
    WHERE (SELECT min(created_at) FROM tickets_ticket WHERE number / %(step)s = thousand) < %(moment)s
    LIMIT 1
"""


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


_FILTERS: dict[str, Callable[[Part, User], Q]] = {
    "is": _is,
    "from": _from,
    "assignee": _assignee,
    "team": _team,
    "tag": _tag,
    "channel": _channel,
    "priority": _priority,
    "site": _site,
    "cause": _cause,
    "before": _day,
    "after": _day,
    "on": _day,
    "has": _has,
    "status": _status,
    "in": _in,
}
