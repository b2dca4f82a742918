"""A pause of some minutes, in one press: chats ring for the others, and nothing is pushed. Nobody is asked why."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actions._rules import lock_people
from accounts.models import Breather, User

BREATHER_MINUTES = (5, 10, 20)


@transaction.atomic
def take_breather(user: User, *, by: User | None, minutes: int) -> User:
    """Pause from now on; whoever pauses already pauses anew. Only for oneself.

    Errors: PermissionDenied; ValidationError code `invalid`.
    """
    user = _own(user, by)
    if minutes not in BREATHER_MINUTES:
        raise ValidationError(_("Choose one of the lengths."), code="invalid")
    now = timezone.now()
    _end_running(user, now)
    user.breather_until = now + timedelta(minutes=minutes)
    user.save(update_fields=["breather_until"])
    Breather.objects.create(user=user, began_at=now, ended_at=user.breather_until)
    return user


@transaction.atomic
def end_breather(user: User, *, by: User | None) -> User:
    """Be back before its time; doing it twice is harmless. Errors: PermissionDenied."""
    user = _own(user, by)
    _end_running(user, timezone.now())
    user.breather_until = None
    user.save(update_fields=["breather_until"])
    return user


def _own(user: User, by: User | None) -> User:
    """The locked row. A pause is nobody else's to give or to end."""
    if by is None or by.pk != user.pk:
        raise PermissionDenied
    return lock_people(user)[user.pk]


def _end_running(user: User, now: datetime) -> None:
    user.breathers.filter(began_at__lte=now, ended_at__gt=now).update(ended_at=now)
