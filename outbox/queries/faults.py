"""What is wrong with the outbox at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils.translation import gettext_noop

from outbox.models import Attempt, Mail, MailQuerySet, MailState, Outcome, Sending, Suppression
from outbox.policy import Fault, Why
from outbox.queries.rates import bounce_rate

LATE = timedelta(minutes=5)
SILENT = timedelta(minutes=10)
DAY = timedelta(days=1)


def sending_faults(now: datetime) -> Iterator[Fault]:
    """Asked by the clock, once a minute."""
    if Sending.objects.filter(held_at__isnull=False).exists():
        percent = round(bounce_rate(now).percent)
        words = gettext_noop("Too many mails come back (%(percent)s of a hundred): automatic ones wait for you.")
        yield Fault("mail.held", words, {"percent": percent})
    if now - (oldest_due(now) or now) > LATE:
        yield Fault("mail.late", gettext_noop("Mails that should have left are more than five minutes late."))
    if is_server_silent(now):
        yield Fault("mail.no_server", gettext_noop("The server for outgoing mail does not answer, or lets us not in."))
    if doubtful := doubtful_mails(now).count():
        words = gettext_noop("Mails of which nobody knows whether they arrived, in the last day: %(count)s.")
        yield Fault("mail.unknown", words, {"count": doubtful})
    if failed := failed_mails(now).count():
        words = gettext_noop("Mails that could not be delivered to good addresses, in the last day: %(count)s.")
        yield Fault("mail.failed", words, {"count": failed})


def oldest_due(now: datetime) -> datetime | None:
    """Since when the oldest mail that may leave should have left; None if none is due."""
    return Mail.objects.due(now).let_go().values_list("next_at", flat=True).first()


def is_server_silent(now: datetime) -> bool:
    """Whether a way out was found shut of late, and nothing has left since."""
    recent = Attempt.objects.since(now - SILENT)
    shut = recent.filter(outcome=Outcome.NO_SERVER).order_by("at").values_list("at", flat=True).first()
    return shut is not None and not recent.since(shut).exclude(outcome=Outcome.NO_SERVER).exists()


def doubtful_mails(now: datetime, days: int = 1) -> MailQuerySet:
    """Tried in the last day, perhaps delivered, and nobody has sent them again."""
    tried = Attempt.objects.since(now - days * DAY).filter(outcome=Outcome.DOUBT, mail=OuterRef("pk"))
    return Mail.objects.filter(Exists(tried), state=MailState.UNKNOWN)


def failed_mails(now: datetime, days: int = 1) -> MailQuerySet:
    """Given up in the last day, though the address is not known to be dead: that is our trouble, not the customer's."""
    dead = Suppression.objects.filter(email=Lower(OuterRef("email")), reason=Why.BOUNCE)
    tried = Attempt.objects.since(now - days * DAY).exclude(outcome__in=[Outcome.TAKEN, Outcome.BOUNCED])
    return Mail.objects.filter(Exists(tried.filter(~Exists(dead), mail=OuterRef("pk"))), state=MailState.FAILED)
