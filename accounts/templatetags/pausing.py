"""Whether somebody has a pause now."""

from __future__ import annotations

from django import template
from django.utils import timezone

from accounts.models import User

register = template.Library()


@register.filter
def on_breather(user: object) -> bool:
    return isinstance(user, User) and user.is_on_breather(timezone.now())
