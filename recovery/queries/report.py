"""What making good comes to: whether it helps, against those held out, and how the cases went.

Whether it helps is read as the lots were drawn, whatever was done then: whoever drew the hold-out stays in it, though
a lead may have opened a case by hand. That alone is free of choice, and errs towards seeing too little. Everybody is
counted once, from the first time that a trigger asked, and only when the time in which they are watched is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Aggregate, Avg, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Least

from accounts.models import Desk, Team, User
from recovery.models import (
    Arm,
    Case,
    Decision,
    Failure,
    LedgerEntry,
    Lot,
    Offer,
    Option,
    RemedyKind,
    Survey,
    TeamBudget,
    Trigger,
)
from recovery.models.cases import CaseQuerySet
from recovery.queries.budgets import Limit, month_of
from recovery.queries.cases import GRAVE
from recovery.queries.triggers import NEVER_HELD_OUT
from recovery.shares import Compared, Mean, Share
from tickets.models import Event, Rating, Ticket

State = Case.State
Step = LedgerEntry.Step
PERIODS = (30, 90, 365)
USUAL_DAYS = 90
WATCHED = timedelta(days=60)
CAUSES_SHOWN = 12
VARIANTS = (Arm.APOLOGY, Arm.MONEY, Arm.CHOICE)


# --- Does it help? --------------------------------------------------------------------------
@dataclass(frozen=True)
class Followed:
    """What became of one person after a trigger asked."""

    person: int
    trigger: str
    at: datetime
    arm: str
    wrote: bool
    failed: bool
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Comparison:
    """One group of people against another: who wrote again, with whom it went wrong again, how ratings changed."""

    key: str
    label: str
    wrote: Compared
    failed: Compared
    change: Compared
    before: tuple[Mean, Mean]  # of those whose rating is known before and after
    after: tuple[Mean, Mean]

    @property
    def n(self) -> int:
        return self.wrote.done.n + self.wrote.without.n


def followed(viewer: User, *, now: datetime, days: int) -> list[Followed]:
    """Everybody whose 60 days ended in the period, the first time for each trigger."""
    seen = Ticket.objects.visible_to(viewer)
    until = now - WATCHED
    person = Coalesce("ticket__customer__merged_into", "ticket__customer")
    firsts = (
        Decision.objects.filter(ticket__in=seen, at__gt=until - timedelta(days=days), at__lte=until)
        .filter(outcome__in=[Decision.Outcome.OPENED, Decision.Outcome.HELD_OUT])
        .exclude(trigger__in=NEVER_HELD_OUT)
        .exclude(_was_grave())
        .annotate(person=person)
        .order_by("person", "trigger", "at", "pk")
        .distinct("person", "trigger")
    )
    rows = (
        Decision.objects.filter(pk__in=[pk for pk, _ in firsts.values_list("pk", "person")])
        .annotate(person=person)
        .annotate(arm=_arm(), wrote=_wrote(seen), failed=_failed(seen), before=_before(), after=_after())
        .order_by("person", "trigger")
    )
    names = ("person", "trigger", "at", "arm", "wrote", "failed", "before", "after")
    return [Followed(*row) for row in rows.values_list(*names).iterator(chunk_size=2000)]


def _arm() -> Coalesce:
    """What they drew; where the lot is under another record of theirs, what was done tells it."""
    lot = Lot.objects.filter(customer=OuterRef("person"), trigger=OuterRef("trigger")).values("arm")[:1]
    held = models.When(outcome=Decision.Outcome.HELD_OUT, then=Value(Arm.HOLDOUT.value))
    return Coalesce(Subquery(lot), models.Case(held, default=F("case__arm")), Value(Arm.FREE.value))


def _was_grave() -> Exists:
    """Known to be grave before anything was drawn: there nobody is held out, so they stand in neither arm."""
    known = Failure.objects.filter(ticket=OuterRef("ticket"), noted_at__lte=OuterRef("at"))
    return Exists(known.filter(severity__gte=GRAVE))


def _within(name: str) -> Q:
    return Q(**{f"{name}__gt": OuterRef("at"), f"{name}__lte": OuterRef("at") + WATCHED})


def _of_person(rows: QuerySet[Any], customer: str) -> Q:
    """Whether there is one of the same person, under whichever record: two questions, each from an index."""
    own = Exists(rows.filter(**{customer: OuterRef("person")}))
    return Q(own) | Q(Exists(rows.filter(**{f"{customer}__merged_into": OuterRef("person")})))


def _wrote(seen: QuerySet[Ticket]) -> Q:
    """They opened another ticket; it has a higher number, which spares reading their older ones."""
    by_them = Event.objects.filter(ticket=OuterRef("pk"), type="ticket.opened", by_customer__isnull=False)
    rows = seen.filter(_within("created_at"), merged_into=None, pk__gt=OuterRef("ticket"))
    return _of_person(rows.filter(Exists(by_them)), "customer")


def _failed(seen: QuerySet[Ticket]) -> Q:
    """Something went wrong for them again, and it was not said to be no fault of ours."""
    rows = Failure.objects.filter(_within("noted_at"), ticket__in=seen).exclude(ticket=OuterRef("ticket"))
    return _of_person(rows.filter(Q(is_our_fault=None) | Q(is_our_fault=True)), "ticket__customer")


def _before() -> Subquery:
    """The last rating on the ticket, before the trigger asked or as it did."""
    given = Event.objects.filter(ticket=OuterRef("ticket"), type="rating.given", at__lte=OuterRef("at"))
    return Subquery(
        given.order_by("-seq").annotate(score=Cast(KT("data__score"), models.IntegerField())).values("score")[:1]
    )


def _after() -> Subquery:
    """Their last rating within the 60 days, on whichever ticket."""
    given = Rating.objects.filter(_within("at"), customer=OuterRef("person"))
    return Subquery(given.order_by("-at").values("score")[:1])


def against_the_held_out(people: list[Followed]) -> list[Comparison]:
    """Those taken up against those held out: in all (everybody once), and by trigger."""
    by_trigger: dict[str, list[Followed]] = defaultdict(list)
    for one in people:
        by_trigger[one.trigger].append(one)
    found = [_held_out("", "", _firsts(people))]
    return found + [
        _held_out(key, str(Trigger(key).label), by_trigger[key]) for key in Trigger.values if key in by_trigger
    ]


def _held_out(key: str, label: str, people: list[Followed]) -> Comparison:
    done = [one for one in people if one.arm != Arm.HOLDOUT]
    return compare(key, label, done, [one for one in people if one.arm == Arm.HOLDOUT])


def between_variants(people: list[Followed]) -> list[Comparison]:
    """Each of the variants that are tried against all others who were taken up."""
    taken = [one for one in _firsts(people) if one.arm != Arm.HOLDOUT]
    tried = {one.arm for one in taken}
    return [
        compare(arm, str(arm.label), [one for one in taken if one.arm == arm], [one for one in taken if one.arm != arm])
        for arm in VARIANTS
        if arm in tried
    ]


def _firsts(people: Iterable[Followed]) -> list[Followed]:
    """Everybody once: the first time that any trigger asked."""
    first: dict[int, Followed] = {}
    for one in sorted(people, key=lambda one: one.at):
        first.setdefault(one.person, one)
    return list(first.values())


def compare(key: str, label: str, done: list[Followed], without: list[Followed]) -> Comparison:
    arms = (done, without)
    rated = [[(one.before, one.after) for one in arm if one.before and one.after] for arm in arms]
    changes = [Mean.of(after - before for before, after in arm) for arm in rated]
    before = [Mean.of(one for one, _ in arm) for arm in rated]
    after = [Mean.of(one for _, one in arm) for arm in rated]
    return Comparison(
        key,
        label,
        Compared(*(Share(sum(one.wrote for one in arm), len(arm)) for arm in arms)),
        Compared(*(Share(sum(one.failed for one in arm), len(arm)) for arm in arms)),
        Compared(*changes),
        (before[0], before[1]),
        (after[0], after[1]),
    )


# --- How the cases went -----------------------------------------------------------------------
class Percentile(Aggregate):
    """Half of them took no longer (at 0.5), or nine in ten (at 0.9): PostgreSQL's `percentile_cont`."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(place)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, place: float, **extra: Any) -> None:
        super().__init__(expression, place=place, **extra)


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
    budgets: list[tuple[Team, Limit]] = field(default_factory=list)

    @property
    def per_case(self) -> Decimal | None:
        """What was chosen, over all cases: also those that cost nothing."""
        return self.own.issued / self.cases if self.cases else None


