"""The same failure, a different remedy: does what was offered go by who wrote, or by who answered?

Counted are the cases that were opened in the period by a failure of our own, and that have come to something: the last
offer that left, at its dearest option (what they choose of it is theirs to decide), over the gap as it was then; or
nothing, where a case was closed without an offer though something was lost. Who was held out by lot is left out.
What is done with it is in `recovery/fairness.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.languages import language_in_words
from accounts.models import User
from recovery.fairness import Against, Given, against_the_others, stand_out
from recovery.models import Arm, Case, Kind, Offer, Option, Severity
from tickets.models import Channel, Ticket

AGENT = "agent"


@dataclass(frozen=True)
class Settled:
    """What one customer was offered for one failure."""

    case: int
    ticket: int
    subject: str
    kind: str
    severity: int
    currency: str
    offered: Decimal
    gap: Decimal | None  # None: no offer was made, so none was written down
    at: datetime
    agent: int | None
    agent_name: str
    company: int | None
    locale: str
    is_known: bool
    channel: str

    @property
    def stratum(self) -> tuple[str, int]:
        return self.kind, self.severity

    @property
    def ratio(self) -> Decimal:
        """What was offered over what was missing, to two decimals."""
        return (self.offered / self.gap).quantize(Decimal("0.01")) if self.gap else Decimal(0)


@dataclass(frozen=True)
class Line:
    """One group of them against all others with the same failures."""

    by: str
    key: str
    label: str
    cases: int
    against: Against
    stands_out: bool

    @property
    def is_more(self) -> bool:
        return self.against.more > 0.5


@dataclass(frozen=True)
class Alike:
    """Of whom there is something to ask. Of agents, only those: it is no list of everybody."""

    cases: int
    agents: int
    agents_with_enough: int
    questions: list[Line]
    segments: list[tuple[str, list[Line]]]


def _company(one: Settled) -> str:
    return "with" if one.company else "none"


def _known(one: Settled) -> str:
    return "known" if one.is_known else "new"


# By what customers are told apart: what there is of them.
SEGMENTS: dict[str, tuple[str | Promise, Callable[[Settled], str]]] = {
    "company": (gettext_lazy("Company"), _company),
    "language": (gettext_lazy("Language"), lambda one: one.locale.replace("_", "-").partition("-")[0].lower()),
    "known": (pgettext_lazy("customers", "New or known"), _known),
    "channel": (gettext_lazy("Channel"), lambda one: one.channel),
}


def label_of(by: str, key: str) -> str:
    """A group in words."""
    if by == "company":
        return _("With a company") if key == "with" else _("Without a company")
    if by == "known":
        return pgettext("customer", "Known") if key == "known" else pgettext("customer", "New: their first ticket")
    if by == "channel":
        return str(Channel(key).label) if key in Channel.values else key
    return language_in_words(key) if key else _("Language not known")


def alike(viewer: User, *, now: datetime, days: int) -> Alike:
    """What of the period asks for a second look, of the cases that the viewer may see."""
    found = settled(viewer, now=now, days=days)
    agents = lines(found, AGENT)
    segments = [(str(label), lines(found, by)) for by, (label, _key) in SEGMENTS.items()]
    return Alike(
        cases=len(found),
        agents=len(agents),
        agents_with_enough=sum(one.against.is_enough for one in agents),
        questions=[one for one in agents if one.stands_out],
        segments=[(label, some) for label, some in segments if len(some) > 1],
    )


def lines(found: list[Settled], by: str) -> list[Line]:
    """Each group against all others, by name: never by how much they give."""
    groups: dict[str, list[Settled]] = defaultdict(list)
    names: dict[str, str] = {}
    for one in found:
        key = key_of(one, by)
        if key is not None:
            groups[key].append(one)
            names.setdefault(key, one.agent_name if by == AGENT else label_of(by, key))
    keys = sorted(groups, key=lambda key: (names[key].casefold(), key))
    against = [compared(found, by, key) for key in keys]
    told = zip(keys, against, stand_out(against), strict=True)
    return [Line(by, key, names[key], len(groups[key]), one, is_out) for key, one, is_out in told]


def key_of(one: Settled, by: str) -> str | None:
    if by == AGENT:
        return str(one.agent) if one.agent else None
    return SEGMENTS[by][1](one)


def compared(found: Iterable[Settled], by: str, key: str) -> Against:
    """Of whom nobody knows to which group they belong, they stand among the others."""
    return against_the_others(Given(one.stratum, float(one.ratio), key_of(one, by) == key) for one in found)


@dataclass(frozen=True)
class Stratum:
    """The cases with the same failure: those of the group, and all others."""

    kind: str
    severity: int
    theirs: list[Settled]
    others: list[Settled]

    @property
    def label(self) -> str:
        kind = str(Kind(self.kind).label).partition(":")[0]
        return f"{kind} · {Severity(self.severity).label}"


def strata(found: Iterable[Settled], by: str, key: str) -> list[Stratum]:
    """The very cases that a line is made of; what has nothing to be compared with comes last."""
    both: dict[tuple[str, int], Stratum] = {}
    for one in found:
        stratum = both.setdefault(one.stratum, Stratum(*one.stratum, [], []))
        (stratum.theirs if key_of(one, by) == key else stratum.others).append(one)
    wanted = [one for one in both.values() if one.theirs]
    return sorted(wanted, key=lambda one: (not one.others, one.kind, one.severity))


# --- What is compared ----------------------------------------------------------------------
def settled(viewer: User, *, now: datetime, days: int) -> list[Settled]:
    """The cases of the period that came to something, in one query."""
    left = Offer.objects.filter(case=OuterRef("pk"), sent_at__isnull=False).order_by("-version")
    dearest = Option.objects.filter(offer=OuterRef("offer")).order_by().values("offer").annotate(most=Max("value"))
    theirs = Q(customer=OuterRef("customer")) | Q(customer__merged_into=OuterRef("customer"))
    earlier = Ticket.objects.filter(theirs, created_at__lt=OuterRef("ticket__created_at"))
    rows: Any = Case.objects.visible_to(viewer).counted_once()
    rows = rows.filter(opened_at__gt=now - timedelta(days=days), opened_at__lte=now)
    rows = rows.filter(ticket__failure__is_our_fault=True).exclude(arm=Arm.HOLDOUT)
    rows = rows.annotate(
        offer=Subquery(left.values("pk")[:1]),
        offer_gap=Subquery(left.values("gap")[:1]),
        offer_currency=Subquery(left.values("currency")[:1]),
        offer_by=Subquery(left.values("by")[:1]),
        offer_by_name=Subquery(left.values("by__name")[:1]),
        dearest=Subquery(dearest.values("most")),
        is_known=Exists(earlier),
    ).filter(
        Q(offer__isnull=False, offer_gap__gt=0)
        | Q(offer=None, state=Case.State.CLOSED, ticket__failure__loss__gt=0)
    )  # fmt: skip
    names = [F(name) for name in _NAMES]
    return [_settled(*row) for row in rows.order_by("opened_at", "pk").values_list(*names)]


_NAMES = (
    "pk",
    "ticket",
    "ticket__subject",
    "ticket__failure__kind",
    "ticket__failure__severity",
    "ticket__failure__currency",
    "opened_at",
    "offer",
    "offer_gap",
    "offer_currency",
    "offer_by",
    "offer_by_name",
    "dearest",
    "owner",
    "owner__name",
    "customer__company",
    "customer__locale",
    "is_known",
    "ticket__channel",
)


def _settled(*row: Any) -> Settled:
    one = dict(zip(_NAMES, row, strict=True))
    has_offer = one["offer"] is not None
    return Settled(
        case=one["pk"],
        ticket=one["ticket"],
        subject=one["ticket__subject"],
        kind=one["ticket__failure__kind"],
        severity=one["ticket__failure__severity"],
        currency=one["offer_currency"] if has_offer else one["ticket__failure__currency"],
        offered=one["dearest"] or Decimal(0),
        gap=one["offer_gap"] if has_offer else None,
        at=one["opened_at"],
        agent=one["offer_by"] if has_offer else one["owner"],
        agent_name=(one["offer_by_name"] if has_offer else one["owner__name"]) or "",
        company=one["customer__company"],
        locale=one["customer__locale"],
        is_known=one["is_known"],
        channel=one["ticket__channel"],
    )
