"""Where somebody is mentioned."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from tickets.models import Notification


def mentions_of(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(user=user, kind=Notification.Kind.MENTIONED)


def mentions_me(user: User, *, is_unread_only: bool = False) -> Q:
    """Keeps the tickets in which they are mentioned."""
    told = mentions_of(user).filter(ticket=OuterRef("pk"))
    return Q(Exists(told.filter(read_at=None) if is_unread_only else told))