def report(viewer: User, *, now: datetime, days: int) -> Report:
    """What the viewer may see of the period: the cases opened in it, and the people whose 60 days ended in it."""
    cases = Case.objects.visible_to(viewer).filter(opened_at__gt=now - timedelta(days=days), opened_at__lte=now)
    people = followed(viewer, now=now, days=days)
    total, triggers, causes = _counted(cases)
    contact, resolution = _timed(cases, now)
    spent, own, unknown = _spent(cases)
    recovered, asked, answers = _answers(cases)
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
        beyond=_beyond(cases),
        budgets=_budgets(viewer, now),
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


def _beyond(cases: CaseQuerySet) -> tuple[int, Decimal | None]:
    """What was chosen over the gap, where there was one: how often, and the median."""
    ratio = models.ExpressionWrapper(F("chosen__value") / F("gap"), output_field=models.FloatField())
    rows = Offer.objects.filter(case__in=cases, state=Offer.State.ACCEPTED, gap__gt=0).order_by()
    found = rows.aggregate(n=Count("pk"), median=Percentile(ratio, 0.5, output_field=models.FloatField()))
    return found["n"], None if found["median"] is None else Decimal(str(round(found["median"], 2)))


def _budgets(viewer: User, now: datetime) -> list[tuple[Team, Limit]]:
    """What the teams that they see have given this month of what they may; one question for all teams."""
    budgets = TeamBudget.objects.select_related("team").order_by("team__name")
    if not viewer.has_perm("tickets.view_all"):
        budgets = budgets.filter(team__in=[team.pk for team in viewer.teams.all()])
    kept = {one.team: one.monthly for one in budgets}
    if not kept:
        return []
    start, end = month_of(now)
    later = LedgerEntry.objects.filter(offer=OuterRef("offer"))
    ended = Exists(later.filter(step__in=[Step.EXPIRE, Step.VOID]))
    issued = Subquery(later.filter(step=Step.ISSUE).values("own_amount"))
    rows = LedgerEntry.objects.filter(~Q(ended), step=Step.RESERVE, at__gte=start, at__lt=end, offer__team__in=kept)
    rows = rows.filter(own_currency=Desk.current().currency).order_by().annotate(counts=Coalesce(issued, "own_amount"))
    used = dict(rows.values_list("offer__team").annotate(total=Sum("counts")))
    return [(team, Limit("team", monthly, used.get(team.pk) or Decimal(0))) for team, monthly in kept.items()]
