"""What a whole is made of: teams, channels, tags, companies, root causes, ratings; and which facts each part has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, ExtractHour, ExtractIsoWeekDay
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Team
from customers.models import Company
from reports.measures import Measure
from reports.models import FactQuerySet
from reports.queries.figures import Total, parts_of
from reports.queries.question import Question
from tickets.models import Channel, RootCause, Tag, Ticket
from tickets.queries.causes import ONLY, cause_lines, causes_below

NONE = "none"
MOST_LEVELS = 6  # of the tree of causes; what is deeper counts above
SCORES = range(5, 0, -1)
Names = dict[Any, tuple[str, str]]  # of a value: how an address calls it, and how people do


@dataclass(frozen=True)
class Dimension:
    """What a whole is taken apart by. Where it `overlaps`, one conversation may be in several parts."""

    key: str
    label: str | Lazy
    without: str | Lazy  # what the part is called that has none
    field: str | Combinable
    names: Callable[[Iterable[Any]], Names]
    overlaps: bool = False


@dataclass(frozen=True)
class Part:
    """One of them. `key` is how an address calls it; `totals` has the measures by their keys."""

    by: str
    key: str
    label: str
    totals: dict[str, Total]
    level: int = 0
    path: str = ""  # what it is below, from the top
    share: float | None = None  # of the whole, in the order of Pareto
    share_so_far: float | None = None

    @property
    def query(self) -> str:
        """As `part=` has it in an address."""
        return f"{self.by}:{self.key}"


@dataclass(frozen=True)
class Slice:
    """The facts of one part: which those are, and how it is called."""

    query: str
    label: str
    narrow: Callable[[FactQuerySet], FactQuerySet]


# --- The parts of a whole ------------------------------------------------------------------
def parts_by(by: str, measures: Iterable[Measure], question: Question) -> list[Part]:
    """All of them, those with most of the first measure first. Two queries."""
    asked = list(measures)
    found = parts_of(asked, question, DIMENSIONS[by].field)
    names = DIMENSIONS[by].names([value for value in found if value not in (None, "")])
    parts = [
        Part(by, *names.get(value, (NONE, str(DIMENSIONS[by].without))), totals) for value, totals in found.items()
    ]
    return sorted(parts, key=lambda part: rank(part, asked[0]))


def rank(part: Part, measure: Measure) -> tuple[Any, ...]:
    """Most of the measure first, what belongs to no part last."""
    if part.by == "score":
        return (part.key == NONE, -int(part.key) if part.key != NONE else 0)
    found = part.totals[measure.key]
    return (part.key == NONE, -found.now.n, -found.before.n, part.label.casefold())


def pareto(measure: Measure, question: Question, by: str = "cause") -> list[Part]:
    """The greatest first, with the share up to there; without what belongs to none. A ticket counts under its own."""
    parts = [part for part in parts_by(by, [measure], question) if part.key != NONE and part.totals[measure.key].now.n]
    everything, so_far, ranked = sum(part.totals[measure.key].now.n for part in parts), 0, []
    for part in parts:
        n = part.totals[measure.key].now.n
        so_far += n
        ranked.append(
            Part(part.by, part.key, part.label, part.totals, share=n / everything, share_so_far=so_far / everything)
        )
    return ranked


def cause_tree(measures: Iterable[Measure], question: Question) -> list[Part]:
    """All causes in the order in which the tree is read, each with all that is below it: without those that nothing is
    under. A query for each level; a merged cause counts as the one that goes on."""
    asked, causes = list(measures), list(RootCause.objects.all())
    lines = cause_lines([cause for cause in causes if cause.merged_into_id is None], {})
    paths: dict[int, list[int]] = {}  # of each cause: what it is below, from the top, and itself
    path: list[int] = []
    for line in lines:
        path = [*path[: line.level], line.cause.pk]
        paths[line.cause.pk] = path
    paths |= {one.pk: paths[one.merged_into_id] for one in causes if one.merged_into_id in paths}
    found: dict[int, dict[str, Total]] = {}
    for level in range(min(MOST_LEVELS, max(map(len, paths.values()), default=0))):
        found |= parts_of(asked, question, _at_level(paths, level))
    return [
        Part("cause", line.cause.slug, line.cause.name, found[line.cause.pk], line.level, line.path)
        for line in lines
        if line.cause.pk in found
    ]


def _at_level(paths: dict[int, list[int]], level: int) -> Combinable:
    """The cause at this level of the tree that a fact's own is, or is below."""
    below: dict[int, list[int]] = {}
    for pk, path in paths.items():
        if len(path) > level:
            below.setdefault(path[level], []).append(pk)
    return Case(*(When(ticket__root_cause__in=pks, then=Value(pk)) for pk, pks in below.items()))


