"""What keeps mails from coming in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_noop

from mailroom.models import Mailbox
from mailroom.models.mailboxes import STALLED_AFTER
from mailroom.queries.health import health_of
from outbox.policy import Fault


def fetching_faults(now: datetime) -> Iterator[Fault]:
    """Mailboxes that have not been looked into for a while, or not to the end, each with what stands in the way."""
    yield from faults_of(Mailbox.objects.filter(is_active=True), now)


def faults_of(mailboxes: Iterable[Mailbox], now: datetime) -> Iterator[Fault]:
    """The same, of these."""
    for mailbox in mailboxes:
        health = health_of(mailbox, now)
        is_counted_out = bool(health.missing and mailbox.reconciled_at)  # it was tried again, and is still not here
        if health.state != "wrong":
            continue
        if now - (health.at or mailbox.created_at) <= STALLED_AFTER and not is_counted_out:
            continue
        yield Fault(
            f"mailbox.{mailbox.pk}",
            gettext_noop("Mails for %(email)s cannot be fetched: %(trouble)s"),
            {"email": mailbox.email, "trouble": (health.trouble or health.missing)[:150]},
            url=reverse("mailroom:mailbox", args=[mailbox.pk]),
        )
