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
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
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
from tickets.queries.customers import numbers_of_customers
from tickets.search_words import Asked, Part, Search, days, other_keys, parse

_LISTED_CUSTOMERS = 20_000
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
        return kept & Q(words__vector=words_query(search)) & _words_before(search, viewer)
    for part in search.unwanted:
        # No index holds what is absent, so this is asked of one ticket after the other.
        there = TicketWords.objects.filter(ticket=OuterRef("pk"), vector=_raw(part.tsquery.removeprefix("!")))
        kept &= ~Q(Exists(there))
    return kept


def with_customers(search: Search) -> Search:
    """The same search with the customers of `from:` looked up, as long as they are not too many: from a list the
    database knows whether to begin with them or with the newest tickets."""
    return replace(search, parts=tuple(_with_customers(part) if part.key == "from" else part for part in search.parts))


def _with_customers(part: Part) -> Part:
    numbers = list(numbers_of_customers(part.value)[: _LISTED_CUSTOMERS + 1])
    return replace(part, held=numbers) if len(numbers) <= _LISTED_CUSTOMERS else part


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
    return Q(customer__in=numbers_of_customers(part.value) if part.held is None else part.held)


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
    causes = RootCause.objects.filter(_called(part.value) | Q(parent__slug__iexact=part.value))
    return Q(root_cause__in=causes.order_by().values("pk"))


def _called(value: str) -> Q:
    return Q(name__icontains=value) | Q(slug__iexact=value)


def _tag(part: Part, viewer: User) -> Q:
    tags = Tag.objects.filter(name__iexact=part.value).order_by().values("pk")
    return Q(Exists(Ticket.tags.through.objects.filter(ticket=OuterRef("pk"), tag__in=tags)))


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
        return Q(created_at__lt=first, number__lte=Subquery(_last_before(first)))
    if part.key == "after":
        return Q(created_at__gte=first)
    return Q(created_at__gte=first, created_at__lt=beyond)


def _words_before(search: Search, viewer: User) -> Q:
    """That bound once more, for the words: they are read beside the tickets, and would begin at today."""
    bound = Q()
    for part in search.filters:
        span = days(part.value, _today(viewer)) if part.key == "before" and not part.is_excluded else None
        if span is not None:
            bound &= Q(words__ticket_id__lte=Subquery(_last_before(_midnight(span[0], viewer.zone))))
    return bound


def _last_before(moment: datetime) -> QuerySet[Ticket, Any]:
    """The highest number that was given before it. Numbers mostly come in the order of time, so this lets the newest
    hits be looked for from there, instead of from today: 0.1 s instead of 2 at a million tickets."""
    return Ticket.objects.filter(created_at__lt=moment).order_by("-number").values("number")[:1]


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
