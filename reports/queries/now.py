"""How things stand at this moment: figures, each with its definition and the address of exactly what it counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count, F, FloatField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Desk, Team, User
from recovery.money import shown
from recovery.queries.beyond import Percentile
from reports.measures import MEASURES, Measure
from reports.periods import Period, last_days
from reports.queries.behind import behind_url
from reports.queries.figures import MEDIAN, Found, Total, totals
from reports.queries.load import Here, people_here
from reports.queries.made_good import MadeGood, made_good
from reports.queries.question import Question
from tickets.models import Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.inbox import UNSOLVED
from tickets.queries.promises import near_runs
from tickets.queries.today import is_about_to_break, is_live_chat, is_past_promise

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

USUAL_DAYS = 30  # before today: what an answer usually takes
NEAR_AT_MOST = 100  # more are not counted
GOOD, BAD = "good", "bad"


@dataclass(frozen=True)
class Note:
    """A few words beside a figure; with `url` they lead to what they tell of."""

    text: str
    url: str = ""
    tone: str = ""  # "good" or "bad"


@dataclass(frozen=True)
class Figure:
    """One number as it is shown. `value` is None where there is nothing to reckon with."""

    key: str
    label: str
    value: str | None
    unit: str
    definition: str
    url: str
    beside: Note | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class TeamLine:
    """What a team has on its hands."""

    team: str
    count: int
    url: str
    waiting: int = 0


@dataclass(frozen=True)
class Near:
    """A ticket of which a promise is about to break; `words` are empty where the company goes by its minutes only.
    `left` is the time until then, on the wall, in words; `is_soon` within the hour."""

    ticket: Ticket
    words: str
    due_at: datetime
    left: str
    is_soon: bool


@dataclass(frozen=True)
class Now:
    """How things stand at one moment, as far as the viewer may see."""

    figures: list[Figure]
    people: list[Here]
    near: list[Near]
    near_url: str
    open_by_team: list[TeamLine]
    today: tuple[Note, ...]

    @property
    def open_max(self) -> int:
        return max((line.count for line in self.open_by_team), default=0)

    @property
    def open(self) -> int:
        return sum(line.count for line in self.open_by_team)


def now_figures(viewer: User, now: datetime, team: Team | None = None) -> Now:
    """The figures of this moment over the tickets that the viewer may see, or those of one team among them."""
    tickets = Ticket.objects.visible_to(viewer)
    if team:
        tickets = tickets.filter(team=team)
    backlog = _backlog(tickets, now)
    near = _near(tickets, now)
    people = people_here(viewer, now, team)
    question = Question(viewer, last_days(1, now, viewer.zone), team=team)
    today = totals([MEASURES[key] for key in ("opened", "solved", "first_answer")], question)
    figures = [
        _waiting(tickets, now, backlog, near, team),
        _chats(tickets, now, people, team),
        _first_answer(today["first_answer"].now, question),
        _made_good(made_good(viewer, now, team), team),
    ]
    lines = [_team_line(row) for row in backlog if row["open"]]
    return Now(figures, people, near, _inbox("near", team), lines, _since_midnight(today, question))


def as_time(span: timedelta) -> tuple[str, str]:
    """A span and its unit as people say it: ("45", "s"), ("3:40", "min"), ("2:05", "h"), ("3", "days")."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return str(seconds), "s"
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}", "min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600}:{seconds // 60 % 60:02}", "h"
    return str(seconds // 86400), _("days")


def in_words(seconds: float) -> str:
    """A length with its unit: `3:40 min`."""
    return " ".join(as_time(timedelta(seconds=round(seconds))))


# --- Who waits -----------------------------------------------------------------------------
def _backlog(tickets: TicketQuerySet, now: datetime) -> list[dict[str, Any]]:
    """What is not solved, by team: awake, waiting, waiting for a first answer, and waiting for longer than promised."""
    waits = Q(waiting_since__isnull=False)
    rows: Any = tickets.filter(UNSOLVED).order_by().values("team__name", "team__slug")
    counts = rows.annotate(
        open=Count("pk", filter=Q(snoozed_at=None)),
        waiting=Count("pk", filter=waits),
        first=Count("pk", filter=waits & Q(first_answered_at=None)),
        late=Count("pk", filter=is_past_promise(now)),
    )
    return list(counts.order_by("-open", "team__name"))


def _team_line(row: dict[str, Any]) -> TeamLine:
    slug = row["team__slug"]
    view = f"team-{slug}" if slug else "no-team"
    return TeamLine(row["team__name"] or _("No team"), row["open"], _inbox(view), row["waiting"])


def _near(tickets: TicketQuerySet, now: datetime) -> list[Near]:
    """Those of which a promise is about to break, the first to break first; NEAR_AT_MOST at most."""
    runs = near_runs(now).filter(ticket=OuterRef("pk")).order_by("due_at", "pk")
    rows = tickets.filter(is_about_to_break(now)).annotate(
        near_words=Coalesce(Subquery(runs.values("promise__words")[:1]), Value("")),
        near_due_at=Coalesce(Subquery(runs.values("due_at")[:1]), F("answer_due_at")),
    )
    found: Iterable[Any] = rows.select_related("customer__merged_into", "team").order_by("near_due_at", "pk")
    return [_near_one(one, one.near_due_at - now) for one in found[:NEAR_AT_MOST]]  # type: ignore[index]


def _near_one(ticket: Any, left: timedelta) -> Near:
    words = in_words(left.total_seconds())
    return Near(ticket, ticket.near_words, ticket.near_due_at, words, is_soon=left < timedelta(hours=1))


def _waiting(
    tickets: TicketQuerySet, now: datetime, backlog: list[dict[str, Any]], near: list[Near], team: Team | None
) -> Figure:
    count, first, late = (sum(row[name] for row in backlog) for name in ("waiting", "first", "late"))
    few = len(near) < NEAR_AT_MOST
    notes = [Note(_("%(count)s for a first answer") % {"count": first}, _inbox("waiting-first", team))] if first else []
    if near:
        words = ngettext("%(count)s promise about to break", "%(count)s promises about to break", len(near))
        counted = str(len(near)) if few else f"{NEAR_AT_MOST - 1}+"
        notes.append(Note(words % {"count": counted}, _inbox("near", team), BAD))
    if late:
        notes.append(Note(_("%(count)s past the promise") % {"count": late}, _inbox("late", team), BAD))
    elif count and not near:
        notes.append(Note(_("all within the promise"), tone=GOOD))
    return Figure(
        key="waiting",
        label=_("Waiting for us"),
        value=str(count),
        unit=ngettext("person", "people", count),
        beside=_longest_wait(tickets, now) if count else None,
        notes=tuple(notes) or (Note(_("Nobody waits.")),),
        definition=_(
            "Conversations in which the customer wrote last and nobody has answered yet, on every channel, snoozed or"
            " not. The longest wait is by the clock on the wall: nights and Sundays count. The promise is the strictest"
            " one of an answer that holds for the ticket; where none does, it is %(minutes)s minutes of opening hours."
            " About to break: less than a quarter of its time is left."
        )
        % {"minutes": Desk.current().promise_minutes},
        url=_inbox("waiting-all", team),
    )


def _longest_wait(tickets: TicketQuerySet, now: datetime) -> Note | None:
    # Not joined: all that is asked is since when, and whose page to open.
    first = tickets.waiting().order_by("waiting_since").first()
    if first is None or first.waiting_since is None:
        return None
    words = " ".join(as_time(max(now - first.waiting_since, timedelta(0))))
    return Note(_("longest %(time)s") % {"time": words}, first.get_absolute_url())


def _since_midnight(today: dict[str, Total], question: Question) -> tuple[Note, ...]:
    """What came and what went today."""
    words = {"opened": _("%(count)s new today"), "solved": _("%(count)s solved")}
    return tuple(Note(words[key] % {"count": today[key].now.n}, _behind(key, question)) for key in words)


# --- Chats, answers, making good -----------------------------------------------------------
def _chats(tickets: TicketQuerySet, now: datetime, people: list[Here], team: Team | None) -> Figure:
    live = tickets.filter(is_live_chat(now)).count()
    taking = [one for one in people if one.takes_chats]
    places, free = sum(one.user.capacity for one in taking), sum(one.free for one in taking)
    on = ngettext("%(count)s person on", "%(count)s people on", len(taking)) % {"count": len(taking)}
    if not taking:
        notes: tuple[Note, ...] = (Note(_("Nobody takes chats now.")),)
    else:
        left = ngettext("%(count)s place free", "%(count)s places free", free) % {"count": free}
        notes = (Note(on, _team_page(team)), Note(left, tone=GOOD) if free else Note(_("no place free"), tone=BAD))
    return Figure(
        key="chats",
        label=_("Chats under way"),
        value=str(live),
        unit=_("of %(places)s") % {"places": places} if places else "",
        definition=_(
            "Chats that somebody has and in which something was said in the last quarter of an hour; and how many can"
            " go on at once with those of us whose workspace is open and who take chats."
        ),
        url=_inbox("chats", team),
        notes=notes,
    )


def _first_answer(found: Found, question: Question) -> Figure:
    """Of today, beside what is usual."""
    measure = MEASURES["first_answer"]
    value, unit = as_time(timedelta(seconds=round(found.value))) if found.value is not None else (None, "")
    definition = [
        str(measure.definition),
        _("Here of today, in your time zone; usual is the median of the %(days)s days before.") % {"days": USUAL_DAYS},
    ]
    return Figure(
        key="first_answer",
        label=_("First response today, median"),
        value=value,
        unit=unit,
        definition=" ".join(definition),
        url=_behind(measure.key, question),
        notes=_answer_notes(found, _usual(measure, question)),
    )


def _answer_notes(found: Found, usual: float | None) -> tuple[Note, ...]:
    if found.value is None or found.ninety is None:
        return (Note(_("Nobody was answered for the first time today.")),)
    notes = [Note(_("90 %% within %(time)s") % {"time": in_words(found.ninety)})]
    if usual is not None and (change := round(found.value - usual)):
        words = _("%(change)s on the usual") % {"change": ("−" if change < 0 else "+") + in_words(abs(change))}
        notes.append(Note(words, tone=GOOD if change < 0 else ""))
    return (*notes, Note(f"n = {found.n}"))


def _usual(measure: Measure, question: Question) -> float | None:
    """The median of the days before today, in seconds; None if there was nothing."""
    today = question.period
    before = Period(today.first - timedelta(days=USUAL_DAYS), today.first - timedelta(days=1), today.zone)
    facts = replace(question, period=before).behind(measure)
    median = Percentile(question.length, MEDIAN, output_field=FloatField())
    found: float | None = facts.order_by().aggregate(median=median)["median"]
    return found


def _made_good(month: MadeGood, team: Team | None) -> Figure:
    notes: list[Note] = []
    if month.budget is not None:
        amounts = {"used": _money(month.spent), "most": _money(month.budget)}
        notes.append(Note(_("%(used)s of %(most)s") % amounts, tone=BAD if month.spent > month.budget else ""))
    if month.ratio is not None:
        ratio = number_format(month.ratio.quantize(Decimal("0.1")), use_l10n=True)
        notes.append(Note(_("%(ratio)s × the gap") % {"ratio": ratio}))
    if not month.cases:
        notes.insert(0, Note(_("No case was opened this month.")))
    return Figure(
        key="made_good",
        label=_("Made good this month"),
        value=str(month.good),
        unit=ngettext("of %(count)s case", "of %(count)s cases", month.cases) % {"count": month.cases}
        if month.cases
        else "",
        definition=_(
            "Of the cases opened this month, on the company’s calendar: those whose offer was accepted, or of which"
            " somebody has seen that it is right again. Beside it what the teams gave this month of what they may, and"
            " what was chosen over the gap: the middle one of these cases’ accepted offers."
        ),
        url=_with_team(reverse("reports:made_good"), team),
        notes=tuple(notes),
    )


def _money(amount: Decimal) -> str:
    return shown(amount, Desk.current().currency)


# --- Days and addresses --------------------------------------------------------------------
def _behind(measure: str, question: Question) -> str:
    """The very conversations that a measure counts."""
    return behind_url(replace(question, span=f"{question.period.first}..{question.period.last}"), measure)


def _inbox(view: str, team: Team | None = None) -> str:
    return f"{reverse('tickets:inbox')}?{urlencode({'view': f'{view}.{team.slug}' if team else view})}"


def _team_page(team: Team | None) -> str:
    return _with_team(reverse("reports:team"), team, show="here")


def _with_team(address: str, team: Team | None, **more: StrOrPromise) -> str:
    asked = ({"team": team.slug} if team else {}) | more
    return f"{address}?{urlencode(asked)}" if asked else address
