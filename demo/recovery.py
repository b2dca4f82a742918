"""What went wrong at the demo company, and what it took its customers: the wrong tyre first of all."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Team, User
from demo.company import SIGNED_IN
from recovery.actions import mark_hassle, note_failure
from recovery.models import Kind, Part, Severity
from tickets.actions import call_off_follow_up, link_ticket, open_ticket, post_message, resolve_ticket
from tickets.models import Channel, Ticket, TicketLink

MINUTE = timedelta(minutes=1)
DRIVEN = "drove forty minutes"
# By root cause: what failed, how bad, the price, and what of it they did not get.
USUAL: dict[str, dict[str, Any]] = {
    "tyre-size": {"kind": Kind.PRODUCT, "severity": Severity.SERIOUS, "value": "59.90", "loss": "12.00"},
    "double-charge": {"kind": Kind.MONEY, "severity": Severity.GRAVE, "value": "219.00", "loss": "219.00"},
    "stock-count": {"kind": Kind.INFORMATION, "severity": Severity.ANNOYING, "value": "34.95", "loss": "0"},
    "parcel-at-depot": {"kind": Kind.DELAY, "severity": Severity.ANNOYING, "value": "89.00", "loss": "8.90"},
    "no-call-back": {"kind": Kind.ATTENTION, "severity": Severity.NUISANCE, "value": "45.00", "loss": "0"},
}
OF_EACH = 3


def note_failures(people: dict[str, User], teams: dict[str, Team], now: datetime) -> None:
    """On the tyre story, and on the newest tickets of some causes."""
    tell_tyre_story(people[SIGNED_IN], teams["workshop"], now)
    for slug, said in USUAL.items():
        solved = Ticket.objects.solved().filter(root_cause__slug=slug, merged_into=None, assignee__isnull=False)
        for ticket in solved.exclude(failure__isnull=False).order_by("-solved_at")[:OF_EACH]:
            _note(ticket, by=ticket.assignee, at=min(ticket.updated_at + MINUTE, now - MINUTE), **said)


def tell_tyre_story(agent: User, workshop: Team, now: datetime) -> Ticket:
    """Nadia was told that her tyre is there, and drove for nothing: expected 10, delivered 7."""
    ticket = second_visit()
    asked = ask_before(ticket, agent, workshop, at=ticket.created_at - timedelta(days=4))
    at = min(ticket.updated_at + MINUTE, now - MINUTE)
    link_ticket(ticket, by=agent, other=asked, kind=TicketLink.Kind.DUPLICATE, at=at)
    drove = ticket.messages.get(body__contains=DRIVEN)
    mark_hassle(drove, by=agent, part=Part.TRIP, at=at)
    _note(
        ticket,
        by=agent,
        at=at,
        kind=Kind.PRODUCT,
        severity=Severity.SERIOUS,
        value="99.00",
        loss="9.90",
        was_kept=False,
        note="We ordered the 47 instead of the 42, and had told her that the 42 is here.",
    )
    return ticket


def second_visit() -> Ticket:
    """The ticket of the tyre story: the one on which she says how far she drove."""
    return Ticket.objects.filter(messages__body__contains=DRIVEN, solved_at=None).latest("created_at")


def ask_before(ticket: Ticket, agent: User, workshop: Team, *, at: datetime) -> Ticket:
    """Her first contact: the one on which she got a wrong answer."""
    asked = open_ticket(
        ticket.customer,
        by=ticket.customer,
        subject="Is the 622 × 42 here?",
        body="Hi, you ordered a 622 × 42 for me. Is it here? I would come by on Saturday.",
        channel=Channel.CHAT,
        site=ticket.site,
        team=workshop,
        at=at,
    )
    answer = "Hi Nadia, it is here, with your name on it. See you then!"
    post_message(asked, by=agent, body=answer, at=at + 3 * MINUTE)
    resolve_ticket(asked, by=agent, root_cause=None, at=at + 5 * MINUTE)
    call_off_follow_up(asked, by=agent, at=at + 6 * MINUTE)  # she comes by anyway
    return asked


def _note(ticket: Ticket, *, by: User | None, at: datetime, value: str, loss: str, **said: Any) -> None:
    amounts: dict[str, Any] = {"currency": "EUR", "value": Decimal(value), "loss": Decimal(loss)}
    note_failure(ticket, by=by, at=at, is_our_fault=True, **amounts, **said)
