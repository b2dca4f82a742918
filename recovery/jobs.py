"""What the clock starts for making good, and what the outbox asks before it sends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from celery import shared_task
from django.utils import timezone

from accounts.models import Desk, Heartbeat
from outbox.models import Mail
from outbox.policy import NotYet
from recovery.actions import (
    expire_offer,
    send_survey,
    settle_survey,
    tell_deputy,
    withdraw_unsent,
)
from recovery.actions.considering import READ, decide, questions
from recovery.actions.considering import consider as consider_event
from recovery.actions.proving import prove_ledger as find_faults
from recovery.actions.reminding import note_abandoned_chats, note_contacts, remind_of_overdue
from recovery.actions.shopping import send_next_payout
from recovery.actions.telling import end_telling, settle_told, tell_next
from recovery.models import Offer, Payout, Survey, TellingRow
from recovery.queries.approvals import overdue_approvals
from recovery.queries.brakes import brake, wrote_since
from recovery.queries.offers import expired_offers, offer_of_mail, unsent_offers
from recovery.queries.surveys import survey_of_mail, surveys_due, surveys_ending
from recovery.queries.telling import in_the_post, left_out_since, row_of_mail, tellings_due
from tickets.actions import read_log
from tickets.queries import ticket_of

log = logging.getLogger(__name__)
Row = TypeVar("Row")
BATCH = 200
READER = "recovery"
LEDGER_PROVED = "ledger proved"
DECIDING_SECONDS = 40  # what is left is decided at the next tick


def _for_each(rows: Iterable[Row], work: Callable[[Row], bool]) -> int:
    """Do this to each row; how many it was done to. What fails stays due, and the others go on."""
    done = 0
    for row in rows:
        try:
            done += work(row)
        except Exception:
            log.exception("%s could not be worked on", row)
    return done


@shared_task
def consider() -> int:
    """Read what has happened, and open the cases that are asked for; returns how many questions were decided.

    Two clocks are harmless: one of them reads the log, and each question is claimed.
    """
    with Desk.read_once():
        read_log(READER, consider_event, types=READ)
    return decide_questions()


def decide_questions() -> int:
    """Decide what was asked, each question in a transaction of its own; returns how many."""
    done, end = 0, time.monotonic() + DECIDING_SECONDS
    for question in questions(limit=BATCH):
        try:
            done += decide(question) is not None
        except Exception:
            log.exception("question %s could not be decided", question.pk)  # the others can; it stays
        if time.monotonic() > end:
            break
    return done


@shared_task
def watch_over_cases() -> int:
    """Note first touches, and tell of what is overdue; returns how many cases that concerned."""
    now = timezone.now()
    return note_contacts(now=now) + remind_of_overdue(now=now)


@shared_task
def note_abandoned() -> int:
    """Write down which customers have left the queue of a chat; returns how many."""
    return note_abandoned_chats(now=timezone.now())


@shared_task
def send_surveys() -> int:
    """Ask whom it is time to ask whether it is right now; returns how many were asked. Two clocks are harmless: each
    row is claimed under its case's lock."""
    now = timezone.now()
    sent = _for_each(surveys_due(now)[:BATCH], lambda survey: send_survey(survey).state == Survey.State.SENT)
    _for_each(surveys_ending(now)[:BATCH], lambda survey: settle_survey(survey).state != Survey.State.SENT)
    return sent


@shared_task
def expire_offers() -> int:
    """End the offers whose time is over; returns how many. Two clocks are harmless: each is looked at locked."""
    expired = expired_offers(timezone.now())[:BATCH]
    return _for_each(expired, lambda offer: expire_offer(offer).state == Offer.State.EXPIRED)


@shared_task
def tell_deputies() -> int:
    """Tell the deputies of what nobody has decided in time; returns of how many offers."""
    return _for_each(overdue_approvals(timezone.now())[:BATCH], tell_deputy)


@shared_task
def prove_ledger() -> int:
    """Every night: the ledger equals the offers, or there is an alarm; returns how many are new."""
    found = find_faults()
    Heartbeat.objects.update_or_create(name=LEDGER_PROVED, defaults={"at": timezone.now()})
    if found:
        log.error("the ledger and the offers disagree: %s new alarms", found)
    return found


@shared_task
def take_back_unsent_offers() -> int:
    """Withdraw the offers whose mail never left, so that nobody waits for an answer to it; returns how many."""
    return _for_each(unsent_offers()[:BATCH], lambda offer: withdraw_unsent(offer).state == Offer.State.WITHDRAWN)


@shared_task
def tell_what_was_fixed() -> int:
    """Write to those who are still to be told that a cause is fixed; returns to how many. Workers share them: each row
    is claimed."""
    told = 0
    for telling in tellings_due(timezone.now()):
        try:
            for _ in range(BATCH):
                row = tell_next(telling, by=None)
                if row is None:
                    break
                told += row.state == TellingRow.State.TOLD
        except Exception:
            log.exception("telling %s failed", telling.pk)  # it stays due, and the others go on
    _for_each(in_the_post()[:BATCH], lambda row: settle_told(row, by=None))
    _for_each(tellings_due(timezone.now()), lambda telling: end_telling(telling, by=None))
    return told


def guard_offer(mail: Mail) -> str | NotYet | None:
    """What has ended is not offered, nor is anything to somebody who has written since: one of us reads that first."""
    offer, now = offer_of_mail(mail), timezone.now()
    if offer is None or offer.state != Offer.State.SENT or offer.sent_at is None:
        return "not offered any more"
    if offer.expires_at is not None and offer.expires_at <= now:
        return "expired"
    ticket = ticket_of(mail)
    if ticket is not None and wrote_since(ticket, offer.sent_at):
        return "they wrote since"
    return brake(mail, ticket, now=now)


def guard_survey(mail: Mail) -> str | NotYet | None:
    """Nobody is asked whether it is right now once the case was taken up again, or while they wait."""
    survey = survey_of_mail(mail)
    if survey is None or survey.state != Survey.State.SENT:
        return "not asked any more"
    if survey.case.state == survey.case.State.DETECTED:
        return "taken up again"
    return brake(mail, ticket_of(mail), now=timezone.now())


def guard_told(mail: Mail) -> str | NotYet | None:
    """What we changed is told to nobody who waits, or who had such a mail not long ago; nor once it is stopped, or is
    not fixed any more."""
    row, now = row_of_mail(mail), timezone.now()
    if row is None or row.telling.stopped_at is not None:
        return "stopped"
    if row.telling.cause.state != row.telling.cause.State.FIXED:
        return "not fixed any more"
    if reason := left_out_since(row, now):
        return reason
    return brake(mail, ticket_of(mail), now=now)


@shared_task
def send_payouts() -> int:
    """Ask the shop to pay out what is due; returns how many orders it took. Workers share them: each is claimed."""
    taken = 0
    for _ in range(BATCH):
        payout = send_next_payout(now=timezone.now())
        if payout is None:
            break
        taken += payout.state == Payout.State.DONE
    return taken
