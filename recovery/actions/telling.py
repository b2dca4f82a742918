"""“You told us, we fixed it”: one mail to everybody who suffered a cause, planned once and worked off row by row.

Locks: cause (while it is planned) · tickets by key → row of the telling.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.languages import DESK_LANGUAGES
from accounts.models import User
from outbox.actions import cancel_mail
from outbox.models import Mail, MailState
from recovery import emails
from recovery.models import Policy, Telling, TellingRow
from recovery.queries.telling import MAIL_KEY, left_out_of, plan_of, room_today, tickets_with
from tickets.actions._rules import clean_body, lock, require
from tickets.events import record
from tickets.models import RootCause, Ticket

PERMISSION = "tickets.change_root_causes"
MOST_TICKETS = 20  # of one customer, on whose timelines it is said
LATEST = timedelta(days=90)  # from now, that it may be planned for
WORDS_CHARS = 5000
State = TellingRow.State
LOST = {MailState.CANCELLED, MailState.FAILED}


@transaction.atomic
def plan_telling(
    cause: RootCause,
    *,
    by: User,
    words: str,
    since: datetime,
    send_at: datetime | None = None,
    translations: dict[str, str] | None = None,
    expected: int,
) -> Telling:
    """Plan to tell everybody who suffered it since then. `words` are in the company's language, `translations` are the
    same in others; `expected` is how many the planner was shown: more are not written to.

    Errors: PermissionDenied; ValidationError with code `not_fixed`, `running`, `empty`, `too_long`, `nobody`,
    `changed` or `invalid` (the times).
    """
    require(by, PERMISSION)
    cause = RootCause.objects.select_for_update(of=("self",)).get(pk=cause.pk)
    now = timezone.now()
    send_at = send_at or now
    _check(cause, since, send_at, now)
    kept = {
        code: _clean(text) for code, text in (translations or {}).items() if code in DESK_LANGUAGES and text.strip()
    }
    plan = plan_of(cause, since, now)
    if not plan.count:
        raise ValidationError(_("Nobody is left to tell it to."), code="nobody")
    if plan.count > expected:
        shown = _("It is %(count)s people by now. Look at it once more.") % {"count": plan.count}
        raise ValidationError(shown, code="changed")
    telling = Telling.objects.create(
        cause=cause, by=by, words=_clean(words), translations=kept, since=since, send_at=send_at
    )
    TellingRow.objects.bulk_create(
        (
            TellingRow(
                telling=telling,
                customer_id=customer,
                ticket_id=ticket,
                state=State.LEFT_OUT if customer in plan.left_out else State.WAITING,
                reason=plan.left_out.get(customer, ""),
                done_at=now if customer in plan.left_out else None,
            )
            for customer, ticket in plan.tickets.items()
        ),
        batch_size=1000,
    )
    return telling


def _check(cause: RootCause, since: datetime, send_at: datetime, now: datetime) -> None:
    if cause.state != RootCause.State.FIXED or cause.fixed_at is None or not cause.change:
        raise ValidationError(_("It is not fixed yet. A promise helps only if it is."), code="not_fixed")
    if Telling.objects.filter(cause=cause, ended_at=None, stopped_at=None).exists():
        raise ValidationError(_("It is being told already."), code="running")
    if since >= cause.fixed_at:
        raise ValidationError({"since": _("Choose a day before it was fixed.")}, code="invalid")
    if send_at > now + LATEST:
        words = _("Not later than in %(days)s days: nobody would remember.") % {"days": LATEST.days}
        raise ValidationError({"send_at": words}, code="invalid")


def _clean(words: str) -> str:
    words = clean_body(words)
    if len(words) > WORDS_CHARS:
        raise ValidationError(
            _("That is too long: %(count)s characters at most.") % {"count": WORDS_CHARS}, code="too_long"
        )
    return words


def try_telling(cause: RootCause, *, by: User, words: str, language: str) -> Mail:
    """The mail as customers get it, to oneself. Errors: PermissionDenied; ValidationError code `empty`, `too_long`."""
    require(by, PERMISSION)
    return emails.cause_fixed_sample(
        cause, by=by, words=_clean(words), language=language, dedupe_key=f"sample-{uuid4()}"
    )


@transaction.atomic
def stop_telling(telling: Telling, *, by: User) -> int:
    """Tell it to no more of them, and take back what has not left; returns to how many not. Doing it twice is harmless.

    Errors: PermissionDenied.
    """
    require(by, PERMISSION)
    now = timezone.now()
    Telling.objects.filter(pk=telling.pk, stopped_at=None, ended_at=None).update(stopped_at=now)
    # The row that a worker is at is waited for: then its mail is in the outbox, and taken back below.
    telling.rows.filter(state=State.WAITING).update(state=State.LEFT_OUT, reason="stopped", done_at=now)
    in_the_post = [_key(row) for row in telling.rows.filter(state=State.TOLD, done_at=None)]
    for pk in Mail.objects.filter(dedupe_key__in=in_the_post).order_by("pk").values_list("pk", flat=True):
        cancel_mail(pk, reason="stopped")  # the clock settles their rows in a moment
    return telling.rows.filter(state=State.LEFT_OUT, reason="stopped").count()


@transaction.atomic
def tell_next(telling: Telling, *, by: User | None) -> TellingRow | None:
    """Write to one of those who wait, who may still be written to; None if none waits for us, or no more may leave now.

    Row and mail commit together; two workers never have the same row.
    """
    now = timezone.now()
    cause = telling.cause
    if Policy.current().is_stopped or room_today(now) == 0:
        return None
    rows = telling.rows.filter(state=State.WAITING).order_by("pk")
    row = rows.select_for_update(skip_locked=True, of=("self",)).select_related("customer", "ticket__site").first()
    if row is None or Telling.objects.filter(pk=telling.pk, stopped_at__isnull=False).exists():
        return None
    cause.refresh_from_db()
    reason = left_out_of(cause, [row.customer_id], now).get(row.customer_id, "")
    if cause.state != RootCause.State.FIXED:
        reason = "not_fixed"
    elif row.ticket.trashed_at or row.ticket.merged_into_id or row.ticket.customer_id != row.customer_id:
        reason = reason or "gone"
    if not reason:
        emails.cause_fixed(row.ticket, telling, dedupe_key=_key(row))
    row.state, row.reason = (State.LEFT_OUT, reason) if reason else (State.TOLD, "")
    row.done_at = now if reason else None
    row.save(update_fields=["state", "reason", "done_at"])
    return row


@transaction.atomic
def settle_told(row: TellingRow, *, by: User | None) -> bool:
    """Write down how a mail ended: on the timelines of those tickets, if it left. False while it is on its way."""
    telling = Telling.objects.select_related("cause").get(pk=row.telling_id)
    wanted = tickets_with(telling.cause, telling.since).filter(customer=row.customer_id)
    numbers = set(wanted.order_by("-number").values_list("pk", flat=True)[:MOST_TICKETS]) | {row.ticket_id}
    mail = Mail.objects.filter(dedupe_key=_key(row)).first()
    if mail is not None and mail.state in (MailState.PENDING, MailState.SENDING):
        return False
    tickets = [lock(Ticket(pk=number)) for number in sorted(numbers)]
    row = TellingRow.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if row.state != State.TOLD or row.done_at is not None:
        return True
    row.done_at = timezone.now()
    if mail is None or mail.state in LOST:
        row.state, row.reason = State.LEFT_OUT, "stopped" if mail and mail.reason == "stopped" else "not_sent"
    else:
        data = {"cause": telling.cause.name, "change": telling.cause.change, "mail": str(mail.pk)}
        for ticket in tickets:
            record(ticket, "cause.told", by=None, data=data)
    row.save(update_fields=["state", "reason", "done_at"])
    return True


@transaction.atomic
def end_telling(telling: Telling, *, by: User | None) -> bool:
    """Mark as over what has nobody left to write to, or to hear of; whether it is."""
    open_rows = telling.rows.filter(state=State.WAITING) | telling.rows.filter(state=State.TOLD, done_at=None)
    if open_rows.exists():
        return False
    return bool(Telling.objects.filter(pk=telling.pk, ended_at=None).update(ended_at=timezone.now()))


def _key(row: TellingRow) -> str:
    """Under which the mail stands in the outbox: one for each customer and telling, however often it is tried."""
    return f"{MAIL_KEY}{row.pk}"
