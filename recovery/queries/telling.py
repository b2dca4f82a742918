"""Whom it is told that a cause is fixed, who is left out and why, and how far a telling has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.models import Address, Customer
from outbox.models import Mail, MailState, Recipient, Suppression
from outbox.policy import may_get
from recovery.models import Case, Policy, Telling, TellingRow
from recovery.queries.brakes import LEFT, sent_today
from tickets.models import RootCause, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.causes import causes_below

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KIND = "cause_fixed"
MAIL_KEY = "cause-fixed-"
AT_ONCE = 2000  # customers that are looked up together
BEST_AFTER, BEST_BEFORE = timedelta(days=15), timedelta(days=30)  # Pacheco et al. 2019
# Why somebody is not told, in the order in which it is looked for.
REASONS: dict[str, StrOrPromise] = {
    "blocked": _("blocked"),
    "told": _("told already"),
    "waiting": _("wait for our answer"),
    "case": _("have an open case of making good"),
    "no_address": _("no address"),
    "unproved": _("an address that nobody has proved"),
    "suppressed": _("unsubscribed, or mails do not arrive"),
    "lately": _("had such a mail not long ago"),
    "gone": _("the ticket is gone"),
    "not_fixed": _("it was not fixed any more"),
    "stopped": _("it was stopped"),
    "not_sent": _("the mail could not leave"),
}


@dataclass(frozen=True)
class Plan:
    """Who would be told, before anybody is: customer → their newest ticket with it, and customer → why not."""

    tickets: dict[int, int]
    left_out: dict[int, str]

    @property
    def count(self) -> int:
        """How many would get a mail."""
        return len(self.tickets) - len(self.left_out)

    @property
    def reasons(self) -> list[tuple[StrOrPromise, int]]:
        """How many would not, by reason."""
        counted = Counter(self.left_out.values())
        return [(words, counted[code]) for code, words in REASONS.items() if counted[code]]


def plan_of(cause: RootCause, since: datetime, now: datetime) -> Plan:
    """Everybody with a ticket opened from then on until it was fixed, with this cause or one below it."""
    tickets = _sufferers(cause, since)
    customers, left_out = list(tickets), dict[int, str]()
    for start in range(0, len(customers), AT_ONCE):
        left_out |= left_out_of(cause, customers[start : start + AT_ONCE], now)
    return Plan(tickets, left_out)


def _sufferers(cause: RootCause, since: datetime) -> dict[int, int]:
    found = tickets_with(cause, since).order_by("customer", "-created_at", "-number").distinct("customer")
    return dict(found.values_list("customer", "pk"))


def tickets_with(cause: RootCause, since: datetime) -> TicketQuerySet:
    """The tickets that count: opened from then on, and before it was fixed; nobody's whose ticket went elsewhere."""
    suffered = Ticket.objects.filter(root_cause__in=causes_below([cause]), created_at__gte=since)
    until = suffered.filter(created_at__lt=cause.fixed_at) if cause.fixed_at else suffered
    return until.filter(trashed_at=None, merged_into=None)


def left_out_of(
    cause: RootCause, customers: Sequence[int], now: datetime, *, is_leaving: bool = False
) -> dict[int, str]:
    """Which of these customers are not told, and why, by the first reason that holds. `is_leaving`: their mail is about
    to be sent, so that only what happened since matters."""
    best = _best_addresses(customers)
    emails = {pk: address.email.lower() for pk, address in best.items()}
    refused = _refused(emails.values())
    found: dict[str, Iterable[int]] = {
        "blocked": Customer.objects.filter(pk__in=customers, is_blocked=True).values_list("pk", flat=True),
        "told": _told(cause, customers),
        "waiting": Ticket.objects.filter(
            customer__in=customers, waiting_since__isnull=False, trashed_at=None
        ).values_list("customer", flat=True),
        "case": Case.objects.open().filter(customer__in=customers).values_list("customer", flat=True),
        "no_address": [pk for pk in customers if pk not in best],
        "unproved": [pk for pk, address in best.items() if not address.is_known],
        "suppressed": [pk for pk, email in emails.items() if email in refused],
        "lately": _had_one(emails, now),
    }
    if is_leaving:
        del found["told"], found["lately"]  # the mail itself; and the brakes know better
    left_out: dict[int, str] = {}
    for code, concerned in found.items():
        for pk in concerned:
            left_out.setdefault(pk, code)
    return left_out


