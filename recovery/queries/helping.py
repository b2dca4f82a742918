"""Whether making good helps, against those held out.

It is read as the lots were drawn, whatever was done then: whoever drew the hold-out stays in it, though a lead may have
opened a case by hand. That alone is free of choice, and errs towards seeing too little. Everybody is counted once, from
the first time that a trigger asked, and only when the time in which they are watched is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from accounts.models import User
from recovery.models import (
    Arm,
    Decision,
    Failure,
    Lot,
    Trigger,
)
from recovery.queries.cases import GRAVE
from recovery.queries.triggers import NEVER_HELD_OUT
from recovery.shares import Compared, Mean, Share
from tickets.models import Event, Rating, Ticket

WATCHED = timedelta(days=60)
VARIANTS = (Arm.APOLOGY, Arm.MONEY, Arm.CHOICE)


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


def _was_grave() -> Q:
    """Known to be grave before anything was drawn: there nobody is held out, so they stand in neither arm."""
    known = Failure.objects.filter(noted_at__lte=OuterRef("at"), severity__gte=GRAVE)
    goes_on = Q(ticket__merged_into__isnull=False) & Q(Exists(known.filter(ticket=OuterRef("ticket__merged_into"))))
    return Q(Exists(known.filter(ticket=OuterRef("ticket")))) | goes_on


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
    rows = rows.exclude(ticket__merged=OuterRef("ticket")).exclude(ticket__merged_into=OuterRef("ticket"))
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
