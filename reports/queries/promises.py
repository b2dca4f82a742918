"""How often promises were kept: each one beside the period before, and over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.db.models.functions import Trunc

from reports.periods import Period
from reports.queries.figures import trunc
from reports.queries.question import Question
from tickets.models import Promise, PromiseRun, Ticket
from tickets.queries.promises import COUNTED, Share

State = PromiseRun.State
NOTHING = Share()
SHOWN = ("words", "is_on", "position")


@dataclass(frozen=True)
class KeptStep:
    """A day, week or month."""

    period: Period
    share: Share


@dataclass(frozen=True)
class Kept:
    """One promise, or all of them together (`promise` is None)."""

    promise: Promise | None
    now: Share
    before: Share
    steps: list[KeptStep]

    @property
    def query(self) -> str:
        """As `part=` has it in an address; empty for all."""
        return f"promise:{self.promise.pk}" if self.promise else ""


def runs(question: Question) -> QuerySet[PromiseRun]:
    """The times that promises began on these conversations, whenever, and that are decided."""
    found = PromiseRun.objects.filter(state__in=COUNTED)
    viewer = question.viewer
    if viewer.has_perm("tickets.view_all"):
        found = found.exclude(ticket__in=Ticket.objects.filter(trashed_at__isnull=False).values("pk"))
    else:
        found = found.filter(ticket__in=Ticket.objects.visible_to(viewer).values("pk"))
    if question.team:
        found = found.filter(ticket__team=question.team)
    if question.channel:
        found = found.filter(ticket__channel=question.channel)
    if question.tag:
        found = found.filter(ticket__in=Ticket.tags.through.objects.filter(tag=question.tag).values("ticket"))
    if question.company:
        found = found.filter(ticket__customer__company=question.company)
    return found


def kept(question: Question) -> list[Kept]:
    """All together, then each promise that was to be kept in the period or before it: those in force first. One query;
    of a promise only `SHOWN` is known."""
    period, promises = question.period, dict[int, Promise]()
    found: dict[tuple[int | None, bool, date | None], Share] = {}
    for row in _counted(question):
        pk, day = row["promise"], row["start"].astimezone(period.zone).date()
        promises[pk] = Promise(pk=pk, **{name: row[f"promise__{name}"] for name in SHOWN})
        for key in ((of, row["is_now"], on) for of in (pk, None) for on in (day, None)):
            share = found.get(key, NOTHING)
            found[key] = Share(share.kept + row["kept"], share.of + row["of"])

    def line(promise: Promise | None) -> Kept:
        pk = promise.pk if promise else None
        steps = [KeptStep(one, found.get((pk, True, trunc(one, period)), NOTHING)) for one in period.steps()]
        return Kept(promise, found.get((pk, True, None), NOTHING), found.get((pk, False, None), NOTHING), steps)

    lines = sorted(promises.values(), key=lambda one: (not one.is_on, one.position, one.pk))
    return [line(None), *map(line, lines)]


def _counted(question: Question) -> Any:
    """By promise, side and step. Joined, each promise enters the index of its runs at its own time."""
    period = question.period
    is_now = Case(When(began_at__gte=period.start, then=Value(True)), default=Value(False))
    lately = runs(question).filter(began_at__gte=period.before.start, began_at__lt=period.end)
    rows = lately.annotate(is_now=is_now, start=Trunc("began_at", period.unit, tzinfo=period.zone)).order_by()
    return rows.values("promise", *(f"promise__{name}" for name in SHOWN), "is_now", "start").annotate(
        kept=Count("state", filter=Q(state=State.KEPT)), of=Count("state")
    )
