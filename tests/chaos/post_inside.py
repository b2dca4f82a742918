"""Run inside the desk's environment: promises mails, and makes promises pointless. Prints one line of JSON.

prepare                the company
promise COUNT BATCH    so many customers, each with something to be told later
due SECONDS            spread what was promised over so many seconds from now
change SECONDS SEED    for so long, customers write and offers are withdrawn, mostly just before a mail is due
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.journeys.inside import PASSWORD  # sets Django up

from django.core.exceptions import ValidationError  # isort: skip
from django.db import connection  # isort: skip
from django.utils import timezone  # isort: skip

from accounts.actions import create_team  # isort: skip
from accounts.models import Desk, Team, User  # isort: skip
from customers.actions import get_or_create_customer  # isort: skip
from customers.models import Address, Customer  # isort: skip
from outbox.models import Mail, MailState, Sending  # isort: skip
from recovery.actions import (  # isort: skip
    OptionDraft,
    accept_offer,
    draft_offer,
    mark_done,
    note_failure,
    open_case,
    send_offer,
    withdraw_offer,
)
from recovery.models import Allowance, Offer, Policy, RemedyKind, Survey, Trigger  # isort: skip
from tickets.actions import open_ticket, post_message, reopen_ticket, resolve_ticket  # isort: skip
from tickets.models import FollowUp, Ticket  # isort: skip

# Of a hundred customers so many have an offer, up to the next a survey to come, and up to the last an agent's answer.
OFFERED, ASKED, ANSWERED = 14, 28, 48
SOON = timedelta(seconds=4)
EVERY_SECONDS = 0.5
TABLES = {  # what falls due, and when it does
    "tickets_followup": ("due_at", "state = 'scheduled'"),
    "recovery_survey": ("due_at", "state = 'scheduled'"),
    "outbox_mail": ("next_at", "state = 'pending'"),
}


def prepare() -> dict[str, Any]:
    """A company that never sleeps and knows no limits, so that nothing waits for the morning or for others."""
    Desk.objects.create(name="Bellwether Cycles", time_zone="Europe/Amsterdam", follow_up_days=3)
    team = create_team(by=None, name="Workshop")
    alice = User.objects.create_user("alice@example.com", PASSWORD, name="Alice Arden", role="manager")
    alice.teams.add(team)
    Allowance.objects.create(role=alice.role, single=1000, weekly=10**6)
    now = timezone.now()
    Policy.objects.update_or_create(
        only_row=True,
        defaults={
            "quiet_from": (now + timedelta(hours=11)).time().replace(microsecond=0),
            "quiet_until": (now + timedelta(hours=11, minutes=1)).time().replace(microsecond=0),
            "daily_cap": 10**6,
            "holdout_percent": 0,
        },
    )
    Sending.objects.create(per_domain=10**6, bounces_stop_at=100)  # everybody is at one domain
    return {}


def promise(count: int, batch: int) -> dict[str, int]:
    alice, team = User.objects.get(email="alice@example.com"), Team.objects.get(name="Workshop")
    with Desk.read_once():
        for number in range(count):
            _promise(f"customer-{batch}-{number}@example.org", number % 100, alice, team)
    return {"tickets": count}


def _promise(email: str, place: int, alice: User, team: Team) -> None:
    """Solved, so that a question is due; some have an offer, some chose and will be asked, some are owed an answer."""
    customer, _ = get_or_create_customer(by=None, email=email, name="Carla", proof=Address.Proof.PROVED)
    ticket = open_ticket(customer, by=customer, body="The tyre is wrong.", channel="email", team=team)
    if place < ASKED:
        _offer(ticket, customer, alice, is_chosen=place >= OFFERED)
    elif place < ANSWERED:
        post_message(ticket, by=alice, body="The right one is on its way.", client_id=f"answer-{ticket.pk}")
    resolve_ticket(ticket, by=alice, root_cause=None)


def _offer(ticket: Ticket, customer: Customer, alice: User, *, is_chosen: bool) -> None:
    amounts = {"currency": "EUR", "value": Decimal(100), "loss": Decimal(30)}
    note_failure(ticket, by=alice, kind="product", severity=3, is_our_fault=True, **amounts)
    case = open_case(ticket, by=alice, trigger=Trigger.AGENT)
    options = [OptionDraft(RemedyKind.CREDIT, "€20 back", Decimal(20))]
    offer = send_offer(draft_offer(case, by=alice, words="We are sorry.", options=options), by=alice)
    if is_chosen:
        offer = accept_offer(offer, option=offer.options.all()[0], by=customer)
        mark_done(offer, by=alice)


def due(seconds: int) -> dict[str, int]:
    """At random within that time. Returns how many rows of each table."""
    with connection.cursor() as cursor:
        found = {}
        for table, (column, waits) in TABLES.items():
            sql = f"UPDATE {table} SET {column} = now() + random() * interval '{seconds} seconds' WHERE {waits}"  # noqa: S608
            cursor.execute(sql)
            found[table] = cursor.rowcount
        cursor.execute("UPDATE outbox_mail SET give_up_at = next_at + interval '4 days' WHERE state = 'pending'")
    return found


def change(seconds: int, seed: int) -> dict[str, int]:
    """Half a step before it falls due, and sometimes in the middle of it. Returns how often each was done."""
    chance, done = random.Random(seed), {"wrote": 0, "reopened": 0, "withdrawn": 0}
    alice = User.objects.get(email="alice@example.com")
    stop_at = time.monotonic() + seconds
    while time.monotonic() < stop_at:
        ticket = chance.choice([_followed_up, _offered, _asked, _leaving])()
        if ticket is not None:
            done[_spoil(ticket, alice, chance)] += 1
        time.sleep(EVERY_SECONDS)
    return done


def _spoil(ticket: Ticket, alice: User, chance: random.Random) -> str:
    offer = Offer.objects.filter(case__ticket=ticket, state=Offer.State.SENT).first()
    try:
        if offer is not None and chance.random() < 0.5:
            withdraw_offer(offer, by=alice, note="a mistake")
            return "withdrawn"
        if chance.random() < 0.3:
            reopen_ticket(ticket, by=alice)
            return "reopened"
    except ValidationError:  # somebody was faster, as may be
        pass
    post_message(ticket, by=ticket.customer, body="It still loses air!", client_id=f"spoilt-{ticket.pk}")
    return "wrote"


def _followed_up() -> Ticket | None:
    rows = FollowUp.objects.scheduled().filter(due_at__lte=timezone.now() + SOON, ticket__solved_at__isnull=False)
    row = rows.order_by("?").select_related("ticket").first()
    return row.ticket if row else None


def _asked() -> Ticket | None:
    rows = Survey.objects.filter(state=Survey.State.SCHEDULED, due_at__lte=timezone.now() + SOON)
    row = rows.order_by("?").select_related("case__ticket").first()
    return row.case.ticket if row else None


def _offered() -> Ticket | None:
    return _of_mail([MailState.PENDING], SOON)


def _leaving() -> Ticket | None:
    """One whose mail a worker has taken already: it may be too late."""
    return _of_mail([MailState.SENDING], timedelta(minutes=5))


def _of_mail(states: list[MailState], ahead: timedelta) -> Ticket | None:
    mail = Mail.objects.filter(state__in=states, next_at__lte=timezone.now() + ahead).order_by("?").first()
    return Ticket.objects.filter(pk=int(mail.about.partition(":")[2])).first() if mail else None


if __name__ == "__main__":
    work = {"prepare": prepare, "promise": promise, "due": due, "change": change}[sys.argv[1]]
    print(json.dumps(work(*map(int, sys.argv[2:]))))  # type: ignore[operator]