def the_rest(parts: list[Part], whole: Total) -> tuple[int, int]:
    """What is missing of these parts to the whole: now and before. Only where they do not overlap."""
    key = whole.measure.key
    return (
        whole.now.n - sum(part.totals[key].now.n for part in parts),
        whole.before.n - sum(part.totals[key].before.n for part in parts),
    )


# --- The facts of a part -------------------------------------------------------------------
def read_part(text: str, question: Question) -> Slice:
    """What `part=` says: `team:workshop`, `cause:brakes` with all below it and `cause:brakes!` without, `tag:12`,
    `tag:none`, `hour:1-14` (Monday is 1; `hour:1-6-12`: from six to twelve). Errors: LookupError if there is none."""
    by, _colon, key = text.partition(":")
    if by not in DIMENSIONS and by != "hour" or not key:
        raise LookupError(text)
    label, narrow = _READERS[by](key, question)
    return Slice(text, label, narrow)


Read = tuple[str, Callable[[FactQuerySet], FactQuerySet]]


def _where(label: str, only: Q | Combinable) -> Read:
    return label, lambda facts: facts.filter(only)


def _team(key: str, _question: Question) -> Read:
    if key == NONE:
        return _where(str(DIMENSIONS["team"].without), Q(team=None))
    team = _one(Team.objects.filter(slug=key).first(), key)
    return _where(team.name, Q(team=team))


def _channel(key: str, _question: Question) -> Read:
    if key not in Channel.values:
        raise LookupError(key)
    return _where(str(Channel(key).label), Q(channel=key))


def _tag(key: str, _question: Question) -> Read:
    through = Ticket.tags.through.objects
    if key == NONE:
        return _where(str(DIMENSIONS["tag"].without), ~Exists(through.filter(ticket=OuterRef("ticket"))))
    tag = _one(Tag.objects.filter(pk=int(key)).first() if _is_key(key) else None, key)
    return _where(tag.name, Q(ticket__in=through.filter(tag=tag).values("ticket")))


def _company(key: str, question: Question) -> Read:
    if key == NONE:
        return _where(str(DIMENSIONS["company"].without), Q(ticket__customer__company=None))
    return _where(_one(company_of(question.viewer, key), key).name, Q(ticket__customer__company=int(key)))


def _cause(key: str, _question: Question) -> Read:
    if key == NONE:
        return _where(str(DIMENSIONS["cause"].without), Q(ticket__root_cause=None))
    cause = _one(RootCause.objects.known_as(key.removesuffix(ONLY)), key)
    if key.endswith(ONLY):
        return _where(cause.name, Q(ticket__root_cause=cause) | Q(ticket__root_cause__merged_into=cause))
    return _where(cause.name, Q(ticket__root_cause__in=causes_below([cause])))


def _score(key: str, _question: Question) -> Read:
    if not (key.isascii() and key.isdigit() and int(key) in SCORES):
        raise LookupError(key)
    return _where(score_words(int(key)), Q(number=int(key)))


