"""What an address asks of the figures: filters in words become a question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import Team, User
from customers.models import Company
from reports.periods import DAYS, MOST_DAYS, USUAL_DAYS, Period, last_days, month_of
from reports.queries.parts import company_of
from reports.queries.question import Question
from tickets.models import Channel, Tag, Ticket

FILTERS = ("span", "team", "channel", "tag", "company", "hours")
CLOCK = "clock"
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """The question, and by their names what was not understood: it asks what is usual instead."""

    question: Question
    problems: dict[str, str] = field(default_factory=dict)


def asked(given: Mapping[str, str], viewer: User, now: datetime) -> Asked:
    """`given` is the query of an address: `span` 7, 30, 90, 365, month, last-month or 2026-10-01..2026-10-31, `team` a
    slug, `channel`, `tag` a name, `company` a number, `hours` may be clock. Never fails."""
    texts = {name: _plain(given.get(name, "")) for name in FILTERS}
    problems: dict[str, str] = {}
    period = read_span(texts["span"] or str(USUAL_DAYS), now, viewer.zone)
    if period is None:
        problems["span"] = _("These days were not understood; here are the last %(days)s.") % {"days": USUAL_DAYS}
        texts["span"] = ""
    channel = texts["channel"] if texts["channel"] in ("", *Channel.values) else None
    team, tag = _team(texts["team"], viewer), _tag(texts["tag"])
    company = company_of(viewer, texts["company"]) if texts["company"] else None
    unknown = {
        "team": (team, _("There is no such team; here are all.")),
        "tag": (tag, _("There is no such tag; here are all conversations.")),
        "company": (company, _("There is no such company; here are all.")),
    }
    problems |= {name: words for name, (found, words) in unknown.items() if texts[name] and found is None}
    if channel is None:
        problems["channel"] = _("There is no such channel; here are all.")
    if texts["hours"] not in ("", CLOCK):
        problems["hours"] = _("Times are in opening hours, or by the clock on the wall.")
    question = Question(
        viewer,
        period or last_days(USUAL_DAYS, now, viewer.zone),
        texts["span"] or str(USUAL_DAYS),
        team=team,
        channel=channel or "",
        tag=tag,
        company=company,
        by_clock=texts["hours"] == CLOCK,
    )
    return Asked(question, problems)


def read_span(text: str, now: datetime, zone: ZoneInfo) -> Period | None:
    """The days that a `span` means; None if it means none."""
    today = now.astimezone(zone).date()
    if text in map(str, DAYS):
        return last_days(int(text), now, zone)
    if text == "month":
        return Period(today.replace(day=1), today, zone)
    if text == "last-month":
        return month_of(today.replace(day=1) - timedelta(days=1), zone)
    return days_of(text, zone)


def days_of(text: str, zone: ZoneInfo) -> Period | None:
    """`2026-10-01..2026-10-31`; None if it is not that."""
    found = _DATES.fullmatch(text)
    if not found:
        return None
    try:
        first, last = map(date.fromisoformat, found.groups())
    except ValueError:
        return None
    period = Period(first, last, zone)
    is_sane = EARLIEST <= first <= last <= LATEST and period.days <= MOST_DAYS
    return period if is_sane else None


def _plain(text: str) -> str:
    """Without what Postgres cannot be asked for."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()[:200]


def _team(slug: str, viewer: User) -> Team | None:
    """Of all, or of one's own."""
    if not slug:
        return None
    return next((team for team in teams_of(viewer) if team.slug == slug), None)


def teams_of(viewer: User) -> list[Team]:
    """Those that somebody can ask for."""
    teams = Team.objects.all() if viewer.has_perm("tickets.view_all") else viewer.teams.all()
    return sorted(teams, key=lambda team: (team.name.casefold(), team.pk))


def _tag(name: str) -> Tag | None:
    return Tag.objects.filter(name__iexact=name).first() if name else None


def company_named(words: str, viewer: User) -> Company | None:
    """The first whose name has these words in it, of those that the viewer may see."""
    found = Company.objects.filter(name__icontains=words).order_by("name", "pk")
    if not viewer.has_perm("customers.view_all"):
        seen = Ticket.objects.visible_to(viewer)
        found = found.filter(pk__in=seen.values("customer__company"))
    return found.first()
