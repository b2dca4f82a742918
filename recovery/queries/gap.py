"""What is missing on a ticket: its failure's loss and its hassle, in the failure's currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from accounts.models import Desk, User
from recovery.gap import Gap, reckon
from recovery.models import Failure, Policy, Rate
from recovery.queries.hassle import hassle_of
from tickets.models import Ticket


def gap_of(ticket: Ticket, *, now: datetime, policy: Policy | None = None) -> Gap:
    """The gap as it stands. Without a failure there is no loss, and the hassle is in the company's currency.

    Where the failure's currency has no rate, the hassle is left out of the sums, and `lacks_rate` says so.
    """
    policy = policy or Policy.current()
    failure = Failure.objects.filter(ticket=ticket).first()
    own = Desk.current().currency
    currency = failure.currency if failure else own
    rate = rate_of(currency, own)
    parts = hassle_of(
        ticket,
        now=now,
        policy=policy,
        currency=currency if rate else own,
        rate=rate or Decimal(1),
    )
    return reckon(
        currency=currency,
        value=failure.value if failure else None,
        loss=failure.loss if failure else Decimal(0),
        parts=parts,
        target=policy.target,
        cap_percent=policy.cap_percent,
        failure=failure,
        lacks_rate=rate is None,
        parts_currency=currency if rate else own,
    )


def rate_of(currency: str, own: str) -> Decimal | None:
    """What one unit of it is worth in the company's currency; None where nobody has said so."""
    if currency == own:
        return Decimal(1)
    return Rate.objects.filter(currency=currency).values_list("rate", flat=True).first()


def failures_before(ticket: Ticket, viewer: User) -> list[Failure]:
    """What went wrong for this person on other tickets that the viewer may see, the newest first."""
    others = Ticket.objects.visible_to(viewer).of_person(ticket.customer).exclude(pk=ticket.pk)
    others = others.exclude(merged_into=ticket)  # that is the same one
    found = Failure.objects.filter(ticket__in=others).select_related("ticket__root_cause")
    return list(found.order_by("-noted_at")[:5])


def noted_twice(ticket: Ticket) -> list[Failure]:
    """What was noted on a ticket before it was merged into this one, which had a failure already: it does not count."""
    return list(Failure.objects.filter(ticket__merged_into=ticket).order_by("noted_at"))


def seen_by(viewer: User, numbers: Iterable[int]) -> set[int]:
    """Which of these tickets the viewer may see: of the others, that something happened there, but not what."""
    return set(Ticket.objects.visible_to(viewer).filter(pk__in=set(numbers)).values_list("pk", flat=True))


def seen_gap(gap: Gap, viewer: User) -> Gap:
    """The gap with only the evidence that the viewer may look at; counts and sums stay as they are."""
    seen = seen_by(viewer, (one.ticket for part in gap.parts for one in part.evidence))
    parts = [replace(part, evidence=tuple(one for one in part.evidence if one.ticket in seen)) for part in gap.parts]
    return replace(gap, parts=tuple(parts))
