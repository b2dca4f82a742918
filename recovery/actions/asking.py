"""Some days after the remedy the customer is asked whether it is right now; a bad answer reopens the case.

Locks: ticket → case → survey.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from outbox.models import Mail, MailState
from recovery import emails
from recovery.actions._locking import lock_case
from recovery.actions.cases import close_case, reopen_case, verify_case
from recovery.models import Case, Offer, Option, Policy, Survey
from tickets.actions import reopen_ticket
from tickets.actions._rules import Actor, clean_body
from tickets.events import record

State = Survey.State
BAD = 2  # content at most this much out of five
OPEN_FOR = timedelta(days=30)
ASK_AGAIN_IN = timedelta(days=1)  # where it is too early
PATIENCE = timedelta(days=7)  # then we ask, although what was promised has not been marked as done
SCALES = ("satisfaction", "fairness", "ease", "treatment", "effort")
DID_NOT_LEAVE = {MailState.CANCELLED: "cancelled", MailState.FAILED: "failed"}


def schedule_survey(offer: Offer, *, at: datetime) -> Survey | None:
    """Promise the question: a step of the offer's answer, under its locks. One at a time for each case."""
    if (
        offer.answer == Offer.Answer.NO
        or Survey.objects.filter(case=offer.case, state__in=[State.SCHEDULED, State.SENT]).exists()
    ):
        return None
    due_at = at + timedelta(days=Policy.current().survey_days)
    return Survey.objects.create(case=offer.case, offer=offer, due_at=due_at, created_at=at)


@transaction.atomic
def send_survey(survey: Survey, *, at: datetime | None = None) -> Survey:
    """Put the question that is due into the outbox, once; wait where it is too early, end it where it is moot.

    The clock's work. Records `survey.sent`.
    """
    case = lock_case(survey.case)
    survey = Survey.objects.select_for_update(of=("self",)).select_related("offer__chosen").get(pk=survey.pk)
    now = at or timezone.now()
    if survey.state != State.SCHEDULED or survey.due_at > now:
        return survey
    if reason := _pointless(case):
        return _end(survey, State.CANCELLED, reason)
    if _is_early(survey, case, now):
        survey.due_at = now + ASK_AGAIN_IN
        survey.save(update_fields=["due_at"])
        return survey
    survey.case = case
    mail = emails.survey(survey)
    if mail is None:
        return _end(survey, State.CANCELLED, "no address")
    survey.state, survey.sent_at, survey.expires_at = State.SENT, now, now + OPEN_FOR
    survey.save(update_fields=["state", "sent_at", "expires_at"])
    record(case.ticket, "survey.sent", by=None, at=at, data={"survey": str(survey.pk), "mail": str(mail.pk)})
    return survey


def _pointless(case: Case) -> str:
    if case.ticket.merged_into_id or case.ticket.trashed_at:
        return "the ticket is gone"
    if case.state == Case.State.DETECTED:  # it was reopened: somebody calls
        return "taken up again"
    return "blocked" if case.ticket.customer.is_blocked else ""


def _is_early(survey: Survey, case: Case, now: datetime) -> bool:
    """Whoever waits is not asked; nor is anybody, for a while, while what was promised has not been done."""
    if case.ticket.waiting_since is not None:
        return True
    chosen: Option | None = survey.offer.chosen if survey.offer else None
    is_done = chosen is None or chosen.done_at is not None
    return not is_done and now < survey.created_at + timedelta(days=Policy.current().survey_days) + PATIENCE


@transaction.atomic
def answer_survey(
    survey: Survey, *, by: Actor, is_right: bool, comment: str = "", at: datetime | None = None, **scores: int | None
) -> Survey:
    """What the customer says, once: a second answer changes nothing. If it is right, the case is verified and closed;
    if not, or if they are not content, it is a senior person's, and nothing more happens by itself.

    `scores`: `satisfaction`, `fairness`, `ease`, `treatment` from 1 (not at all) to 5, `effort` from 1 (none) to 5, or
    None. Records `survey.answered`. Errors: PermissionDenied to all but the case's customer; ValidationError code
    `closed` or `invalid`.
    """
    case = lock_case(survey.case)
    survey = Survey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if not isinstance(by, Customer) or by.pk != case.ticket.customer_id or case.ticket.customer.is_blocked:
        raise PermissionDenied
    if survey.state == State.ANSWERED:
        return survey
    now = at or timezone.now()
    if survey.state != State.SENT or (survey.expires_at and survey.expires_at <= now):
        raise ValidationError(_("This question is not open any more."), code="closed")
    _note(survey, is_right=is_right, comment=comment, scores=scores, now=now)
    data: dict[str, Any] = {"is_right": is_right, "comment": survey.comment}
    record(case.ticket, "survey.answered", by=by, at=at, data=data | {name: scores.get(name) for name in SCALES})
    _conclude(case, survey, at=at)
    return survey


def _note(survey: Survey, *, is_right: bool, comment: str, scores: dict[str, int | None], now: datetime) -> None:
    if set(scores) - set(SCALES) or any(score is not None and score not in range(1, 6) for score in scores.values()):
        raise ValidationError(_("A rating is a whole number from 1 to 5."), code="invalid")
    survey.comment = clean_body(comment, may_be_empty=True)[: Survey._meta.get_field("comment").max_length]
    for name in SCALES:
        setattr(survey, name, scores.get(name))
    survey.is_right, survey.state, survey.answered_at = is_right, State.ANSWERED, now
    survey.save()


def _conclude(case: Case, survey: Survey, *, at: datetime | None) -> None:
    """What follows for the case. By the system: the customer does not work here."""
    is_bad = not survey.is_right or (survey.satisfaction is not None and survey.satisfaction <= BAD)
    if is_bad:
        why = {"survey": str(survey.pk), "is_right": survey.is_right, "satisfaction": survey.satisfaction}
        reopen_case(case, by=None, why=why | {"said": survey.comment[:200]}, at=at)
        case.ticket.refresh_from_db()
        if case.ticket.is_solved and case.ticket.merged_into_id is None:
            reopen_ticket(case.ticket, by=None, at=at)
    elif case.is_open:
        verify_case(case, by=None, at=at)
        if not Offer.objects.filter(case=case).live().exists():
            close_case(case, by=None, at=at)


@transaction.atomic
def settle_survey(survey: Survey, *, at: datetime | None = None) -> Survey:
    """End one that nobody answered in time, or whose mail never left. The clock's work."""
    survey = Survey.objects.select_for_update().get(pk=survey.pk)
    now = at or timezone.now()
    if survey.state != State.SENT:
        return survey
    mail = Mail.objects.filter(dedupe_key=emails.survey_key(survey)).first()
    if mail is not None and mail.state in DID_NOT_LEAVE:
        return _end(survey, State.CANCELLED, mail.reason or DID_NOT_LEAVE[MailState(mail.state)])
    if survey.expires_at and survey.expires_at <= now:
        return _end(survey, State.EXPIRED, "")
    return survey


def _end(survey: Survey, state: str, reason: str) -> Survey:
    survey.state, survey.reason = state, reason[:120]
    survey.save(update_fields=["state", "reason"])
    return survey
