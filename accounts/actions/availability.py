"""Whether somebody takes chats now."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.actions._rules import require
from accounts.models import User


def set_availability(user: User, *, by: User | None, availability: str) -> User:
    """For oneself; for others with the right to manage people."""
    if by is None or by.pk != user.pk:
        require(by, "accounts.manage_people")
    if availability not in User.Availability.values:
        raise ValidationError(_("Take chats, or be away."), code="invalid")
    User.objects.filter(pk=user.pk).update(availability=availability)
    user.availability = availability
    return user
