"""What is measured, once: each number's name and definition, for the page, the CSV file, the API and the mail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.db import models
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(models.IntegerChoices):
    """Of facts."""

    OPENED = 1, pgettext_lazy("fact", "opened")  # a conversation began
    FIRST_ANSWER = 2, pgettext_lazy("fact", "first answer")  # lengths: since the customer's first words
    ANSWER = 3, pgettext_lazy("fact", "answer")  # any that ended a wait, the first too; lengths: of the wait
    SOLVED = 4, pgettext_lazy("fact", "solved")  # lengths: since it began; number: how many answers it took
    REOPENED = 5, pgettext_lazy("fact", "reopened")
    HANDED_ON = 6, pgettext_lazy("fact", "handed on")  # to another team
    RATED = 7, pgettext_lazy("fact", "rated")  # number: 1 to 5


class How(Enum):
    """What is made of the facts."""

    COUNT = "count"
    TIME = "time"  # median and 90th percentile
    SHARE = "share"  # of them, those that `hit`
    MEAN = "mean"  # of their numbers

    @property
    def is_length(self) -> bool:
        return self is How.TIME


class Hit(Enum):
    """Which facts of a share count."""

    UNDONE = "undone"
    ONE_ANSWER = "one answer"
    GOOD = "good"


@dataclass(frozen=True)
class Measure:
    """One number. `is_less_better` is None where more is neither good nor bad."""

    key: str
    label: str | Lazy
    definition: str | Lazy
    kind: Kind
    how: How
    hit: Hit | None = None
    only_lasting: bool = False  # solvings that were not undone
    is_less_better: bool | None = None


MEASURES = {
    measure.key: measure
    for measure in (
        Measure(
            "opened",
            _("New conversations"),
            _(
                "Conversations that began in this time, on every channel, by the customer or by us. One that was merged"
                " into another, and what is in the trash, does not count."
            ),
            Kind.OPENED,
            How.COUNT,
        ),
        Measure(
            "first_answer",
            _("First response time"),
            _(
                "From a customer's first words in a conversation to our first answer, for those first answered in this"
                " time. Notes and automatic mails are no answers. The median: half were answered faster; the 90th"
                " percentile: nine in ten were. In opening hours of the customer's site, or by the clock on the wall."
            ),
            Kind.FIRST_ANSWER,
            How.TIME,
            is_less_better=True,
        ),
        Measure(
            "answer",
            _("Response time"),
            _(
                "From the words of a customer who then waited to the answer that ended the wait, for all answers in"
                " this time, the first ones too. Further words while they wait do not begin it anew."
            ),
            Kind.ANSWER,
            How.TIME,
            is_less_better=True,
        ),
        Measure(
            "solved",
            _("Solved"),
            _("Conversations that were solved in this time and have not been reopened since."),
            Kind.SOLVED,
            How.COUNT,
            only_lasting=True,
        ),
        Measure(
            "resolution",
            _("Resolution time"),
            _(
                "From the beginning of a conversation to its solving, for those solved in this time and not reopened"
                " since. Snoozing and waiting for the customer stop no clock: it is the customer's time that counts."
            ),
            Kind.SOLVED,
            How.TIME,
            only_lasting=True,
            is_less_better=True,
        ),
        Measure(
            "one_answer",
            _("Solved with one answer"),
            _("Of what was solved in this time and not reopened since, what took one answer of ours at most."),
            Kind.SOLVED,
            How.SHARE,
            Hit.ONE_ANSWER,
            only_lasting=True,
            is_less_better=False,
        ),
        Measure(
            "reopened",
            _("Reopened"),
            _("Of all solvings in this time, those that did not last: the customer wrote again, or we reopened it."),
            Kind.SOLVED,
            How.SHARE,
            Hit.UNDONE,
            is_less_better=True,
        ),
        Measure(
            "handed_on",
            _("Handed to another team"),
            _("How often in this time a conversation went from one team to another."),
            Kind.HANDED_ON,
            How.COUNT,
            is_less_better=True,
        ),
        Measure(
            "satisfaction",
            _("Satisfaction"),
            _("The mean of the ratings given in this time, from 1 to 5. A customer rates a conversation once."),
            Kind.RATED,
            How.MEAN,
            is_less_better=False,
        ),
        Measure(
            "csat",
            _("CSAT"),
            _("Of the ratings given in this time, the share of 4 and 5."),
            Kind.RATED,
            How.SHARE,
            Hit.GOOD,
            is_less_better=False,
        ),
    )
}


@dataclass(frozen=True)
class Reading:
    """A number that is not made of facts, with its name and definition."""

    key: str
    label: str | Lazy
    definition: str | Lazy
    is_less_better: bool | None = None


READINGS = {
    reading.key: reading
    for reading in (
        Reading(
            "kept",
            _("Promises kept"),
            _(
                "Of the times that a promise to customers began in this time and that are decided, the share that was"
                " kept. What still runs, and what does not count, is in neither number."
            ),
            is_less_better=False,
        ),
        Reading(
            "backlog",
            _("Backlog"),
            _(
                "Conversations that were not solved at the end of each day, week or month, snoozed or not: those of"
                " now, reckoned back by what was opened, solved and reopened since."
            ),
            is_less_better=True,
        ),
        Reading(
            "age",
            _("Age of the backlog"),
            _(
                "How long ago the conversations began that are not solved now, snoozed or not, by the clock on the"
                " wall."
            ),
            is_less_better=True,
        ),
        Reading(
            "comments",
            _("Comments"),
            _("What customers wrote with the ratings that they gave in this time, the newest first."),
        ),
    )
}


def described(key: str) -> Measure | Reading:
    """A number by its key, wherever it comes from. Errors: KeyError."""
    return MEASURES[key] if key in MEASURES else READINGS[key]
