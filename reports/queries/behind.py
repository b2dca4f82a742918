"""What is behind a number: the very tickets that it counts, each with what it adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet, prefetch_related_objects
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.formatting import length, number, percent, said_of
from reports.measures import MEASURES, READINGS, Hit, How, Kind, Measure
from reports.models import Fact
from reports.periods import Period
from reports.queries.asking import days_of
from reports.queries.backlog import BANDS, in_band, unsolved, unsolved_at
from reports.queries.figures import Found, found_of
from reports.queries.parts import read_part, score_words
from reports.queries.promises import runs
from reports.queries.question import HITS, Question
from reports.queries.tables import COUNT, SECONDS, TEXT, UNITS
from tickets.models import PromiseRun, Ticket
from tickets.queries.promises import Share

MOST = 50  # of a page
CHUNK = 1000  # of a file, at once
HIT, LONGEST = "hit", "longest"


@dataclass(frozen=True)
class Row:
    """One of what is counted. `value` is what it adds: seconds, a number, words, or None where it only counts; `words`
    is the same as people read it. `extra` are further cells of the raw rows. `mark` is where to read on after it."""

    ticket: Ticket
    at: datetime
    value: Any
    mark: str
    words: str = ""
    extra: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Behind:
    """All of it. `labels` say which part of the whole it is; `found` is the number itself."""

    key: str
    title: str | Lazy
    definition: str | Lazy
    question: Question
    labels: list[str]
    n: int
    found: Found | Share | None
    unit: str
    measure: Measure | None
    _rows: QuerySet[Any]
    _moment: str
    _row: Callable[[Any], tuple[Ticket, Any, tuple[Any, ...]]]
    extra: tuple[str, ...] = ()  # the names of further cells of the raw rows
    is_longest_first: bool = False

    def page(self, after: str = "", most: int = MOST) -> tuple[list[Row], str]:
        """The next rows, the newest or longest first, and where to read on; an empty mark at the end, or to begin
        with."""
        order = self._order
        rows = self._rows.order_by(f"-{order}", "-pk")
        begun = read_mark(after, is_length=order != self._moment)
        if begun:
            last, pk = begun
            rows = rows.filter(**{f"{order}__lte": last}).filter(Q(**{f"{order}__lt": last}) | Q(pk__lt=pk))
        found = [self._one(one) for one in rows[: most + 1]]
        following = found[most - 1].mark if len(found) > most else ""
        # Facts follow their tickets by some seconds: nobody reads what left their sight, or the desk, just now.
        tickets = Ticket.objects.visible_to(self.question.viewer)
        seen = set(tickets.filter(pk__in={row.ticket.pk for row in found}).values_list("pk", flat=True))
        found = [row for row in found[:most] if row.ticket.pk in seen]
        nameless = [row.ticket.customer for row in found if not row.ticket.customer.name]
        prefetch_related_objects(nameless, "addresses")
        return found, following

    def all(self) -> Iterator[Row]:
        """Every row, read piece by piece."""
        after = ""
        while True:
            rows, after = self.page(after, CHUNK)
            yield from rows
            if not after:
                return

    def _one(self, row: Model) -> Row:
        ticket, value, extra = self._row(row)
        at, last = getattr(row, self._moment), getattr(row, self._order)
        mark = f"{last.isoformat() if isinstance(last, datetime) else last},{row.pk}"
        return Row(ticket, at, value, mark, self._words(row, value), extra)

    @property
    def _order(self) -> str:
        return self.question.length if self.is_longest_first else self._moment

    @property
    def counted(self) -> str:
        """How many there are, of what."""
        kind = self.measure.kind if self.measure else Kind.OPENED
        if self.key == "kept":
            return ngettext("%(n)s time", "%(n)s times", self.n) % {"n": number(self.n)}
        return _counted(kind, self.n) % {"n": number(self.n)}

    @property
    def has_length(self) -> bool:
        return self.measure is not None and self.measure.how is How.TIME

    @property
    def figure(self) -> str:
        """The number itself, where it is more than how many there are."""
        if isinstance(self.found, Share):
            return percent(self.found.kept / self.found.of if self.found.of else None)
        if self.found is None or self.measure is None or self.measure.how is How.COUNT:
            return ""
        return str(said_of(self.measure, self.found.value, by_clock=self.question.by_clock))

    @property
    def ninety(self) -> str:
        """Nine in ten took no longer; empty where it is no length."""
        if self.measure is None or not isinstance(self.found, Found) or self.found.ninety is None:
            return ""
        return str(said_of(self.measure, self.found.ninety, by_clock=self.question.by_clock))

    def _words(self, row: Any, value: Any) -> str:
        if self.unit == SECONDS:
            return str(length(value, by_clock=self.measure is None or self.question.by_clock))
        if self.measure is None:
            return str(value)
        return _of_fact(self.measure, row)


def _of_fact(measure: Measure, fact: Fact) -> str:
    """What there is to say of one of them, beside that it is counted."""
    if measure.kind == Kind.RATED:
        return score_words(fact.number or 0)
    if measure.hit is Hit.ONE_ANSWER:
        count = fact.number or 0
        return ngettext("%(count)s answer", "%(count)s answers", count) % {"count": count}
    return _("reopened since") if fact.is_undone else ""


def _counted(kind: Kind, n: int) -> str:
    return {
        Kind.OPENED: ngettext("%(n)s conversation", "%(n)s conversations", n),
        Kind.FIRST_ANSWER: ngettext("%(n)s first answer", "%(n)s first answers", n),
        Kind.ANSWER: ngettext("%(n)s answer", "%(n)s answers", n),
        Kind.SOLVED: ngettext("Solved %(n)s time", "Solved %(n)s times", n),
        Kind.HANDED_ON: ngettext("Handed on %(n)s time", "Handed on %(n)s times", n),
        Kind.RATED: ngettext("%(n)s rating", "%(n)s ratings", n),
    }[kind]


def read_mark(text: str, *, is_length: bool = False) -> tuple[datetime | int, int] | None:
    """A moment (or a length) and a key, as a mark says them; None if it is none."""
    last, _comma, pk = text.partition(",")
    if not _is_number(pk):
        return None
    if is_length:
        return (int(last), int(pk)) if _is_number(last) else None
    try:
        moment = datetime.fromisoformat(last.replace(" ", "+"))
    except ValueError:
        return None
    return (moment, int(pk)) if moment.tzinfo else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


@cache
def _address(key: str) -> str:
    """A page has hundreds of links to a few addresses."""
    return reverse("reports:behind", args=[key])


def behind_url(
    question: Question, key: str, *, part: str = "", step: date | Period | None = None, only: str = ""
) -> str:
    """The address of what is behind a number, or a part of it, or a day, week or month of it."""
    more = {"part": part, "step": named(step) if step else "", "only": only}
    query = "&".join(filter(None, [question.query, urlencode({name: text for name, text in more.items() if text})]))
    return _address(key) + (f"?{query}" if query else "")


def behind(key: str, question: Question, given: Mapping[str, str], now: datetime) -> Behind:
    """What is behind a measure or a reading. Of `given` (an address's query) `part`, `step` and `only` narrow it down.

    Errors: LookupError where there is no such number, part or step.
    """
    step, labels = given.get("step", ""), []
    if step:
        period = _step(step, question.period)
        question, labels = replace(question, period=period), [_days(period)]
    part, only = given.get("part", "").replace("\x00", ""), given.get("only", "")
    if key in MEASURES:
        found = _of_facts(MEASURES[key], question, part, only, labels)
        return replace(found, is_longest_first=found.has_length and given.get("order") == LONGEST)
    if key == "kept":
        return _of_promises(question, part, only, labels)
    if key == "backlog" and not part and not only:
        return _of_backlog(question, now, labels)
    if key == "age" and not step and not only:
        return _of_age(question, part, now)
    raise LookupError(key)


def named(step: date | Period) -> str:
    """A step as an address has it: its day, or its first and its last."""
    if isinstance(step, Period):
        return step.first.isoformat() if step.days == 1 else f"{step.first}..{step.last}"
    return step.isoformat()


def _step(text: str, period: Period) -> Period:
    """Days of the period: its step that begins on this day, or from one to another."""
    if ".." in text:
        found = days_of(text, period.zone)
        if found and period.first <= found.first and found.last <= period.last:
            return found
    for step in period.steps():
        if step.first.isoformat() == text:
            return step
    raise LookupError(text)


def _days(period: Period) -> str:
    first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in (period.first, period.last))
    return first if first == last else f"{first} – {last}"


def _of_facts(measure: Measure, question: Question, part: str, only: str, labels: list[str]) -> Behind:
    facts = question.behind(measure)
    if part:
        piece = read_part(part, question)
        facts, labels = piece.narrow(facts), [piece.label, *labels]
    if only and (only != HIT or measure.hit is None):
        raise LookupError(only)
    found = found_of(measure, facts, question)
    if only and measure.hit:
        facts = facts.filter(**HITS[measure.hit])
    rows = facts.select_related("ticket__customer__merged_into", "ticket__team", "ticket__assignee")
    unit = UNITS[measure.how] if measure.how is How.TIME else COUNT
    return Behind(
        key=measure.key,
        title=measure.label,
        definition=measure.definition,
        question=question,
        labels=labels,
        n=facts.count() if only else found.n,
        found=found,
        unit=unit,
        measure=measure,
        _rows=rows,
        _moment="at",
        _row=lambda fact: (fact.ticket, _value(measure, fact, question), _raw(fact)),
        extra=("seconds", "open_seconds", "number", "is_undone"),
    )


def _value(measure: Measure, fact: Fact, question: Question) -> Any:
    if measure.how is How.TIME:
        return getattr(fact, question.length)
    return fact.number


def _raw(fact: Fact) -> tuple[Any, ...]:
    return fact.seconds, fact.open_seconds, fact.number, fact.is_undone


def _of_promises(question: Question, part: str, only: str, labels: list[str]) -> Behind:
    period = question.period
    found = runs(question).filter(began_at__gte=period.start, began_at__lt=period.end)
    if part:
        by, _colon, pk = part.partition(":")
        if by != "promise" or not _is_number(pk):
            raise LookupError(part)
        found = found.filter(promise=int(pk))
    states = {"kept": PromiseRun.State.KEPT, "broken": PromiseRun.State.BROKEN}
    if only and only not in states:
        raise LookupError(only)
    share = Share(found.filter(state=PromiseRun.State.KEPT).count(), found.count())
    if only:
        found, labels = found.filter(state=states[only]), [str(states[only].label), *labels]
    rows = found.select_related("promise", "ticket__customer__merged_into", "ticket__team", "ticket__assignee")
    first = rows.first() if part else None
    return Behind(
        key="kept",
        title=READINGS["kept"].label,
        definition=READINGS["kept"].definition,
        question=question,
        labels=[first.promise.words, *labels] if first else labels,
        n=found.count() if only else share.of,
        found=share,
        unit=TEXT,
        measure=None,
        _rows=rows,
        _moment="began_at",
        _row=lambda run: (run.ticket, _said(run), (run.promise.words, run.state, run.due_at, run.ended_at)),
        extra=("promise", "state", "due_at", "ended_at"),
    )


def _said(run: PromiseRun) -> str:
    return _("%(promise)s: %(state)s") % {"promise": run.promise.words, "state": run.get_state_display()}


def _of_backlog(question: Question, now: datetime, labels: list[str]) -> Behind:
    end = question.period.end
    tickets = unsolved_at(question, end) if end < now else unsolved(question)
    return _of_tickets("backlog", question, tickets, labels, now)


def _of_age(question: Question, part: str, now: datetime) -> Behind:
    tickets = unsolved(question)
    if not part:
        return _of_tickets("age", question, tickets, [], now)
    band = next((one for one in BANDS if part == f"age:{one.key}"), None)
    if band is None:
        raise LookupError(part)
    return _of_tickets("age", question, tickets.filter(in_band(band, now)), [str(band.label)], now)


def _of_tickets(key: str, question: Question, tickets: QuerySet[Ticket], labels: list[str], now: datetime) -> Behind:
    reading = READINGS[key]
    return Behind(
        key=key,
        title=reading.label,
        definition=reading.definition,
        question=question,
        labels=labels,
        n=tickets.count(),
        found=None,
        unit=SECONDS,
        measure=None,
        _rows=tickets.select_related("customer__merged_into", "team", "assignee"),
        _moment="created_at",
        _row=lambda ticket: (ticket, (now - ticket.created_at).total_seconds(), ()),
    )


def raw_columns(found: Behind) -> list[str]:
    """The names of `raw_cells`."""
    return ["at", "ticket", "subject", "customer", "team", "channel", "assignee", "status", "value", *found.extra]


def raw_cells(row: Row) -> list[Any]:
    """One line of the file with all that a number is made of."""
    ticket = row.ticket
    return [
        row.at.isoformat(),
        ticket.number,
        ticket.subject,
        ticket.customer.display_name,
        ticket.team.name if ticket.team else "",
        ticket.channel,
        ticket.assignee.name if ticket.assignee else "",
        ticket.status,
        row.value,
        *(cell.isoformat() if isinstance(cell, datetime) else cell for cell in row.extra),
    ]
