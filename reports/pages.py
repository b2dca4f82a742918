"""The pages of figures: which charts each has. The page, the CSV files, the API and the mail all go by this table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.urls import reverse
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

from reports.measures import Measure, Reading, described


class Shape(Enum):
    """What a chart is made of: each has its class in `reports.queries.answers`."""

    TOTALS = "totals"  # numbers, each beside the one before
    COURSE = "course"  # measures over time
    LAYERS = "layers"  # one measure over time, by its parts
    PARTS = "parts"  # measures side by side, a line for each part
    PARETO = "pareto"  # one measure, the greatest part first, with the share up to there
    TREE = "tree"  # parts below parts
    HEAT = "heat"  # by weekday and hour
    KEPT = "kept"  # promises
    BACKLOG = "backlog"
    AGES = "ages"
    COMMENTS = "comments"


@dataclass(frozen=True)
class Chart:
    """One chart of a page. `numbers` are keys of measures or readings, `by` one of `parts.DIMENSIONS`."""

    key: str
    title: str | Lazy
    shape: Shape
    numbers: tuple[str, ...]
    by: str = ""

    @property
    def described(self) -> list[Measure | Reading]:
        """Its numbers with their names and definitions."""
        return [described(key) for key in self.numbers]


@dataclass(frozen=True)
class Page:
    key: str
    title: str | Lazy
    charts: tuple[Chart, ...]

    def chart(self, key: str) -> Chart | None:
        return next((chart for chart in self.charts if chart.key == key), None)


ALL = ("opened", "first_answer", "solved", "resolution", "one_answer", "reopened", "csat")
# Where a part hangs on the ticket, it is looked up for each fact: those of three kinds only.
OF_TICKETS = ("opened", "solved", "resolution", "one_answer", "reopened", "csat")
VOLUME = Chart("volume", _("New conversations by channel"), Shape.LAYERS, ("opened",), by="channel")
PARETO = Chart("pareto", _("What keeps going wrong"), Shape.PARETO, ("solved",), by="cause")
SATISFACTION = Chart("satisfaction", _("Satisfaction"), Shape.COURSE, ("csat", "satisfaction"))
KEPT = Chart("kept", _("Promises kept"), Shape.KEPT, ("kept",))

PAGES = {
    page.key: page
    for page in (
        Page(
            "trends",
            _("Trends"),
            (
                Chart("totals", _("At a glance"), Shape.TOTALS, (*ALL[:-1], "handed_on", "csat")),
                # In pairs: a wide one and a narrow one.
                VOLUME,
                SATISFACTION,
                Chart("first-answer", _("First response time"), Shape.COURSE, ("first_answer",)),
                KEPT,
                Chart("resolution", _("Resolution time"), Shape.COURSE, ("resolution",)),
                Chart("reopened", _("Reopened"), Shape.COURSE, ("reopened",)),
                Chart("backlog", _("Backlog"), Shape.BACKLOG, ("backlog",)),
                Chart("ages", _("Age of the backlog"), Shape.AGES, ("age",)),
                PARETO,
                Chart("hours", _("When they write"), Shape.HEAT, ("opened",)),
            ),
        ),
        Page(
            "promises",
            _("Promises"),
            (
                KEPT,
                Chart("answers", _("Response times"), Shape.COURSE, ("first_answer", "answer")),
                Chart("teams", _("By team"), Shape.PARTS, ("first_answer", "resolution", "one_answer"), by="team"),
            ),
        ),
        Page(
            "satisfaction",
            _("Satisfaction"),
            (
                Chart("totals", _("At a glance"), Shape.TOTALS, ("satisfaction", "csat", "reopened", "one_answer")),
                SATISFACTION,
                Chart("scores", _("Ratings"), Shape.PARTS, ("satisfaction",), by="score"),
                Chart("teams", _("By team"), Shape.PARTS, ("satisfaction", "csat"), by="team"),
                Chart("channels", _("By channel"), Shape.PARTS, ("satisfaction", "csat"), by="channel"),
                Chart("comments", _("In their words"), Shape.COMMENTS, ("comments",)),
            ),
        ),
        Page(
            "causes",
            _("Causes"),
            (PARETO, Chart("tree", _("All causes"), Shape.TREE, ("opened", *ALL[2:]), by="cause")),
        ),
        Page(
            "channels",
            _("Channels"),
            (
                VOLUME,
                Chart("channels", _("By channel"), Shape.PARTS, ALL, by="channel"),
                Chart("teams", _("By team"), Shape.PARTS, (*ALL, "handed_on"), by="team"),
                Chart("hours", _("When they write"), Shape.HEAT, ("opened",)),
            ),
        ),
        Page(
            "tags",
            _("Tags"),
            (
                Chart("tags", _("By tag"), Shape.PARTS, OF_TICKETS, by="tag"),
                Chart("companies", _("By company"), Shape.PARTS, OF_TICKETS, by="company"),
            ),
        ),
    )
}


def address_of(page: str, query: str = "") -> str:
    """Where a page is, with filters as `Question.query` says them."""
    return f"{reverse('reports:dashboard')}{page}/" + (f"?{query}" if query else "")
