"""Root causes: the tree as it is read, how many tickets each has, and which keep coming back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache

from django.db.models import Count, DurationField, ExpressionWrapper, F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast, Extract, Floor

from accounts.models import User
from tickets.models import RootCause, Ticket
from tickets.queries.prepared import Prepared

WEEKS, WEEK = 13, timedelta(weeks=1)
ONLY = "!"  # behind a slug in the search box: this cause, without those below it
SHORT, LONG = 30, 90  # days, today with them
BAR_STEP, BAR_HEIGHT = 5, 20  # of the small picture, in its own units


@dataclass
class Counts:
    """How many tickets: in all, opened in the last 90 and 30 days, and in each of the last 13 weeks, oldest first."""

    all: int = 0
    long: int = 0
    short: int = 0
    weeks: list[int] = field(default_factory=lambda: [0] * WEEKS)

    def add(self, other: Counts) -> None:
        self.all, self.long, self.short = self.all + other.all, self.long + other.long, self.short + other.short
        self.weeks = [mine + theirs for mine, theirs in zip(self.weeks, other.weeks, strict=True)]

    @property
    def bars(self) -> list[dict[str, int]]:
        """The weeks as bars of a small picture, the highest as high as it is."""
        most = max(self.weeks) or 1
        heights = [max(round(count * BAR_HEIGHT / most), 1) for count in self.weeks]
        return [{"x": at * BAR_STEP, "y": BAR_HEIGHT - high, "height": high} for at, high in enumerate(heights)]


@dataclass
class CauseLine:
    """A cause in the tree: its own tickets, and those with all that is below it."""

    cause: RootCause
    level: int
    path: str  # what it is below, from the top
    own: Counts
    total: Counts
    has_children: bool = False
    share: int = 0  # of a hundred, in the order of Pareto
    share_so_far: int = 0

    @property
    def whole(self) -> str:
        return f"{self.path} › {self.cause.name}" if self.path else self.cause.name

    @property
    def only(self) -> str:
        """What finds its own tickets alone in the search box."""
        return f"{self.cause.slug}{ONLY}" if self.has_children else self.cause.slug


def cause_lines(causes: Iterable[RootCause], counts: dict[int, Counts]) -> list[CauseLine]:
    """The tree in the order in which it is read, each with what is below it counted in."""
    children: dict[int | None, list[RootCause]] = {}
    known = {cause.pk: cause for cause in causes}
    for cause in sorted(known.values(), key=lambda one: (one.name.casefold(), one.pk)):
        children.setdefault(cause.parent_id if cause.parent_id in known else None, []).append(cause)
    lines: list[CauseLine] = []

    def walk(cause: RootCause, above: list[CauseLine]) -> None:
        own = counts.get(cause.pk, Counts())
        line = CauseLine(cause, len(above), " › ".join(one.cause.name for one in above), own, Counts())
        lines.append(line)
        for each in [*above, line]:
            each.total.add(own)
        for child in children.get(cause.pk, []):
            line.has_children = True
            walk(child, [*above, line])

    for cause in children.get(None, []):
        walk(cause, [])
    return lines


def by_pareto(lines: list[CauseLine]) -> list[CauseLine]:
    """Most tickets of the last 90 days first, each ticket under its own cause only, with the share up to there."""
    ranked = sorted((line for line in lines if line.own.long), key=lambda line: (-line.own.long, line.cause.name))
    everything, so_far = sum(line.own.long for line in ranked), 0
    for line in ranked:
        so_far += line.own.long
        line.share, line.share_so_far = round(line.own.long * 100 / everything), round(so_far * 100 / everything)
    return ranked


@dataclass(frozen=True)
class Spans:
    """The moments that the counts begin at: midnights where the viewer is, so that the search finds the same."""

    short: datetime
    long: datetime
    weeks: datetime
    end: datetime

    @classmethod
    def of(cls, viewer: User, now: datetime) -> Spans:
        def midnight(ago: int) -> datetime:
            day = now.astimezone(viewer.zone).date() - timedelta(days=ago)
            return datetime.combine(day, time(), tzinfo=viewer.zone).astimezone(UTC)

        return cls(midnight(SHORT - 1), midnight(LONG - 1), midnight(WEEKS * 7 - 1), midnight(-1))


def cause_counts(viewer: User, now: datetime, only: Iterable[int] | None = None) -> dict[int, Counts]:
    """Of the tickets that the viewer may see, by cause (`only` these). Nothing but the index of causes is read, and of
    the weeks only their part of it. A merged cause counts as the one that goes on."""
    goes_on = dict(RootCause.objects.order_by().values_list("pk", "merged_into"))
    if only is not None:
        goes_on = {pk: goes_on[pk] for pk in only if pk in goes_on}
    found: dict[int, Counts] = {}

    def of(pk: int) -> Counts:
        return found.setdefault(goes_on.get(pk) or pk, Counts())

    spans = Spans.of(viewer, now)
    # A list of keys lets the index be entered once for each cause, at the time asked for.
    seen = Ticket.objects.visible_to(viewer).order_by().filter(root_cause__in=list(goes_on))
    for pk, count in seen.values_list("root_cause").annotate(n=Count("pk")):
        of(pk).all += count
    lately = seen.filter(created_at__gte=spans.weeks, created_at__lt=spans.end)
    by_week = lately.annotate(back=_weeks_before(spans.end)).values_list("root_cause", "back")
    for pk, back, count, long, short in by_week.annotate(
        n=Count("pk"),
        long=Count("pk", filter=Q(created_at__gte=spans.long)),
        short=Count("pk", filter=Q(created_at__gte=spans.short)),
    ):
        of(pk).weeks[WEEKS - 1 - min(back, WEEKS - 1)] += count
        of(pk).long += long
        of(pk).short += short
    return found


def _weeks_before(end: datetime) -> Cast:
    """How many full weeks before this moment a ticket was opened."""
    ago = ExpressionWrapper(Value(end) - F("created_at"), output_field=DurationField())
    return Cast(Floor(Extract(ago, "epoch") / WEEK.total_seconds()), IntegerField())


def causes_below(causes: Iterable[RootCause]) -> set[int]:
    """The keys of these causes, of all below them, and of what was merged into any of them."""
    below: dict[int, list[int]] = {}
    for pk, parent, into in RootCause.objects.order_by().values_list("pk", "parent", "merged_into"):
        above = into or parent
        if above is not None:
            below.setdefault(above, []).append(pk)
    found: set[int] = set()
    waiting = [cause.pk for cause in causes]
    while waiting:
        pk = waiting.pop()
        if pk not in found:
            found.add(pk)
            waiting += below.get(pk, [])
    return found


@dataclass(frozen=True)
class Choosable:
    """A cause as it is offered when a ticket is solved."""

    pk: int
    slug: str
    name: str
    path: str  # what it is below, from the top
    level: int

    @property
    def whole(self) -> str:
        return f"{self.path} › {self.name}" if self.path else self.name


def choosable_causes() -> list[Choosable]:
    """What can be named when a ticket is solved, as the tree is read."""
    lines = cause_lines(_prepared_causes().rows({}), {})
    return [Choosable(line.cause.pk, line.cause.slug, line.cause.name, line.path, line.level) for line in lines]


@cache
def _prepared_causes() -> Prepared[RootCause]:
    return Prepared(RootCause.objects.offered())


def latest_tickets(viewer: User, causes: set[int], *, most: int) -> QuerySet[Ticket]:
    """The newest tickets with one of these causes, as far as the viewer may see them."""
    found = Ticket.objects.visible_to(viewer).filter(root_cause__in=causes)
    return found.select_related("customer__merged_into", "root_cause").order_by("-created_at", "-number")[:most]


def opened_since(viewer: User, causes: set[int], since: datetime) -> int:
    """How many tickets with one of these causes were opened since, as far as the viewer may see them."""
    return Ticket.objects.visible_to(viewer).filter(root_cause__in=causes, created_at__gte=since).count()
