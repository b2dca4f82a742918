"""How the cases of making good went, and whether it helps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce, Least

from accounts.models import Desk, Team, User
from recovery.models import (
    Case,
    LedgerEntry,
    Offer,
    Option,
    Policy,
    RemedyKind,
    Survey,
    Trigger,
)
from recovery.models.cases import CaseQuerySet
from recovery.queries.alike import Alike, alike
from recovery.queries.beyond import Course, Percentile, beyond, course
from recovery.queries.budgets import Limit, team_budgets
from recovery.queries.helping import Comparison, against_the_held_out, between_variants, followed
from recovery.shares import Mean, Share

State = Case.State
Step = LedgerEntry.Step
PERIODS = (30, 90, 365)
USUAL_DAYS = 90
CAUSES_SHOWN = 12


@dataclass(frozen=True)
class Counted:
    """How many cases there are for one reason, and how many of them are open."""

    key: str
    label: str
    count: int
    open: int


@dataclass(frozen=True)
class Timed:
    """How long it took, and how often it was in time: of those whose time is up, whether it was done or not."""

    n: int
    median: timedelta | None
    ninety: timedelta | None
    in_time: Share


@dataclass(frozen=True)
class Taken:
    """How often a kind of remedy was chosen where it stood among the options of an offer that has ended."""

    label: str
    share: Share


@dataclass(frozen=True)
class Spent:
    """The ledger of these cases in one currency: what was set aside, chosen, and handed over."""

    currency: str
    reserved: Decimal
    issued: Decimal
    given: Decimal
    cases: int  # with something chosen

    @property
    def each(self) -> Decimal | None:
        return self.issued / self.cases if self.cases else None


@dataclass(frozen=True)
class Report:
    """All of it, for one reader and one period."""

    days: int
    people: int
    held_out: list[Comparison]
    variants: list[Comparison]
    cases: int
    triggers: list[Counted]
    causes: list[Counted]
    contact: Timed
    resolution: Timed
    remedies: list[Taken]
    spent: list[Spent]
    own: Spent
    unknown: int  # steps of the ledger that no rate was known for
    recovered: Share
    asked: int
    answers: dict[str, Mean | tuple[int, float | None]] = field(default_factory=dict)
    beyond: tuple[int, Decimal | None] = (0, None)
    course: Course | None = None
    target: Decimal = Decimal(1)
    alike: Alike | None = None
    budgets: list[tuple[Team, Limit]] = field(default_factory=list)

    @property
    def per_case(self) -> Decimal | None:
        """What was chosen, over all cases: also those that cost nothing."""
        return self.own.issued / self.cases if self.cases else None


def report(viewer: User, *, now: datetime, days: int) -> Report:
    """What the viewer may see of the period: the cases opened in it, and the people whose 60 days ended in it."""
    cases = Case.objects.visible_to(viewer).counted_once()
    cases = cases.filter(opened_at__gt=now - timedelta(days=days), opened_at__lte=now)
    people = followed(viewer, now=now, days=days)
    total, triggers, causes = _counted(cases)
    contact, resolution = _timed(cases, now)
    spent, own, unknown = _spent(cases)
    recovered, asked, answers = _answers(cases)
    target = Policy.current().target
    return Report(
        days=days,
        people=len({one.person for one in people}),
        held_out=against_the_held_out(people),
        variants=between_variants(people),
        cases=total,
        triggers=triggers,
        causes=causes,
        contact=contact,
        resolution=resolution,
        remedies=_remedies(cases),
        spent=spent,
        own=own,
        unknown=unknown,
        recovered=recovered,
        asked=asked,
        answers=answers,
        beyond=beyond(cases),
        target=target.quantize(Decimal("0.01")),
        course=course(cases, now=now, days=days, target=target),
        alike=alike(viewer, now=now, days=days),
        budgets=team_budgets(viewer, now),
    )


def _counted(cases: CaseQuerySet) -> tuple[int, list[Counted], list[Counted]]:
    """In all, by trigger, and by the root cause of the ticket: the greatest first."""
    rows: Any = cases.order_by().values_list("trigger", "ticket__root_cause", "ticket__root_cause__name")
    rows = rows.annotate(count=Count("pk"), open=Count("pk", filter=~Q(state=State.CLOSED)))
    triggers: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    causes: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for trigger, cause, name, count, is_open in rows:
        for kept in (triggers[trigger, str(Trigger(trigger).label)], causes[str(cause or ""), name or ""]):
            kept[0] += count
            kept[1] += is_open
    by_trigger, by_cause = _sorted(triggers), _sorted(causes)
    return sum(one.count for one in by_trigger), by_trigger, by_cause[:CAUSES_SHOWN]


def _sorted(found: dict[tuple[str, str], list[int]]) -> list[Counted]:
    lines = [Counted(key, label, count, is_open) for (key, label), (count, is_open) in found.items()]
    return sorted(lines, key=lambda one: (-one.count, one.label))


def _timed(cases: CaseQuerySet, now: datetime) -> tuple[Timed, Timed]:
    """To the first word, and until it was put right: accepted, else seen to be right, else closed."""
    accepted = Exists(Offer.objects.filter(case=OuterRef("pk"), state=Offer.State.ACCEPTED))
    ended = Least("verified_at", "closed_at")
    took = {"contact": "contacted_at", "resolution": "resolved_at"}
    rows = cases.order_by().annotate(
        resolved_at=models.Case(models.When(accepted, then=Coalesce("answered_at", ended)), default=ended)
    )
    rows = rows.annotate(**{f"{name}_took": _span(at) for name, at in took.items()})
    asked: dict[str, Any] = {}
    for name, at in took.items():
        due = {f"{name}_due_at__lte": now}
        asked[f"{name}_n"] = Count(f"{name}_took")
        asked[f"{name}_median"] = Percentile(f"{name}_took", 0.5, output_field=models.DurationField())
        asked[f"{name}_ninety"] = Percentile(f"{name}_took", 0.9, output_field=models.DurationField())
        asked[f"{name}_of"] = Count("pk", filter=Q(**due))
        asked[f"{name}_kept"] = Count("pk", filter=Q(**due, **{f"{at}__lte": F(f"{name}_due_at")}))
    found = rows.aggregate(**asked)
    contact, resolution = (
        Timed(
            found[f"{name}_n"],
            found[f"{name}_median"],
            found[f"{name}_ninety"],
            Share(found[f"{name}_kept"], found[f"{name}_of"]),
        )
        for name in took
    )
    return contact, resolution


def _span(at: str) -> models.ExpressionWrapper:
    return models.ExpressionWrapper(F(at) - F("opened_at"), output_field=models.DurationField())


def _remedies(cases: CaseQuerySet) -> list[Taken]:
    ended = [Offer.State.ACCEPTED, Offer.State.DECLINED, Offer.State.EXPIRED]
    rows = Option.objects.filter(offer__case__in=cases, offer__state__in=ended, offer__sent_at__isnull=False)
    counted = (
        rows.order_by()
        .values_list("kind")
        .annotate(n=Count("offer", distinct=True), chosen=Count("pk", filter=Q(offer__chosen=F("pk"))))
    )
    lines = [Taken(str(RemedyKind(kind).label), Share(chosen, n)) for kind, n, chosen in counted]
    return sorted(lines, key=lambda one: (-one.share.n, one.label))


def _spent(cases: CaseQuerySet) -> tuple[list[Spent], Spent, int]:
    """By currency, in the company's own currency, and how many steps have no rate or are in an earlier one."""
    own = Desk.current().currency
    steps: dict[str, Any] = {}
    for name, step in (("reserved", Step.RESERVE), ("issued", Step.ISSUE), ("given", Step.REDEEM)):
        steps[name] = Sum("amount", filter=Q(step=step))
        steps[f"own_{name}"] = Sum("own_amount", filter=Q(step=step, own_currency=own))
    rows: Any = LedgerEntry.objects.filter(offer__case__in=cases).order_by().values("currency")
    rows = rows.annotate(
        **steps,
        cases=Count("offer__case", distinct=True, filter=Q(step=Step.ISSUE)),
        unknown=Count("pk", filter=Q(own_amount=None) | ~Q(own_currency=own)),
    ).order_by("currency")
    found: list[dict[str, Any]] = list(rows)
    by_currency = [_spent_in(row["currency"], [row], "") for row in found]
    return by_currency, _spent_in(own, found, "own_"), sum(row["unknown"] for row in found)


