"""What somebody asks of the figures: which days, and of which conversations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from accounts.models import Team, User
from customers.models import Company
from reports.measures import Hit, Kind, Measure
from reports.models import Fact, FactQuerySet
from reports.periods import USUAL_DAYS, Period
from tickets.models import Tag, Ticket


@dataclass(frozen=True)
class Question:
    """The same for every chart of a page. `span` is the period as the address has it: `30`, `month`, `last-month` or
    `2026-10-01..2026-10-31`. With `by_clock`, lengths are those on the wall instead of in opening hours."""

    viewer: User
    period: Period
    span: str = str(USUAL_DAYS)
    team: Team | None = None
    channel: str = ""
    tag: Tag | None = None
    company: Company | None = None
    by_clock: bool = False

    @property
    def before(self) -> Question:
        """The same of as many days before."""
        return replace(self, period=self.period.before, span=f"{self.period.before.first}..{self.period.before.last}")

    @cached_property
    def query(self) -> str:
        """As in an address; empty for what is usual."""
        found = {
            "span": "" if self.span == str(USUAL_DAYS) else self.span,
            "team": self.team.slug if self.team else "",
            "channel": self.channel,
            "tag": self.tag.name if self.tag else "",
            "company": str(self.company.pk) if self.company else "",
            "hours": "clock" if self.by_clock else "",
        }
        return urlencode({name: value for name, value in found.items() if value})

    @property
    def query_with_days(self) -> str:
        """The same, its period always said: for pages on which another one is usual."""
        more = "" if "span=" in self.query else f"span={self.span}"
        return "&".join(filter(None, [more, self.query]))

    @property
    def length(self) -> str:
        """The column of `Fact` that lengths are read from."""
        return "seconds" if self.by_clock else "open_seconds"

    def facts(self, *kinds: Kind) -> FactQuerySet:
        """Of the period; never of tickets that the viewer may not see."""
        return self.facts_ever(*kinds).between(self.period.start, self.period.end)

    def facts_ever(self, *kinds: Kind) -> FactQuerySet:
        """Of these conversations, whenever."""
        found = Fact.objects.visible_to(self.viewer).of_kind(*kinds)
        if self.team:
            found = found.filter(team=self.team)
        if self.channel:
            found = found.filter(channel=self.channel)
        if self.tag:  # not joined: a chart by tags asks for the others
            found = found.filter(ticket__in=Ticket.tags.through.objects.filter(tag=self.tag).values("ticket"))
        if self.company:
            found = found.filter(ticket__customer__company=self.company)
        return found

    def behind(self, measure: Measure) -> FactQuerySet:
        """The very facts that a measure is made of."""
        return counted(self.facts(measure.kind), measure, self.length)


def counted(facts: FactQuerySet, measure: Measure, length: str) -> FactQuerySet:
    """Those of a kind that a measure counts."""
    if measure.only_lasting:
        facts = facts.filter(is_undone=False)
    return facts.filter(**{f"{length}__isnull": False}) if measure.how.is_length else facts


HITS: dict[Hit, dict[str, Any]] = {
    Hit.UNDONE: {"is_undone": True},
    Hit.ONE_ANSWER: {"number__lte": 1},
    Hit.GOOD: {"number__gte": 4},
}
