"""What may be given without asking, and how much of it is used: read from the ledger, in the company's currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Desk, Team, User
from customers.models import Customer
from recovery.models import Allowance, LedgerEntry, Policy, TeamBudget
from recovery.money import exact, shown
from tickets.models import Ticket

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CUSTOMER_DAYS = 90
SINGLE, WEEKLY, TEAM, CUSTOMER, NO_RATE = "single", "weekly", "team", "customer", "no_rate"
Reason = list[str]  # [kind, what is allowed, what it would come to]; of "no_rate" the currency and nothing
Step = LedgerEntry.Step

LABELS: dict[str, StrOrPromise] = {
    SINGLE: gettext_lazy("At once"),
    WEEKLY: gettext_lazy("This week"),
    TEAM: gettext_lazy("The team this month"),
    CUSTOMER: gettext_lazy("For this customer in 90 days"),
}


@dataclass(frozen=True)
class Limit:
    """One of the limits of whoever gives something: how much there is, and how much of it is used."""

    kind: str
    most: Decimal
    used: Decimal

    @property
    def left(self) -> Decimal:
        return max(self.most - self.used, Decimal(0))

    @property
    def label(self) -> StrOrPromise:
        return LABELS[self.kind]


def week_of(now: datetime) -> tuple[datetime, datetime]:
    """From Monday to Monday, on the company's clock."""
    local = timezone.localtime(now, ZoneInfo(Desk.current().time_zone))
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The calendar month, on the company's clock."""
    local = timezone.localtime(now, ZoneInfo(Desk.current().time_zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def spent(reservations: QuerySet[LedgerEntry]) -> Decimal:
    """What these came to: what is issued where something was chosen, what is reserved where nothing is yet, nothing
    where it has expired or was withdrawn."""
    total = _kept(reservations).aggregate(total=Sum(Coalesce(_ISSUED, "own_amount")))["total"]
    return exact(total or Decimal(0), Desk.current().currency)


_LATER = LedgerEntry.objects.filter(offer=OuterRef("offer"))
_ISSUED = Subquery(_LATER.filter(step=Step.ISSUE).values("own_amount"))


def _kept(entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """The reservations among these that still stand, or became something that was issued."""
    is_over = Exists(_LATER.filter(step__in=[Step.EXPIRE, Step.VOID]))
    return entries.filter(~is_over, step=Step.RESERVE, own_currency=Desk.current().currency)


def spent_by(user: User, now: datetime) -> Decimal:
    """What they gave this week on their own account: what they sent within their limits, and what they approved."""
    start, end = week_of(now)
    return spent(LedgerEntry.objects.filter(by=user, at__gte=start, at__lt=end))


def spent_by_team(team: Team, now: datetime) -> Decimal:
    start, end = month_of(now)
    return spent(LedgerEntry.objects.filter(offer__team=team, at__gte=start, at__lt=end))


def spent_by_teams(now: datetime) -> dict[int, Decimal]:
    """What each team gave this month, by its key, in one query."""
    start, end = month_of(now)
    kept = _kept(LedgerEntry.objects.filter(offer__team__isnull=False, at__gte=start, at__lt=end))
    sums = kept.order_by("offer__team").values("offer__team").annotate(total=Sum(Coalesce(_ISSUED, "own_amount")))
    currency = Desk.current().currency
    return {row["offer__team"]: exact(row["total"] or Decimal(0), currency) for row in sums}


def team_budgets(viewer: User, now: datetime) -> list[tuple[Team, Limit]]:
    """What the teams that they see have given this month of what they may."""
    budgets = TeamBudget.objects.select_related("team").order_by("team__name")
    if not viewer.has_perm("tickets.view_all"):
        budgets = budgets.filter(team__in=[team.pk for team in viewer.teams.all()])
    kept = list(budgets)
    used = spent_by_teams(now) if kept else {}
    return [(one.team, Limit(TEAM, one.monthly, used.get(one.team_id, Decimal(0)))) for one in kept]


def spent_on(customer: Customer, now: datetime) -> Decimal:
    """What this person was given lately, under whichever record."""
    theirs = Q(offer__case__ticket__in=Ticket.objects.of_person(customer))
    return spent(LedgerEntry.objects.filter(theirs, at__gt=now - timedelta(days=CUSTOMER_DAYS)))


def person_of(customer: Customer) -> int:
    """The record that this one is known to be, or itself."""
    return customer.merged_into_id or customer.pk


def spent_on_each(customers: Iterable[Customer], now: datetime) -> dict[int, Decimal]:
    """What each of these people was given lately, by `person_of`, in one query."""
    person = Coalesce("offer__case__ticket__customer__merged_into", "offer__case__ticket__customer")
    people = {person_of(customer) for customer in customers}
    lately = LedgerEntry.objects.alias(person=person).filter(
        person__in=people, at__gt=now - timedelta(days=CUSTOMER_DAYS)
    )
    kept = _kept(lately).annotate(person=person).values("person").annotate(total=Sum(Coalesce(_ISSUED, "own_amount")))
    currency = Desk.current().currency
    return {row["person"]: exact(row["total"] or Decimal(0), currency) for row in kept.order_by("person")}


def own_limits(user: User | None, now: datetime) -> list[Limit]:
    """What this person may give without asking; the system nothing."""
    if user is None:
        return [Limit(SINGLE, Decimal(0), Decimal(0))]
    allowance = Allowance.of(user)
    return [Limit(SINGLE, allowance.single, Decimal(0)), Limit(WEEKLY, allowance.weekly, spent_by(user, now))]


def limits_of(user: User | None, ticket: Ticket, *, now: datetime, policy: Policy) -> list[Limit]:
    """All limits that an offer of theirs on this ticket stands under."""
    limits = own_limits(user, now)
    budget = TeamBudget.objects.filter(team=ticket.team_id).select_related("team").first() if ticket.team_id else None
    if budget is not None:
        limits.append(Limit(TEAM, budget.monthly, spent_by_team(budget.team, now)))
    limits.append(Limit(CUSTOMER, policy.customer_cap, spent_on(ticket.customer, now)))
    return limits


def beyond(limits: list[Limit], amount: Decimal | None, currency: str) -> list[Reason]:
    """Which limits an offer of this amount (in the company's currency; None: nobody knows) is beyond."""
    if amount is None:
        return [[NO_RATE, currency, ""]]
    return [[one.kind, str(one.most), str(one.used + amount)] for one in limits if one.used + amount > one.most]


def covers(user: User, amount: Decimal, limits: list[Limit]) -> bool:
    """Whether their own allowance, which is `limits`, is enough for it; a manager's always is."""
    return user.has_perm("recovery.manage") or not beyond(limits, amount, "")


def in_words(reason: Reason) -> str:
    """Why somebody else has to say yes."""
    kind, most, amount = reason
    if kind == NO_RATE:
        return _("There is no rate for %(currency)s, so nobody can say what it costs.") % {"currency": most}
    currency = Desk.current().currency
    values = {"most": shown(Decimal(most), currency), "amount": shown(Decimal(amount), currency)}
    sentences = {
        SINGLE: _("%(amount)s at once is more than %(most)s."),
        WEEKLY: _("It would be %(amount)s this week, and %(most)s are allowed."),
        TEAM: _("The team would come to %(amount)s this month, and has %(most)s."),
        CUSTOMER: _("This customer would get %(amount)s in 90 days, and %(most)s are usual at most."),
    }
    return sentences[kind] % values
