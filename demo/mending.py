"""What Bellwether Cycles has done about the causes of its mistakes, and the pauses that people took."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from accounts.models import Breather, User
from tickets.actions.causes import look_after_cause
from tickets.models import RootCause, Ticket

SOON = timedelta(hours=5)
# slug, state, who sees to it, what was changed; what is fixed was so soon after it happened for the last time
MENDED = [
    ("tyre-size", "fixing", "Lena Brandt", ""),
    ("stock-count", "open", "Grace Mwangi", ""),
    (
        "parcel-at-depot",
        "fixed",
        "Ingrid Solheim",
        "The carrier now rings before it leaves a parcel at the depot, and we hear of it the same evening.",
    ),
    (
        "double-charge",
        "fixed",
        "Grace Mwangi",
        "The checkout waits for the bank before it lets anybody press “Pay” again.",
    ),
]
# who, minutes ago, minutes
BREATHERS = [("Jonas Reuter", 26 * 60, 10), ("Piet de Wit", 50 * 60, 5), ("Piet de Wit", 3 * 60, 10)]


def mend_causes(people: dict[str, User], now: datetime) -> None:
    for slug, state, owner, change in MENDED:
        cause = RootCause.objects.get(slug=slug)
        last = Ticket.objects.filter(root_cause=cause).aggregate(at=Max("created_at"))["at"]
        at = min(last + SOON, now) if last else now
        look_after_cause(cause, by=people["Ingrid Solheim"], state=state, owner=people[owner], change=change, at=at)


def take_breathers(people: dict[str, User], now: datetime) -> None:
    for name, ago, minutes in BREATHERS:
        began = now - timedelta(minutes=ago)
        Breather.objects.create(user=people[name], began_at=began, ended_at=began + timedelta(minutes=minutes))
