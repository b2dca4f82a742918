"""What tests of offers begin with: a failure that was our fault, a case, options."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from accounts.models import User
from recovery.actions import note_failure, open_case
from recovery.actions.offering import OptionDraft, draft_offer, send_offer
from recovery.models import Case, Offer, RemedyKind, Trigger
from tickets.models import Ticket


def failed(
    ticket: Ticket, by: User, *, value: str = "100", loss: str = "30", currency: str = "EUR", fault: bool | None = True
) -> Case:
    """A case on a ticket where something failed, by our fault."""
    note_failure(
        ticket,
        by=by,
        kind="product",
        severity=3,
        currency=currency,
        value=Decimal(value),
        loss=Decimal(loss),
        is_our_fault=fault,
    )
    return open_case(ticket, by=by, trigger=Trigger.AGENT)


def credit(value: str, words: str = "") -> OptionDraft:
    return OptionDraft(RemedyKind.CREDIT, words or f"{value} back", Decimal(value))


def drafted(case: Case, by: User | None, *values: str, **more: Any) -> Offer:
    options = [credit(value) for value in values or ("20",)]
    return draft_offer(case, by=by, words="We sent the wrong tyre. We are sorry.", options=options, **more)


def sent(case: Case, by: User, *values: str, **more: Any) -> Offer:
    return send_offer(drafted(case, by, *values), by=by, **more)


def steps(offer: Offer) -> list[tuple[str, Decimal]]:
    """What the ledger says of it, in order."""
    return [(entry.step, entry.amount) for entry in offer.ledger.order_by("pk")]


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Do all of these at the same time, each on a connection of its own; what they returned, or what they raised."""
    gate, results = Barrier(len(jobs)), [None] * len(jobs)

    def run(place: int, job: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[place] = job()
        except Exception as error:  # noqa: BLE001  (that is the answer)
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(place, job)) for place, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
