"""What is not solved: how old it is now, and how much it was at the end of each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Min,
    Q,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Extract, Trunc
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

from recovery.queries.beyond import Percentile
from reports.measures import Kind
from reports.models import Fact
from reports.periods import Period
from reports.queries.figures import MEDIAN, NINETY, trunc
from reports.queries.question import Question
from tickets.models import Ticket
from tickets.models.ticket import TicketQuerySet

DAY = timedelta(days=1)
FLOWS = (Kind.OPENED, Kind.SOLVED, Kind.REOPENED)


@dataclass(frozen=True)
class Band:
    """Ages from so many days on, up to but not with so many."""

    key: str
    label: str | Lazy
    since: int
    until: int | None


BANDS = (
    Band("day", _("Less than a day"), 0, 1),
    Band("days", _("1 to 3 days"), 1, 3),
    Band("week", _("3 to 7 days"), 3, 7),
    Band("month", _("7 to 30 days"), 7, 30),
    Band("older", _("30 days and more"), 30, None),
)


@dataclass(frozen=True)
class Aged:
    """How many are of an age."""

    band: Band
    n: int


@dataclass(frozen=True)
class Ages:
    """All that is not solved now. Lengths in seconds by the clock on the wall."""

    bands: list[Aged]
    n: int
    median: float | None
    ninety: float | None
    oldest_at: datetime | None


@dataclass(frozen=True)
class Level:
    """How many were not solved at the end of a step; None for a day that is yet to come."""

    period: Period
    n: int | None


def unsolved(question: Question) -> TicketQuerySet:
    """What is not solved now, of the conversations that are asked for."""
    return of_question(Ticket.objects.visible_to(question.viewer).unsolved(), question)


def of_question(tickets: TicketQuerySet, question: Question) -> TicketQuerySet:
    if question.team:
        tickets = tickets.filter(team=question.team)
    if question.channel:
        tickets = tickets.filter(channel=question.channel)
    if question.tag:
        tickets = tickets.filter(pk__in=Ticket.tags.through.objects.filter(tag=question.tag).values("ticket"))
    if question.company:
        tickets = tickets.filter(customer__company=question.company)
    return tickets


def ages(question: Question, now: datetime) -> Ages:
    """Of now, whatever the period."""
    tickets = unsolved(question).order_by()
    counts: dict[str, Any] = {band.key: Count("pk", filter=in_band(band, now)) for band in BANDS}
    age = Extract(ExpressionWrapper(Value(now) - F("created_at"), output_field=DurationField()), "epoch")
    found = tickets.annotate(age=age).aggregate(
        **counts,
        n=Count("pk"),
        median=Percentile("age", MEDIAN),
        ninety=Percentile("age", NINETY),
        oldest_at=Min("created_at"),
    )
    bands = [Aged(band, found[band.key]) for band in BANDS]
    return Ages(bands, found["n"], found["median"], found["ninety"], found["oldest_at"])


def in_band(band: Band, now: datetime) -> Q:
    """Tickets of this age."""
    found = Q() if band.since == 0 else Q(created_at__lte=now - band.since * DAY)
    return found if band.until is None else found & Q(created_at__gt=now - band.until * DAY)


def levels(question: Question, now: datetime, standing: int | None = None) -> list[Level]:
    """At the end of each step of the period: what is unsolved now (`standing`, if it is known), less what came since,
    and what went."""
    period, steps = question.period, list(question.period.steps())
    standing = unsolved(question).count() if standing is None else standing
    if period.end < now:
        standing -= _came(question.facts_ever(*FLOWS).filter(at__gte=period.end))
    start = Trunc("at", period.unit, tzinfo=period.zone)
    rows: Any = question.facts(*FLOWS).annotate(start=start).order_by().values_list("start", "kind")
    came: dict[Any, int] = {}
    for at, kind, n in rows.annotate(n=Count("*")):
        day = at.astimezone(period.zone).date()
        came[day] = came.get(day, 0) + (-n if kind == Kind.SOLVED else n)
    found: list[Level] = []
    for step in reversed(steps):
        found.append(Level(step, standing if step.start <= now else None))
        standing -= came.get(trunc(step, period), 0)
    return found[::-1]


def _came(facts: Any) -> int:
    counts = dict(facts.order_by().values_list("kind").annotate(n=Count("*")))
    return counts.get(Kind.OPENED, 0) + counts.get(Kind.REOPENED, 0) - counts.get(Kind.SOLVED, 0)


def unsolved_at(question: Question, moment: datetime) -> TicketQuerySet:
    """The tickets that were not solved then: those of now, less what was opened since and not solved, and with what was
    solved since and not opened anew."""
    since = Fact.objects.filter(kind__in=FLOWS, at__gte=moment).order_by().values("ticket")
    net = Sum(Case(When(kind=Kind.SOLVED, then=Value(-1)), default=Value(1), output_field=IntegerField()))
    came, went = (set(since.annotate(net=net).filter(net=by).values_list("ticket", flat=True)) for by in (1, -1))
    standing = set(Ticket.objects.unsolved().values_list("pk", flat=True))
    # Named, each of them is looked up; joined, all tickets there are would be read.
    tickets = Ticket.objects.visible_to(question.viewer).filter(pk__in=sorted((standing - came) | went))
    return of_question(tickets, question)
