"""The sentence above each chart: what it shows, as somebody would say it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recovery.shares import ENOUGH
from reports.charts import few_that_matter
from reports.formatting import length, number, percent, said
from reports.measures import How
from reports.pages import Shape
from reports.queries import answers as of
from reports.queries.answers import Answer
from reports.queries.figures import Total
from reports.queries.question import Question

VITAL = 0.6


def sentence(answer: Answer, now: datetime) -> str:
    """Empty where there is nothing to say."""
    say = _SAY.get(answer.chart.shape)
    return say(answer, now) if say else ""


def _course(answer: of.Course, _now: datetime) -> str:
    total = answer.lines[0].total
    if not total.now.n:
        return ""
    words = [_MEASURED.get(total.measure.key, _plain)(total, answer.question)]
    before = _before(total, answer.question)
    if before:
        words.append(before)
    if total.measure.how is not How.COUNT and total.now.n < ENOUGH:
        words.append(_("Few as they are, the next one may change it."))
    return " ".join(words)


def _plain(total: Total, question: Question) -> str:
    value = said(total.measure.how, total.now.value, by_clock=question.by_clock)
    return f"{total.measure.label}: {value}."


def _first_answer(total: Total, question: Question) -> str:
    return _("Half got their first answer within %(median)s, nine in ten within %(ninety)s.") % _times(total, question)


def _answer(total: Total, question: Question) -> str:
    return _("Half of all answers came within %(median)s, nine in ten within %(ninety)s.") % _times(total, question)


def _resolution(total: Total, question: Question) -> str:
    return _("Half were solved within %(median)s, nine in ten within %(ninety)s.") % _times(total, question)


def _reopened(total: Total, _question: Question) -> str:
    return ngettext(
        "Of %(n)s solving, %(share)s did not last.", "Of %(n)s solvings, %(share)s did not last.", total.now.n
    ) % {"n": number(total.now.n), "share": percent(total.now.value)}


def _csat(total: Total, _question: Question) -> str:
    return ngettext(
        "Of %(n)s rating, %(share)s was a 4 or a 5.", "Of %(n)s ratings, %(share)s were a 4 or a 5.", total.now.n
    ) % {"n": number(total.now.n), "share": percent(total.now.value)}


_MEASURED: dict[str, Callable[[Total, Question], str]] = {
    "first_answer": _first_answer,
    "answer": _answer,
    "resolution": _resolution,
    "reopened": _reopened,
    "csat": _csat,
}


def _times(total: Total, question: Question) -> dict[str, str]:
    clock = question.by_clock
    return {
        "median": str(length(total.now.value or 0, by_clock=clock)),
        "ninety": str(length(total.now.ninety or 0, by_clock=clock)),
    }


def _before(total: Total, question: Question) -> str:
    """How it was in the days before."""
    if total.before.value is None or not total.before.n:
        return ""
    value = said(total.measure.how, total.before.value, by_clock=question.by_clock)
    return _("In the %(days)s days before: %(value)s.") % {"days": question.period.days, "value": value}


def _layers(answer: of.Layers, _now: datetime) -> str:
    whole, layers = answer.whole, answer.layers
    if not whole.now.n:
        return ""
    words = [
        ngettext("%(count)s new conversation", "%(count)s new conversations", whole.now.n)
        % {"count": number(whole.now.n)}
        + "."
    ]
    before = _before(whole, answer.question)
    if before:
        words.append(before)
    most = max(layers, key=lambda layer: layer.part.totals[whole.measure.key].now.n)
    share = most.part.totals[whole.measure.key].now.n / whole.now.n
    if len(layers) > 1:
        words.append(_("Most came by %(channel)s: %(share)s.") % {"channel": most.part.label, "share": percent(share)})
    return " ".join(words)


def _kept(answer: of.Promises, _now: datetime) -> str:
    if not answer.lines or not answer.lines[0].now.of:
        return ""
    whole = answer.lines[0]
    words = [_("%(kept)s of %(of)s were kept.") % {"kept": number(whole.now.kept), "of": number(whole.now.of)}]
    if whole.before.of:
        before = percent(whole.before.kept / whole.before.of)
        words.append(
            _("In the %(days)s days before: %(value)s.") % {"days": answer.question.period.days, "value": before}
        )
    words.append(_("Measured from what happened, not from what we ticked."))
    return " ".join(words)


def _backlog(answer: of.Backlog, _now: datetime) -> str:
    known = [one.n for one in answer.levels if one.n is not None]
    if not known:
        return ""
    first, last = known[0], known[-1]
    words = ngettext("%(count)s conversation is not solved", "%(count)s conversations are not solved", last)
    found = words % {"count": number(last)}
    if last == first:
        return _("%(found)s, as many as in the beginning.") % {"found": found}
    by = number(abs(last - first))
    if last > first:
        return _("%(found)s, %(by)s more than in the beginning.") % {"found": found, "by": by}
    return _("%(found)s, %(by)s fewer than in the beginning.") % {"found": found, "by": by}


def _ages(answer: of.Aging, _now: datetime) -> str:
    ages = answer.ages
    if not ages.n or ages.median is None or ages.oldest_at is None:
        return ""
    return _("Half began less than %(median)s ago, the oldest on %(day)s.") % {
        "median": length(ages.median, by_clock=True),
        "day": date_format(ages.oldest_at.astimezone(answer.question.period.zone), _("j M Y")),
    }


def _pareto(answer: of.Pareto, _now: datetime) -> str:
    key = answer.whole[0].measure.key
    counts = [part.totals[key].now.n for part in answer.parts]
    if not counts:
        return ""
    few = few_that_matter(counts, VITAL)
    made = percent(sum(counts[:few]) / sum(counts))
    words = []
    if len(counts) > 1:
        words.append(
            ngettext(
                "%(count)s cause makes %(share)s of all that were named.",
                "%(count)s causes make %(share)s of all that were named.",
                few,
            )
            % {"count": few, "share": made}
        )
    first = answer.parts[0]
    words.append(
        _("“%(cause)s” was %(count)s in the %(days)s days before.")
        % {
            "cause": first.label,
            "count": number(first.totals[key].before.n),
            "days": answer.question.period.days,
        }
    )
    unnamed = answer.whole[0].now.n - sum(counts)
    if unnamed:
        words.append(_("No cause was named for %(share)s.") % {"share": percent(unnamed / answer.whole[0].now.n)})
    return " ".join(words)


def _heat(answer: of.Heat, _now: datetime) -> str:
    cells = [cell for row in answer.rows for cell in row]
    most = max(cells, key=lambda cell: cell.each, default=None)
    if most is None or not most.total.now.n:
        return ""
    weekend = sum(cell.total.now.n for cell in cells if cell.weekday > 5)
    return _("Most write on %(day)s between %(hour)s and %(until)s. Saturdays and Sundays: %(share)s.") % {
        "day": WEEKDAYS[most.weekday - 1],
        "hour": f"{most.hour}:00",
        "until": f"{most.hour + 1}:00",
        "share": percent(weekend / answer.whole.now.n),
    }


def _parts(answer: of.Parts, _now: datetime) -> str:
    if answer.dimension.overlaps and answer.parts:
        return _("Overlaps: a conversation with two of them is in both lines, so they are no parts of a sum.")
    if answer.chart.by == "score":
        rated = answer.whole[0]
        return (
            _("%(mean)s in the mean, of %(n)s ratings.")
            % {"mean": said(How.MEAN, rated.now.value), "n": number(rated.now.n)}
            if rated.now.n
            else ""
        )
    return ""


def _tree(answer: of.Tree, _now: datetime) -> str:
    return _("Each with all that is below it.") if answer.parts else ""


_SAY: dict[Shape, Callable[[Any, datetime], str]] = {
    Shape.COURSE: _course,
    Shape.LAYERS: _layers,
    Shape.PARTS: _parts,
    Shape.PARETO: _pareto,
    Shape.TREE: _tree,
    Shape.HEAT: _heat,
    Shape.KEPT: _kept,
    Shape.BACKLOG: _backlog,
    Shape.AGES: _ages,
}
