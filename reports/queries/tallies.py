"""Facts of two stretches of time, counted by all that they are compared by: in one query, however much that is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    F,
    FloatField,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, ExtractHour, ExtractIsoWeekDay, Floor, Ln, TruncDate

from recovery.queries.beyond import Percentile
from recovery.shares import Share
from reports.changes import day_spread
from reports.measures import MEASURES, Hit, How, Kind, Measure
from reports.models import FactQuerySet
from reports.periods import midnight
from reports.queries.figures import MEDIAN, NINETY, Found, nothing
from reports.queries.parts import DIMENSIONS
from reports.queries.question import HITS, Question, counted

WHOLE, TIME = "", "hour"
CLASSES = 8  # of lengths, for each time that they become e times as long: each is 13 % wide
HOURS = 6  # of a part of a day
PARTS_OF_DAY = 24 // HOURS
WEEK = 7  # days
EARLIER = 4 * WEEK  # days before both stretches, to see how much days differ anyway
_DAY = "day"


@dataclass(frozen=True)
class Piece:
    """Of the whole, where `by` is empty; else what has this value in a dimension of `reports.queries.parts`, or what
    happened at a part of a day of the week."""

    by: str = WHOLE
    value: str = ""


EVERYTHING = Piece()
Key = tuple[str, Piece]  # a measure's key, and of what


class Row(NamedTuple):
    """So many facts with all of this in common, and how many of them hit. `length` is a class of lengths."""

    by: str
    value: str | None
    kind: int
    is_now: bool
    length: int | None
    n: int
    UNDONE: int
    ONE_ANSWER: int
    GOOD: int


@dataclass
class Tally:
    """Facts of one kind, piece and stretch."""

    n: int = 0
    hits: Counter[Hit] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)  # by class

    def add(self, row: Row) -> None:
        self.n += row.n
        for hit in Hit:
            if more := getattr(row, hit.name):
                self.hits[hit] += more
        if row.length is not None:
            self.lengths[row.length] += row.n

    def without(self, part: Tally) -> Tally:
        """What is left of it."""
        return Tally(self.n - part.n, self.hits - part.hits, self.lengths - part.lengths)

    def counted(self, measure: Measure) -> int:
        """Those that the measure counts."""
        if measure.how.is_length:
            return self.lengths.total()
        return self.n - self.hits[Hit.UNDONE] if measure.only_lasting else self.n

    def share(self, measure: Measure) -> Share:
        return Share(self.hits[measure.hit] if measure.hit else 0, self.counted(measure))

    def found(self, measure: Measure) -> Found:
        """What a count or a share says of them."""
        n = self.counted(measure)
        if not n:
            return nothing(measure)
        return Found(n, self.share(measure).value if measure.hit else float(n))


@dataclass(frozen=True)
class Tallies:
    """All of it; of each piece and kind of fact, now and before. `spreads`: by kind, see `day_spread`."""

    sides: dict[tuple[Piece, Kind], tuple[Tally, Tally]]
    spreads: dict[Kind, float]

    def of(self, piece: Piece, kind: Kind) -> tuple[Tally, Tally]:
        return self.sides.get((piece, kind)) or (Tally(), Tally())

    def pieces(self, by: str, measure: Measure) -> Counter[Piece]:
        """With how much the measure counts in each, now and before together."""
        weights = Counter[Piece]()
        for (piece, kind), both in self.sides.items():
            if kind == measure.kind and piece.by == by:
                weights[piece] = sum(tally.counted(measure) for tally in both)
        return weights


def tallied(asked: Mapping[str, Iterable[str]], now: Question, before: Question) -> Tallies:
    """Of these measures, by key, the whole and these of its dimensions. `before` ends before `now` begins."""
    kinds: dict[str, set[Kind]] = defaultdict(set)
    for key, dimensions in asked.items():
        measure = MEASURES[key]
        for by in ("team", *dimensions):  # each fact is in one team or in none: together they are the whole
            kinds[by].add(measure.kind)
        if measure.how is How.COUNT:
            kinds[_DAY].add(measure.kind)
    sides: dict[tuple[Piece, Kind], tuple[Tally, Tally]] = defaultdict(lambda: (Tally(), Tally()))
    days: dict[Kind, dict[str, int]] = defaultdict(dict)
    queries = [_rows(by, kinds[by], now, before) for by in kinds]
    for row in map(Row._make, queries[0].union(*queries[1:], all=True)):
        kind, place = Kind(row.kind), 0 if row.is_now else 1
        if row.by == _DAY:
            days[kind][str(row.value)] = row.n
            continue
        if row.by == "team":
            sides[EVERYTHING, kind][place].add(row)
        if row.value is not None:
            sides[Piece(row.by, row.value), kind][place].add(row)
    first = before.period.first - timedelta(days=EARLIER)
    return Tallies(
        dict(sides), {kind: day_spread(_paired(found, first, now.period.last)) for kind, found in days.items()}
    )


def lengths(keys: Iterable[Key], now: Question, before: Question) -> dict[Key, tuple[Found, Found]]:
    """Median and 90th percentile of each, exactly: now and before, in one query."""
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, piece in keys:
        wanted[key, piece.by].append(piece.value)
    queries = [_exact(MEASURES[key], by, values, now, before) for (key, by), values in wanted.items()]
    found: dict[tuple[Key, bool], Found] = {}
    for row in queries[0].union(*queries[1:], all=True) if queries else []:
        of = row["measure"], Piece(row["by"], row["value"])
        found[of, row["is_now"]] = Found(row["n"], row["middle"], row["ninety"])
    empty = Found()
    return {of: (found.get((of, True), empty), found.get((of, False), empty)) for of, _side in found}


def _paired(found: Mapping[str, int], first: date, last: date) -> Iterator[tuple[int, int]]:
    """Of each day and of the same weekday a week earlier, from the first day on that had any."""
    first = max(first, date.fromisoformat(min(found)))
    for place in range((last - first).days + 1 - WEEK):
        earlier = first + timedelta(days=place)
        yield found.get((earlier + timedelta(days=WEEK)).isoformat(), 0), found.get(earlier.isoformat(), 0)


def _rows(by: str, kinds: Iterable[Kind], now: Question, before: Question) -> QuerySet[Any]:
    """So many facts of each kind, value, stretch and class of length. Whatever has no value is only in the whole."""
    both = _with_earlier if by == _DAY else _both
    length = Cast(Value(None), IntegerField()) if by == _DAY else _length_class(now)
    facts = both(now, before, sorted(kinds)).annotate(by=Value(by, CharField()), value=_value(by, now), length=length)
    if by not in ("team", "channel", TIME, _DAY):
        facts = facts.filter(value__isnull=False)
    counts = {"n": Count("kind")} | {hit.name: Count("kind", filter=_hit(hit)) for hit in Hit}
    by_all = facts.order_by().values("by", "value", "kind", "is_now", "length").annotate(**counts)
    return by_all.values_list(*Row._fields)


def _exact(measure: Measure, by: str, values: list[str], now: Question, before: Question) -> QuerySet[Any]:
    facts = counted(_both(now, before, [measure.kind]), measure, now.length).annotate(
        measure=Value(measure.key, CharField()), by=Value(by, CharField()), value=_value(by, now)
    )
    facts = facts.filter(value__in=values) if by else facts
    return (
        facts.order_by()
        .values("measure", "by", "value", "is_now")
        .annotate(
            n=Count("kind"),
            middle=Percentile(now.length, MEDIAN, output_field=FloatField()),
            ninety=Percentile(now.length, NINETY, output_field=FloatField()),
        )
    )


def _both(now: Question, before: Question, kinds: Iterable[Kind]) -> FactQuerySet:
    facts = now.facts_ever(*kinds).between(before.period.start, now.period.end)
    if before.period.end < now.period.start:
        facts = facts.filter(Q(at__lt=before.period.end) | Q(at__gte=now.period.start))
    return facts.annotate(is_now=Case(When(at__gte=now.period.start, then=Value(True)), default=Value(False)))


def _with_earlier(now: Question, before: Question, kinds: Iterable[Kind]) -> FactQuerySet:
    """Of both, of what lies between them, and of some weeks before, not told apart."""
    start = midnight(before.period.first - timedelta(days=EARLIER), now.period.zone)
    facts = now.facts_ever(*kinds).between(start, now.period.end)
    return facts.annotate(is_now=Value(False, BooleanField()))


def _value(by: str, question: Question) -> Combinable:
    zone = question.period.zone
    if not by:
        return Cast(Value(""), CharField())
    if by == _DAY:
        return Cast(TruncDate("at", tzinfo=zone), CharField())
    if by == TIME:
        hour = Cast(ExtractHour("at", tzinfo=zone), IntegerField())
        day = Cast(ExtractIsoWeekDay("at", tzinfo=zone), IntegerField())
        return Cast(day * Value(PARTS_OF_DAY) + hour / Value(HOURS), CharField())
    of = DIMENSIONS[by].field
    return Cast(F(of) if isinstance(of, str) else of, CharField())


def _length_class(question: Question) -> Case:
    """Of what has a length that a measure counts."""
    kinds = {measure.kind for measure in MEASURES.values() if measure.how.is_length}
    log = Ln(Cast(F(question.length), FloatField()) + Value(1.0))
    place = Cast(Floor(log * Value(float(CLASSES))), IntegerField())
    return Case(When(Q(kind__in=kinds, is_undone=False), then=place), default=Value(None), output_field=IntegerField())


def _hit(hit: Hit) -> Q:
    """Of what the measure with this hit counts."""
    only = Q(**HITS[hit])
    return only & Q(is_undone=False) if any(one.hit is hit and one.only_lasting for one in MEASURES.values()) else only
