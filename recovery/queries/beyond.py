"""How far beyond the gap it went, week by week or month by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Count, ExpressionWrapper, F, FloatField
from django.db.models.functions import Trunc
from django.utils import timezone

from recovery.models import Offer
from recovery.models.cases import CaseQuerySet

WEEK, MONTH = "week", "month"
BY_WEEK_UP_TO = 100  # days
FEW = 5  # accepted offers: with fewer, one of them is the middle
WIDE = 200  # of the chart, in its own units
LEAST_SCALE = Decimal(2)


class Percentile(Aggregate):
    """Half of them took no longer (at 0.5), or nine in ten (at 0.9): PostgreSQL's `percentile_cont`."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(place)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, place: float, **extra: Any) -> None:
        super().__init__(expression, place=place, **extra)


@dataclass(frozen=True)
class Bar:
    """One week or month: its first day, how many offers were accepted in it, and the middle ratio."""

    start: datetime
    n: int
    median: Decimal | None
    width: int = 0  # of `WIDE`

    @property
    def is_few(self) -> bool:
        return 0 < self.n < FEW


@dataclass(frozen=True)
class Course:
    """The whole period, and where even (1) and the target lie in the chart."""

    unit: str
    bars: list[Bar]
    even: int
    aim: int
    wide: int = WIDE


def beyond(cases: CaseQuerySet) -> tuple[int, Decimal | None]:
    """What was chosen over the gap, where there was one: how often, and the median."""
    found = _taken(cases).aggregate(n=Count("pk"), median=_middle())
    return found["n"], _rounded(found["median"])


def course(cases: CaseQuerySet, *, now: datetime, days: int, target: Decimal) -> Course:
    """The same for each week (up to 100 days) or month in which they accepted; also of those in which nobody did."""
    unit = WEEK if days <= BY_WEEK_UP_TO else MONTH
    rows = _taken(cases).annotate(start=Trunc("ended_at", unit)).values("start")
    rows = rows.annotate(n=Count("pk"), median=_middle()).values_list("start", "n", "median")
    found = {start: (n, _rounded(median)) for start, n, median in rows}
    most = max([LEAST_SCALE, target, *(median for _n, median in found.values() if median is not None)])
    nobody: tuple[int, Decimal | None] = (0, None)
    bars = [
        Bar(start, n, median, _wide(median, most))
        for start in _starts(now - timedelta(days=days), now, unit)
        for n, median in [found.get(start, nobody)]
    ]
    return Course(unit, bars, _wide(Decimal(1), most), _wide(target, most))


def _taken(cases: CaseQuerySet) -> Any:
    return Offer.objects.filter(case__in=cases, state=Offer.State.ACCEPTED, gap__gt=0).order_by()


def _middle() -> Percentile:
    ratio = ExpressionWrapper(F("chosen__value") / F("gap"), output_field=FloatField())
    return Percentile(ratio, 0.5, output_field=FloatField())


def _rounded(median: float | None) -> Decimal | None:
    return None if median is None else Decimal(str(round(median, 2)))


def _wide(ratio: Decimal | None, most: Decimal) -> int:
    return 0 if ratio is None else int(ratio / most * WIDE)


def _starts(first: datetime, last: datetime, unit: str) -> list[datetime]:
    """The first moment of each week or month from one moment to another, where the reader is."""
    found, day = [], timezone.localtime(first).date()
    day = day - timedelta(days=day.weekday()) if unit == WEEK else day.replace(day=1)
    while day <= timezone.localtime(last).date():
        found.append(timezone.make_aware(datetime(day.year, day.month, day.day)))
        day = day + timedelta(days=7) if unit == WEEK else (day + timedelta(days=31)).replace(day=1)
    return found
