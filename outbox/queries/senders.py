"""Whom a mail comes from."""

from __future__ import annotations

from django.db.models import F, Q

from accounts.models import Team
from outbox.models import Sender


def sender_for(team: Team | None) -> Sender | None:
    """The team's usual address, else another of its own, else one that is for all; None: DEFAULT_FROM_EMAIL."""
    theirs = Q(team=None) | Q(team=team) if team else Q(team=None)
    return Sender.objects.filter(theirs).order_by(F("team").asc(nulls_last=True), "-is_usual", "email").first()
