"""What changed since the days before: of all that is compared, what chance alone would hardly do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import Enum

from django.db.models import Count, Q
from django.utils import timezone

from recovery.shares import Share
from reports.changes import LEVEL, Trial, compared_periods, count_trial, held_at_level, length_trial, share_trial
from reports.formatting import Said, number, said_of
from reports.measures import MEASURES, READINGS, How, Kind, Measure
from reports.models import Fact
from reports.periods import Period
from reports.queries.behind import behind_url
from reports.queries.counting import counted_until
from reports.queries.figures import Found, Total
from reports.queries.parts import DIMENSIONS, time_words
from reports.queries.promises import runs
from reports.queries.question import Question
from reports.queries.tallies import (
    EVERYTHING,
    HOURS,
    PARTS_OF_DAY,
    TIME,
    WEEK,
    WHOLE,
    Key,
    Piece,
    Tallies,
    Tally,
    lengths,
    tallied,
)
from reports.queries.telling import effect_words, sentence
from tickets.models import Promise, PromiseRun

USUAL_SPAN = "7"
# What is compared, and for which parts of it. Single answers are left out: one ticket has many, which fall together.
ASKED: dict[str, tuple[str, ...]] = {
    "opened": ("team", "channel", "tag", "company", TIME),
    "first_answer": ("team", "channel", TIME),
    "solved": ("cause",),
    "resolution": ("team", "channel", "cause"),
    "one_answer": ("team",),
    "reopened": ("team", "channel", "cause"),
    "handed_on": (),
    "csat": ("team", "channel", "cause"),
}
# Of promises instead of facts, so its kind says nothing.
_KEPT = READINGS["kept"]
KEPT = Measure(_KEPT.key, _KEPT.label, _KEPT.definition, Kind.OPENED, How.SHARE, is_less_better=_KEPT.is_less_better)
PROMISE = "promise"
# What goes on changing for a while: the newest is not reopened yet, or not tagged. Until then a fall says nothing.
RIPENS = {("reopened", by) for by in (WHOLE, *ASKED["reopened"])} | {("opened", "tag")}
RIPE = timedelta(days=14)
MOST_PIECES = 15  # of a dimension: those with most in both stretches together, which says nothing about where more is
ODDS = (10_000, 1000, 500, 200, 100, 50, 20)
LEAST_RATIO, LEAST_POINTS, LEAST_SECONDS = 1.1, 0.03, 30  # below, it is not worth a sentence, however sure


class Verdict(Enum):
    """What is to be said of a comparison."""

    CHANGED = "changed"
    FEW = "few"  # too little to compare
    CHANCE = "chance"  # nothing that chance would not do
    UNSETTLED = "unsettled"  # fewer, but it may still become more
    SLIGHT = "slight"  # sure, but not worth a sentence
    ALIKE = "alike"  # a piece that does what all the rest does


@dataclass(frozen=True)
class Change:
    """A measure of the whole or of a piece, now and before. `chance`: how probable it is that, if nothing has changed,
    any of all that are compared differs so much; None where there was too little to compare."""

    total: Total
    piece: Piece
    chance: float | None
    now: Question
    before: Question
    verdict: Verdict
    label: str = ""  # of the piece
    address: str = ""  # the same as `part=` has it

    @property
    def measure(self) -> Measure:
        return self.total.measure

    @property
    def is_better(self) -> bool | None:
        return self.total.is_better

    @property
    def values(self) -> tuple[Said, Said]:
        """Before and now, as people read them."""
        before, now = (
            said_of(self.measure, found.value, by_clock=self.now.by_clock)
            for found in (self.total.before, self.total.now)
        )
        return before, now

    @property
    def sentence(self) -> str:
        """In words, without its piece: The first answer takes longer: 25 min instead of 12 min."""
        return sentence(self.total, by=self.piece.by, by_clock=self.now.by_clock)

    @property
    def effect(self) -> str:
        """+31 %, 3.4 times, −4 points."""
        return effect_words(self.total)

    @property
    def ns(self) -> tuple[str, str]:
        """How many were counted before and now, as people read them."""
        return number(self.total.before.n), number(self.total.now.n)

    @property
    def odds(self) -> int | None:
        """One in so many reports would say so if nothing had changed: 20 and more, in round numbers."""
        return next((one for one in ODDS if self.chance is not None and self.chance * one <= 1), None)

    @property
    def odds_in_words(self) -> str:
        return number(self.odds or 0)

    @property
    def url(self) -> str:
        """To the very tickets."""
        return self._behind(self.now)

    @property
    def before_url(self) -> str:
        return self._behind(self.before)

    def _behind(self, question: Question) -> str:
        part = f"{self.piece.by}:{self.address}" if self.piece.by else ""
        return behind_url(question, self.measure.key, part=part)


@dataclass(frozen=True)
class Review:
    """Two stretches of time held against each other."""

    now: Period
    before: Period
    changes: list[Change] = field(default_factory=list)
    whole: list[Change] = field(default_factory=list)  # each measure of everything, changed or not
    compared: int = 0
    begun: date | None = None  # when the first conversation began, if too late to compare with the days before
    is_counted: bool = True  # else not all of these days is counted yet, and nothing is compared


Kept = dict[Piece, tuple[Share, Share]]  # now, before


def changes(question: Question, *, now: datetime | None = None) -> list[Change]:
    """What changed in the whole days of the period against as many before: the whole first, then the surest."""
    found = review(question, now=now)
    return found.changes if found else []


def review(question: Question, *, now: datetime | None = None) -> Review | None:
    """All of it, in six queries and one for each kind of name. None if no day of the period is over."""
    now = now or timezone.now()
    today = now.astimezone(question.period.zone).date()
    both = compared_periods(question.period, today, keeps_length=question.span.isdigit())
    if both is None:
        return None
    begun = _begun(question)
    if begun and begun > both[1].first:
        return Review(*both, begun=begun)
    counted = counted_until()
    if counted and counted > both[1].start:
        return Review(*both, is_counted=False)
    sides = [replace(question, period=period, span=f"{period.first}..{period.last}") for period in both]
    tallies, promises = tallied(ASKED, *sides), _promises(*sides)
    trials = _trials(tallies) | _trials_of_promises(promises)
    held = dict(zip(trials, held_at_level(list(trials.values())), strict=True))
    is_ripe = now - both[0].end >= RIPE
    wholes = [*((key, EVERYTHING) for key in ASKED), *((KEPT.key, piece) for piece in promises if not piece.by)]
    sure = [of for of, trial in held.items() if trial.chance < LEVEL]
    lines = _lines(dict.fromkeys([*wholes, *sure]), tallies, promises, held, *sides)
    for of in sure:
        if not is_ripe and held[of].effect < 0 and (of[0], of[1].by) in RIPENS:
            lines[of] = replace(lines[of], verdict=Verdict.UNSETTLED)
        else:
            lines[of] = replace(lines[of], verdict=Verdict.CHANGED if _is_felt(lines[of]) else Verdict.SLIGHT)
    for of in sure:
        if of[1].by and {lines[of].verdict, lines[of[0], EVERYTHING].verdict} == {Verdict.CHANGED}:
            rest = _trial_of_rest(of, tallies, promises)
            if rest is None or not held[of].differs_from(rest):  # the sentence about the whole says it already
                lines[of] = replace(lines[of], verdict=Verdict.ALIKE)
    found = [of for of in sure if lines[of].verdict is Verdict.CHANGED]
    found.sort(key=lambda of: (of[1] != EVERYTHING, held[of].chance, of[0], of[1].by, of[1].value))
    return Review(*both, _named([lines[of] for of in found]), [lines[of] for of in wholes], len(trials))


def _begun(question: Question) -> date | None:
    """The day of the first conversation there is: before it, there is nothing to compare with."""
    first = Fact.objects.of_kind(Kind.OPENED).order_by("at").values_list("at", flat=True).first()
    return first.astimezone(question.period.zone).date() if first else None


def _trials(tallies: Tallies) -> dict[Key, Trial]:
    """Every comparison for which there is enough."""
    found: dict[Key, Trial] = {}
    for key, dimensions in ASKED.items():
        measure = MEASURES[key]
        for piece in (EVERYTHING, *_greatest(measure, dimensions, tallies)):
            if trial := _trial(measure, *tallies.of(piece, measure.kind), _spread(measure, piece, tallies)):
                found[key, piece] = trial
    return found


def _spread(measure: Measure, piece: Piece, tallies: Tallies) -> float:
    """What makes days differ moves all of a day alike: the less of it is in a piece, the more chance rules there."""
    whole, part = (
        sum(tally.counted(measure) for tally in tallies.of(one, measure.kind)) for one in (EVERYTHING, piece)
    )
    share = part * (WEEK if piece.by == TIME else 1) / (whole or 1)
    return 1 + (tallies.spreads.get(measure.kind, 1.0) - 1) * min(1.0, share)


def _trial(measure: Measure, now: Tally, before: Tally, spread: float = 1.0) -> Trial | None:
    if measure.how is How.COUNT:
        return count_trial(now.counted(measure), before.counted(measure), spread)
    if measure.how is How.SHARE:
        return share_trial(now.share(measure), before.share(measure))
    return length_trial(now.lengths, before.lengths)


def _greatest(measure: Measure, dimensions: Iterable[str], tallies: Tallies) -> Iterator[Piece]:
    """The pieces with most in them, without one that is the whole."""
    whole = sum(tally.counted(measure) for tally in tallies.of(EVERYTHING, measure.kind))
    for by in dimensions:
        found = tallies.pieces(by, measure)
        greatest = sorted(found, key=lambda piece: (-found[piece], piece.value))[:MOST_PIECES]
        yield from (piece for piece in greatest if found[piece] < whole)


def _is_felt(line: Change) -> bool:
    now, before = line.total.now.value, line.total.before.value
    if now is None or before is None:
        return False
    if line.measure.how is How.SHARE:
        return abs(now - before) >= LEAST_POINTS
    if line.measure.how.is_length and abs(now - before) < LEAST_SECONDS:
        return False
    return max(now, before) >= LEAST_RATIO * min(now, before)


def _trial_of_rest(of: Key, tallies: Tallies, promises: Kept) -> Trial | None:
    """Of all that is not in the piece."""
    if of[0] == KEPT.key:
        both = zip(promises[EVERYTHING], promises[of[1]], strict=True)
        now, before = (Share(whole.hits - part.hits, whole.n - part.n) for whole, part in both)
        return share_trial(now, before)
    measure = MEASURES[of[0]]
    wholes, parts = (tallies.of(piece, measure.kind) for piece in (EVERYTHING, of[1]))
    ours, theirs = (whole.without(part) for whole, part in zip(wholes, parts, strict=True))
    return _trial(measure, ours, theirs)


def _promises(now: Question, before: Question) -> Kept:
    """How often they were kept, of the times that are decided: all together, and each."""
    found: Kept = {}
    if not (promises := list(Promise.objects.values_list("pk", flat=True))):
        return found
    lately = Q(began_at__gte=now.period.start, began_at__lt=now.period.end)
    then = Q(began_at__gte=before.period.start, began_at__lt=before.period.end)
    # Named, each promise enters the index at its own time.
    found_between = runs(now).filter(
        promise__in=promises, began_at__gte=before.period.start, began_at__lt=now.period.end
    )
    rows = found_between.filter(lately | then).order_by().values_list("promise")
    kept = Q(state=PromiseRun.State.KEPT)
    for promise, *counts in rows.annotate(
        now=Count("state", filter=lately),
        kept_now=Count("state", filter=lately & kept),
        before=Count("state", filter=then),
        kept_before=Count("state", filter=then & kept),
    ):
        n, hits, n_before, hits_before = counts
        found[Piece(PROMISE, str(promise))] = Share(hits, n), Share(hits_before, n_before)
    if found:
        both = zip(*found.values(), strict=True)
        ours, theirs = (Share(sum(one.hits for one in side), sum(one.n for one in side)) for side in both)
        found[EVERYTHING] = ours, theirs
    return found


def _trials_of_promises(promises: Kept) -> dict[Key, Trial]:
    """All together, and each, unless there is only one."""
    found = {
        (KEPT.key, piece): share_trial(*both) for piece, both in promises.items() if not piece.by or len(promises) > 2
    }
    return {of: trial for of, trial in found.items() if trial}


def _lines(
    keys: Iterable[Key],
    tallies: Tallies,
    promises: Kept,
    held: Mapping[Key, Trial],
    now: Question,
    before: Question,
) -> dict[Key, Change]:
    """Each with its numbers."""
    asked = list(keys)
    exact = lengths([of for of in asked if of[0] in MEASURES and MEASURES[of[0]].how.is_length], now, before)
    found: dict[Key, Change] = {}
    for of in asked:
        measure = MEASURES.get(of[0], KEPT)
        values: Iterable[Found]
        if measure is KEPT:
            values = [Found(share.n, share.value) for share in promises[of[1]]]
        else:
            values = exact.get(of) or [tally.found(measure) for tally in tallies.of(of[1], measure.kind)]
        chance = held[of].chance if of in held else None
        verdict = Verdict.FEW if chance is None else Verdict.CHANCE
        found[of] = Change(Total(measure, *values), of[1], chance, now, before, verdict)
    return found


def _named(found: list[Change]) -> list[Change]:
    """With the names of their pieces: a query for each dimension that has one."""
    names: dict[Piece, tuple[str, str]] = {}
    for by in {one.piece.by for one in found} - {WHOLE, TIME}:
        values = [one.piece.value for one in found if one.piece.by == by]
        if by == PROMISE:
            names |= {Piece(by, str(one.pk)): (str(one.pk), one.words) for one in Promise.objects.filter(pk__in=values)}
            continue
        rows = DIMENSIONS[by].names(values if by == "channel" else map(int, values))
        names |= {Piece(by, str(value)): name for value, name in rows.items()}
    for one in found:
        if one.piece.by == TIME:
            day, part = divmod(int(one.piece.value), PARTS_OF_DAY)
            first, end = part * HOURS, (part + 1) * HOURS
            names[one.piece] = f"{day}-{first}-{end}", time_words(day, first, end)
    empty = "", ""
    return [
        replace(one, address=address, label=label) for one in found for address, label in [names.get(one.piece, empty)]
    ]