def _spent_in(currency: str, rows: list[dict[str, Any]], prefix: str) -> Spent:
    def total(name: str) -> Decimal:
        return sum((row[prefix + name] or Decimal(0) for row in rows), Decimal(0))

    return Spent(currency, total("reserved"), total("issued"), total("given"), sum(row["cases"] for row in rows))


ASKED_FOR = ("satisfaction", "fairness", "ease", "treatment", "effort")


def _answers(cases: CaseQuerySet) -> tuple[Share, int, dict[str, Any]]:
    """Whether it is right now, of all who said; how many were asked; and the mean of each answer with its n."""
    sent = [Survey.State.SENT, Survey.State.ANSWERED, Survey.State.EXPIRED]
    rows = Survey.objects.filter(case__in=cases, state__in=sent)
    wanted: dict[str, Any] = {f"{name}_n": Count(name) for name in ASKED_FOR}
    wanted |= {f"{name}_mean": Avg(name) for name in ASKED_FOR}
    found = rows.aggregate(
        asked=Count("pk"), said=Count("is_right"), right=Count("pk", filter=Q(is_right=True)), **wanted
    )
    means = {name: (found[f"{name}_n"], found[f"{name}_mean"]) for name in ASKED_FOR}
    return Share(found["right"], found["said"]), found["asked"], means
