"""Whom we have made it good with this month, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Subquery

from accounts.models import Team, User
from recovery.models import Case, Offer
from recovery.models.cases import CaseQuerySet
from recovery.queries.beyond import beyond
from recovery.queries.budgets import month_of, team_budgets
from tickets.queries.inbox import Cursor

PAGE_SIZE = 50
_STRETCH = "q"
_ACCEPTED = Offer.objects.filter(case=OuterRef("pk"), state=Offer.State.ACCEPTED)
IS_GOOD = Exists(_ACCEPTED) | Q(verified_at__isnull=False)


@dataclass(frozen=True)
class MadeGood:
    """Of the cases opened this month. `budget` is None where no team has one; `ratio` where nothing was accepted."""

    cases: int
    good: int
    spent: Decimal
    budget: Decimal | None
    ratio: Decimal | None


@dataclass(frozen=True)
class CasePage:
    """Cases with `is_good`, the newest first, and where the next page begins."""

    cases: list[Any]
    next_cursor: Cursor | None


def made_good(viewer: User, now: datetime, team: Team | None = None) -> MadeGood:
    """The month so far, on the company's calendar; the money in its currency."""
    cases = cases_of_month(viewer, now, team)
    found = cases.order_by().aggregate(cases=Count("pk"), good=Count("pk", filter=IS_GOOD))
    budgets = [limit for of, limit in team_budgets(viewer, now) if team is None or of == team]
    return MadeGood(
        cases=found["cases"],
        good=found["good"],
        spent=sum((one.used for one in budgets), Decimal(0)),
        budget=sum((one.most for one in budgets), Decimal(0)) if budgets else None,
        ratio=beyond(cases)[1] if found["good"] else None,
    )


def cases_of_month(viewer: User, now: datetime, team: Team | None = None) -> CaseQuerySet:
    """Those opened this month that the viewer may see."""
    start, end = month_of(now)
    cases = Case.objects.visible_to(viewer).counted_once().filter(opened_at__gte=start, opened_at__lt=end)
    return cases.filter(ticket__team=team) if team else cases


def case_page(cases: CaseQuerySet, *, cursor: str = "") -> CasePage:
    """A page of them, the newest first."""
    taken = _ACCEPTED.order_by("-pk")
    rows: Any = cases.annotate(
        is_good=IS_GOOD,
        amount=Subquery(taken.values("chosen__value")[:1]),
        currency=Subquery(taken.values("currency")[:1]),
    )
    rows = rows.select_related("ticket__customer__merged_into", "ticket__team").order_by("-opened_at", "-pk")
    after = Cursor.parse(cursor)
    if after is not None:
        earlier = Q(opened_at__lt=after.at) | Q(opened_at=after.at, pk__lt=after.number)
        rows = rows.filter(earlier, opened_at__lte=after.at)
    page = list(rows[: PAGE_SIZE + 1])
    last = page[PAGE_SIZE - 1] if len(page) > PAGE_SIZE else None
    return CasePage(page[:PAGE_SIZE], Cursor(_STRETCH, last.opened_at, last.pk) if last else None)