def _hour(key: str, question: Question) -> Read:
    day, hour, *until = key.split("-") if key.count("-") in (1, 2) else ("", "")
    hours = [hour, *until]
    if day not in set("1234567") or not all(one.isascii() and one.isdigit() and len(one) <= 2 for one in hours):
        raise LookupError(key)
    first, end = int(hour), int(until[0]) if until else int(hour) + 1
    if not first < end <= 24:
        raise LookupError(key)
    zone = question.period.zone
    at = {"weekday": ExtractIsoWeekDay("at", tzinfo=zone), "hour": ExtractHour("at", tzinfo=zone)}
    only = Q(weekday=int(day), hour__gte=first, hour__lt=end)
    return time_words(int(day), first, end), lambda facts: facts.annotate(**at).filter(only)


def time_words(day: int, first: int, end: int) -> str:
    """Monday, 6:00–12:00. Monday is 1."""
    words = {"day": WEEKDAYS[day - 1], "hour": f"{first}:00", "until": f"{end}:00"}
    return _("%(day)s, %(hour)s–%(until)s") % words


def _one(found: Any, key: str) -> Any:
    if found is None:
        raise LookupError(key)
    return found


def company_of(viewer: Any, key: str) -> Company | None:
    """The company with this number, if the viewer may see somebody of it."""
    if not _is_key(key):
        return None
    company = Company.objects.filter(pk=int(key)).first()
    if company is None or viewer.has_perm("customers.view_all"):
        return company
    seen = Ticket.objects.visible_to(viewer).filter(customer__company=company)
    return company if seen.exists() else None


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


# --- Their names ---------------------------------------------------------------------------
def _team_names(keys: Iterable[Any]) -> Names:
    return {pk: (slug, name) for pk, slug, name in Team.objects.filter(pk__in=keys).values_list("pk", "slug", "name")}


def _channel_names(keys: Iterable[Any]) -> Names:
    return {key: (key, str(Channel(key).label)) for key in keys}


def _tag_names(keys: Iterable[Any]) -> Names:
    return {pk: (str(pk), name) for pk, name in Tag.objects.filter(pk__in=keys).values_list("pk", "name")}


def _company_names(keys: Iterable[Any]) -> Names:
    return {pk: (str(pk), name) for pk, name in Company.objects.filter(pk__in=keys).values_list("pk", "name")}


def _cause_names(keys: Iterable[Any]) -> Names:
    """Of each its own tickets only, so that the parts are the whole."""
    rows = RootCause.objects.filter(pk__in=keys).values_list("pk", "slug", "name")
    return {pk: (f"{slug}{ONLY}", name) for pk, slug, name in rows}


def _score_names(keys: Iterable[Any]) -> Names:
    return {key: (str(key), score_words(key)) for key in keys}


def score_words(score: int) -> str:
    return _("%(score)s of 5") % {"score": score}


DIMENSIONS = {
    one.key: one
    for one in (
        Dimension("team", gettext_lazy("Team"), gettext_lazy("No team"), "team", _team_names),
        Dimension("channel", gettext_lazy("Channel"), gettext_lazy("No channel"), "channel", _channel_names),
        Dimension("tag", gettext_lazy("Tag"), gettext_lazy("No tag"), "ticket__tags", _tag_names, overlaps=True),
        Dimension(
            "company",
            pgettext_lazy("of a customer", "Company"),
            gettext_lazy("No company"),
            "ticket__customer__company",
            _company_names,
        ),
        Dimension(
            "cause",
            gettext_lazy("Root cause"),
            gettext_lazy("No cause named"),
            Coalesce("ticket__root_cause__merged_into", "ticket__root_cause"),
            _cause_names,
        ),
        Dimension("score", gettext_lazy("Rating"), gettext_lazy("No rating"), "number", _score_names),
    )
}

_READERS: dict[str, Callable[[str, Question], Read]] = {
    "team": _team,
    "channel": _channel,
    "tag": _tag,
    "company": _company,
    "cause": _cause,
    "score": _score,
    "hour": _hour,
}
