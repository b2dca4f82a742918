"""Who sends which row: claim, lease and outcome, each in its own short transaction.

A claim raises `attempts`; whatever a sender writes later counts only while that number is still its own. So one that
was frozen, and lost its lease to another, can neither begin to hand over the mail nor overwrite what came of it.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from outbox.models import (
    END_STATES,
    Mail,
    MailQuerySet,
    MailState,
    Outcome,
    Recipient,
    RecipientState,
    Sending,
    Suppression,
)
from outbox.policy import MAX_DOUBTS, NotYet, Why, delay_after
from outbox.queries import bounce_rate, refusal, room_for, who_waits
from outbox.transport import Result, Verdict

# Every step of SMTP may take the full time-out: connect, sender and recipients, then DATA, text and answer.
STEPS_BEFORE_DATA = 2
STEPS_AFTER_DATA = 3
NO_ANSWER = gettext_noop("The sender stopped before an answer came.")
OUTCOMES = {
    Verdict.TAKEN: Outcome.TAKEN,
    Verdict.LATER: Outcome.LATER,
    Verdict.NEVER: Outcome.NEVER,
    Verdict.DOUBT: Outcome.DOUBT,
}
CHANGING = ["state", "reason", "doubts", "next_at", "lease_until", "smtp_reply", "sent_at", "text", "html"]


_NOTE = "INSERT INTO outbox_attempt (mail_id, number, email, at, outcome, reply) VALUES (%s, %s, %s, %s, %s, %s)"


def lease(steps: int) -> timedelta:
    return timedelta(seconds=steps * settings.OUTBOX_SMTP["timeout"] + 5)


@transaction.atomic
def claim(mails: MailQuerySet) -> Mail | None:
    """Take the first of these mails that is due, may leave as things are, and is held by nobody else."""
    now = timezone.now()
    mail = mails.due(now).let_go().select_for_update(skip_locked=True).first()
    if mail is None:
        return None
    mail.state, mail.attempts, mail.data_started_at = MailState.SENDING, mail.attempts + 1, None
    mail.lease_until = now + lease(STEPS_BEFORE_DATA)
    mail.save(update_fields=["state", "attempts", "data_started_at", "lease_until"])
    return mail


@transaction.atomic
def begin_data(mail: Mail, emails: list[str]) -> bool:
    """Note that the text leaves now for these recipients; False if the mail is no longer ours, or none leaves now."""
    now = timezone.now()
    still = Mail.objects.filter(pk=mail.pk, state=MailState.SENDING, attempts=mail.attempts, lease_until__gt=now)
    ours = still.let_go().update(data_started_at=now, lease_until=now + lease(STEPS_AFTER_DATA))
    if ours:
        mail.recipients.filter(email__in=emails).update(state=RecipientState.SENDING)
    return bool(ours)


def screen(mail: Mail) -> list[str] | NotYet:
    """Strike out who may not get this mail any more; the addresses that are left, or when there is room for them."""
    left = []
    for person in who_waits(mail):
        if why := refusal(mail.kind, person):
            mail.recipients.filter(pk=person.pk, state=RecipientState.PENDING).update(
                state=RecipientState.SUPPRESSED, smtp_reply=why
            )
        else:
            left.append(person)
    return room_for(left, timezone.now()) or [person.email for person in left]


@transaction.atomic
def cancel_claimed(mail: Mail, *, reason: str) -> None:
    """End a mail that a guard forbade."""
    row = _still_ours(mail)
    if row and row.state not in END_STATES:
        row.recipients.filter(state=RecipientState.PENDING).update(state=RecipientState.CANCELLED)
        Mail.objects.filter(pk=row.pk).cancel(reason=reason[:300])


@transaction.atomic
def postpone(mail: Mail, *, until: datetime, reason: str) -> None:
    """Let a mail wait that a guard does not let go yet. It has not failed: its patience begins anew."""
    row = _still_ours(mail)
    if row and row.state not in END_STATES:
        row.give_up_at += max(until - row.next_at, timedelta(0))
        row.state, row.next_at, row.lease_until, row.reason = MailState.PENDING, until, None, reason[:300]
        row.save(update_fields=["state", "next_at", "lease_until", "reason", "give_up_at"])


@transaction.atomic
def put_back(mail: Mail, *, reason: str, server_answered: bool = True) -> None:
    """Nothing was handed over: try again later, or give up if it is too late for that."""
    row = _still_ours(mail)
    if not server_answered:
        _note(mail, {"": (Outcome.NO_SERVER, reason)})
    if row and row.state not in END_STATES:
        _conclude(row, timezone.now(), list(row.recipients.all()), reply=reason, server_answered=server_answered)


@transaction.atomic
def record(mail: Mail, results: Mapping[str, Result]) -> None:
    """Write down what the server said to each recipient, and what follows for the mail."""
    row = _still_ours(mail)
    _note(mail, {email: (OUTCOMES[result.verdict], result.reply) for email, result in results.items()})
    if row and row.state in END_STATES:  # ended without us; that the server has it is still worth knowing
        results = {email: result for email, result in results.items() if result.verdict is Verdict.TAKEN}
    if row is None or not results:
        return
    row.doubts += any(result.verdict is Verdict.DOUBT for result in results.values())
    people = list(row.recipients.all())
    for person in people:
        if result := results.get(person.email):
            person.state, person.smtp_reply = _fate(row, result.verdict), result.reply
            person.save(update_fields=["state", "smtp_reply"])
            if result.is_hard_bounce:
                Suppression.objects.add(person.email, Why.BOUNCE)
    _conclude(row, timezone.now(), people, reply=next(iter(results.values())).reply)
    if any(result.verdict is Verdict.NEVER for result in results.values()):
        hold_if_many_bounce(timezone.now())


@transaction.atomic
def release_abandoned(now: datetime, *, limit: int = 200) -> int:
    """Decide about rows whose sender died or hangs; their number."""
    rows = list(Mail.objects.abandoned(now).select_for_update(skip_locked=True).order_by("lease_until")[:limit])
    for row in rows:
        is_doubtful = row.data_started_at is not None
        row.doubts += is_doubtful
        people = list(row.recipients.all())
        lost = [person for person in people if person.state == RecipientState.SENDING]
        for person in lost:
            person.state, person.smtp_reply = _fate(row, Verdict.DOUBT), NO_ANSWER
            person.save(update_fields=["state", "smtp_reply"])
        _note(row, {person.email: (Outcome.DOUBT, NO_ANSWER) for person in lost})
        _conclude(row, now, people, reply=gettext_noop("The sender stopped."), at_once=not is_doubtful)
    return len(rows)


def hold_if_many_bounce(now: datetime) -> bool:
    """Let what is automatic wait for a person, where too much of what left in the last hour was refused or came back.

    Asked with each refusal; True if it waits from now on.
    """
    if not bounce_rate(now).is_too_much:
        return False
    Sending.objects.get_or_create()
    return bool(Sending.objects.filter(held_at=None).update(held_at=now))


def _note(mail: Mail, outcomes: Mapping[str, tuple[Outcome, str]]) -> None:
    """The log of this try: a row for each recipient, or one for all (the address is empty)."""
    now = timezone.now()
    with connection.cursor() as cursor:
        for email, (outcome, reply) in outcomes.items():
            cursor.execute(_NOTE, [mail.pk, mail.attempts, email, now, outcome.value, reply[:500]])


def _fate(mail: Mail, verdict: Verdict) -> RecipientState:
    """A doubtful mail is sent again with the same Message-ID, unless its kind is rather lost than doubled."""
    if verdict is Verdict.DOUBT:
        is_final = mail.is_at_most_once or mail.doubts > MAX_DOUBTS
        return RecipientState.UNKNOWN if is_final else RecipientState.PENDING
    return {
        Verdict.TAKEN: RecipientState.SENT,
        Verdict.LATER: RecipientState.PENDING,
        Verdict.NEVER: RecipientState.FAILED,
    }[verdict]


def _still_ours(mail: Mail) -> Mail | None:
    """The locked row, if nobody has claimed it since. What we know is then the newest there is, lease or no lease."""
    return Mail.objects.select_for_update().filter(pk=mail.pk, attempts=mail.attempts).first()


def _conclude(
    mail: Mail,
    now: datetime,
    people: list[Recipient],
    *,
    reply: str,
    server_answered: bool = True,
    at_once: bool = False,
) -> None:
    """Derive the mail's state from its recipients', all of whom are `people`, and save it. Its row is locked."""
    is_too_late = now >= mail.give_up_at
    for person in people:
        if person.state == RecipientState.SENDING or (is_too_late and person.state == RecipientState.PENDING):
            person.state = RecipientState.FAILED if is_too_late else RecipientState.PENDING
            person.smtp_reply = reply if is_too_late else person.smtp_reply
            person.save(update_fields=["state", "smtp_reply"])
    states = {person.state for person in people}
    mail.lease_until, mail.smtp_reply = None, reply
    if RecipientState.SENT in states:
        mail.sent_at = mail.sent_at or now
    mail.state = _state_from(states)
    if mail.state == MailState.PENDING:
        wait = delay_after(mail.attempts, spread=_spread(), server_answered=server_answered)
        mail.next_at = now if at_once else now + wait
    elif mail.is_secret:
        mail.text = mail.html = ""
    if mail.state == MailState.CANCELLED:
        mail.reason = mail.reason or gettext_noop("Every recipient is suppressed.")
    mail.save(update_fields=CHANGING)


def _spread() -> float:
    return random.uniform(-1, 1)  # noqa: S311, no secret


def _state_from(states: set[str]) -> MailState:
    """A mail waits while anybody waits; ended, it says the most that was reached, doubt first."""
    for recipient_state, state in (
        (RecipientState.PENDING, MailState.PENDING),
        (RecipientState.UNKNOWN, MailState.UNKNOWN),
        (RecipientState.SENT, MailState.SENT),
        (RecipientState.FAILED, MailState.FAILED),
    ):
        if recipient_state in states:
            return state
    return MailState.CANCELLED
