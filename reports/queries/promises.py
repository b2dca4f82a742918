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
    """All together, then each promise that was to be kept in the period or before it: those in force first."""
    period, promises = question.period, list(Promise.objects.all())
    found: dict[tuple[int | None, bool, date | None], Share] = {}
    for pk, is_now, day, count, of in _counted(question, promises):
        for key in ((pk, is_now, None), (None, is_now, None), (pk, is_now, day), (None, is_now, day)):
            share = found.get(key, NOTHING)
            found[key] = Share(share.kept + count, share.of + of)

    def line(promise: Promise | None) -> Kept:
        pk = promise.pk if promise else None
        steps = [KeptStep(one, found.get((pk, True, trunc(one, period)), NOTHING)) for one in period.steps()]
        return Kept(promise, found.get((pk, True, None), NOTHING), found.get((pk, False, None), NOTHING), steps)

    lines = [line(promise) for promise in sorted(promises, key=lambda one: (not one.is_on, one.position, one.pk))]
    return [line(None), *(one for one in lines if one.now.of or one.before.of)]


def _counted(question: Question, promises: list[Promise]) -> Any:
    period = question.period
    is_now = Case(When(began_at__gte=period.start, then=Value(True)), default=Value(False))
    # Named, each of them enters the index at its own time.
    lately = runs(question).filter(
        promise__in=[promise.pk for promise in promises],
        began_at__gte=period.before.start,
        began_at__lt=period.end,
    )
    rows = lately.annotate(is_now=is_now, start=Trunc("began_at", period.unit, tzinfo=period.zone)).order_by()
    counted = rows.values_list("promise", "is_now", "start").annotate(
        kept=Count("state", filter=Q(state=State.KEPT)), of=Count("state")
    )
    for pk, now, start, count, of in counted:
        yield pk, now, start.astimezone(period.zone).date(), count, of