def _best_addresses(customers: Sequence[int]) -> dict[int, Address]:
    best: dict[int, Address] = {}
    for address in Address.objects.filter(customer__in=customers).order_by("pk"):
        known = best.get(address.customer_id)
        if known is None or address.rank >= known.rank:
            best[address.customer_id] = address
    return best


def _refused(emails: Iterable[str]) -> set[str]:
    reasons = Suppression.objects.reasons_for(list(emails))
    return {email for email, why in reasons.items() if not may_get(why, KIND)}


def _told(cause: RootCause, customers: Sequence[int]) -> Iterable[int]:
    """Whoever was told since it was fixed, or will be in a moment."""
    rows = TellingRow.objects.filter(telling__cause=cause, customer__in=customers, state=TellingRow.State.TOLD)
    if cause.fixed_at is not None:
        rows = rows.filter(telling__created_at__gte=cause.fixed_at)
    return rows.values_list("customer", flat=True)


def _had_one(emails: dict[int, str], now: datetime) -> list[int]:
    since = now - timedelta(days=Policy.current().customer_days)
    theirs = Recipient.objects.filter(
        mail__kind=KIND, mail__state__in=LEFT, mail__created_at__gt=since, email__in=list(emails.values())
    )
    had = {email.lower() for email in theirs.values_list("email", flat=True)}
    return [pk for pk, email in emails.items() if email in had]


def best_time(cause: RootCause, now: datetime) -> datetime:
    """When telling helps best: 15 to 30 days after it was fixed, when it has proved to hold."""
    return max(now, cause.fixed_at + BEST_AFTER) if cause.fixed_at else now


def room_today(now: datetime) -> int:
    """How many mails of making good may still leave today, those already in the outbox taken off."""
    waiting = Mail.objects.filter(kind=KIND, state__in=[MailState.PENDING, MailState.SENDING]).count()
    return max(Policy.current().daily_cap - sent_today(now) - waiting, 0)


def tellings_of(cause: RootCause, *, most: int = 5) -> QuerySet[Telling]:
    """The newest of this cause, each with how many were `told` and of how many (`total`)."""
    known = ~Q(rows__state=TellingRow.State.LEFT_OUT)
    told = Count("rows", filter=Q(rows__state=TellingRow.State.TOLD, rows__done_at__isnull=False))
    tellings = Telling.objects.filter(cause=cause).annotate(told=told, total=Count("rows", filter=known))
    return tellings.order_by("-pk")[:most]


def tellings_due(now: datetime) -> list[Telling]:
    """Those that have begun and are not over."""
    due = Telling.objects.filter(send_at__lte=now, ended_at=None, stopped_at=None)
    return list(due.select_related("cause", "by").order_by("send_at", "pk"))


def in_the_post() -> list[TellingRow]:
    """Those whose mail is in the outbox, and of whom it is not yet written down how it ended."""
    return list(TellingRow.objects.filter(state=TellingRow.State.TOLD, done_at=None).order_by("pk"))


def row_of_mail(mail: Mail) -> TellingRow | None:
    """Whom this mail tells it."""
    pk = mail.dedupe_key.removeprefix(MAIL_KEY)
    rows = TellingRow.objects.select_related("telling__cause", "customer")
    return rows.filter(pk=int(pk)).first() if pk.isdigit() else None


def left_out_since(row: TellingRow, now: datetime) -> str:
    """Why somebody who was to be told is not any more. That they are just being told is no reason."""
    left_out = left_out_of(row.telling.cause, [row.customer_id], now, is_leaving=True)
    return left_out.get(row.customer_id, "")


@dataclass(frozen=True)
class Progress:
    """How far a telling has come."""

    telling: Telling

    @cached_property
    def _counted(self) -> Counter[tuple[str, bool]]:
        rows = self.telling.rows.order_by().values_list("state", "done_at")
        return Counter((state, done is not None) for state, done in rows)

    @property
    def told(self) -> int:
        return self._counted["told", True]

    @property
    def in_the_post(self) -> int:
        return self._counted["told", False]

    @property
    def waiting(self) -> int:
        return self._counted["waiting", False]

    @property
    def total(self) -> int:
        """Those who are told or will be."""
        return self.told + self.in_the_post + self.waiting

    @cached_property
    def reasons(self) -> list[tuple[StrOrPromise, int]]:
        left = self.telling.rows.filter(state=TellingRow.State.LEFT_OUT).order_by()
        counted = Counter(left.values_list("reason", flat=True))
        return [(words, counted[code]) for code, words in REASONS.items() if counted[code]]
