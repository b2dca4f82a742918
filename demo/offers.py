"""What the demo company has offered: chosen and done, open, waiting for a yes, and not wanted."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Team, User
from accounts.roles import Role
from recovery.actions import (
    OptionDraft,
    accept_offer,
    decline_offer,
    draft_offer,
    mark_done,
    open_case,
    send_offer,
    set_team_budget,
)
from recovery.models import Failure, Kind, Offer, RemedyKind, Trigger

HOUR = timedelta(hours=1)
CREDIT, CALL, REPLACEMENT = RemedyKind.CREDIT, RemedyKind.CALL, RemedyKind.REPLACEMENT
DONE, OPEN, ASKED, NOT_WANTED = "done", "open", "asked", "not wanted"
# What failed, what is said, what is offered (kind, words, value), what became of it.
OFFERS: list[tuple[str, str, list[tuple[str, str, str]], str]] = [
    (
        Kind.PRODUCT,
        "We fitted the wrong tyre\n\nWe read 47 where it said 42. You were right to come back, and we are sorry.",
        [
            (REPLACEMENT, "The right tyre, fitted at your home", "15"),
            (CREDIT, "€16 back on your card", "16"),
        ],
        DONE,
    ),
    (
        Kind.DELAY,
        "Your parcel lay at the depot for a week\n\nNobody rang, though we had promised it. We are sorry.",
        [(CREDIT, "€12 back on your card", "12"), (CALL, "A call from Ingrid, who runs the shop", "0")],
        OPEN,
    ),
    (
        Kind.MONEY,
        "We charged you twice\n\nThe second payment is on its way back. For the trouble, choose one of these.",
        [(CREDIT, "€40 for your next repair", "40"), (RemedyKind.UPGRADE, "The big service for the small one", "35")],
        ASKED,
    ),
    (
        Kind.INFORMATION,
        "We told you that it is in stock, and it was not\n\nWe are sorry. This is what we can do.",
        [(CREDIT, "€8 back on your card", "8")],
        NOT_WANTED,
    ),
]


def make_offers(people: dict[str, User], teams: dict[str, Team], now: datetime) -> None:
    """On the newest ticket of each kind that somebody works on; the tyre story is left for whoever plays it."""
    manager = people["Ingrid Solheim"]
    set_team_budget(teams["workshop"], by=manager, monthly=Decimal(600), deputy=manager)
    for place, (kind, words, options, fate) in enumerate(OFFERS):
        failures = Failure.objects.filter(
            kind=kind,
            value__gte=30,
            ticket__recovery_case=None,
            ticket__solved_at__isnull=False,
            ticket__assignee__role=Role.AGENT,  # who may give little, and has to ask for more
            noted_at__lt=now - 3 * HOUR,
        )
        failure = failures.select_related("ticket__assignee", "ticket__customer").order_by("-noted_at").first()
        if failure is not None:
            at = max(failure.noted_at + HOUR / 4, now - (place + 4) * HOUR)
            _offer(failure, words, options, fate, at=at)


def _offer(failure: Failure, words: str, options: list[tuple[str, str, str]], fate: str, *, at: datetime) -> Offer:
    ticket, agent = failure.ticket, failure.ticket.assignee
    case = open_case(ticket, by=agent, trigger=Trigger.AGENT, at=at)
    drafts = [OptionDraft(kind, text, Decimal(value)) for kind, text, value in options]
    offer = draft_offer(case, by=agent, words=words, options=drafts, at=at)
    offer = send_offer(offer, by=agent, at=at)
    answer: dict[str, Any] = {"by": ticket.customer, "at": at + HOUR}
    if fate == DONE:
        offer = accept_offer(offer, option=offer.options.all()[0], **answer)
        offer = mark_done(offer, by=agent, note="Fitted on their doorstep", at=at + 2 * HOUR)
    elif fate == NOT_WANTED:
        offer = decline_offer(offer, answer=Offer.Answer.JUST_FIX, **answer)
    return offer
