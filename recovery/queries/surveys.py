"""The questions whether it is right now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from outbox.models import Mail, MailState
from recovery import tokens
from recovery.models import Survey

MAIL_KEY = "survey-"  # and the question's own key: what its mail is called in the outbox


def survey_of(token: str) -> Survey | None:
    """The question that a link leads to, whatever has become of it."""
    nonce = tokens.read(token, tokens.SURVEY)
    if nonce is None:
        return None
    return Survey.objects.select_related("case__ticket__customer", "offer__chosen").filter(nonce=nonce).first()


def survey_of_mail(mail: Mail) -> Survey | None:
    """The question that a mail asks."""
    key = mail.dedupe_key.removeprefix(MAIL_KEY)
    try:
        found = Survey.objects.select_related("case")
        return found.filter(pk=UUID(key)).first() if key != mail.dedupe_key else None
    except ValueError:
        return None


def surveys_due(now: datetime) -> QuerySet[Survey]:
    return (
        Survey.objects.filter(state=Survey.State.SCHEDULED, due_at__lte=now).select_related("case").order_by("due_at")
    )


def surveys_ending(now: datetime) -> QuerySet[Survey]:
    """Those that were sent and have come to their end: by time, or because their mail never left."""
    key = Concat(Value(MAIL_KEY), Cast(OuterRef("pk"), TextField()))
    unsent = Mail.objects.filter(dedupe_key=key, state__in=[MailState.CANCELLED, MailState.FAILED])
    return Survey.objects.filter(Q(expires_at__lte=now) | Exists(unsent), state=Survey.State.SENT).order_by("sent_at")
