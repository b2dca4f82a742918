"""How the sentences of a timeline begin, and the lists in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.utils.html import format_html, format_html_join
from django.utils.translation import pgettext

from accounts.models import User
from tickets.models import Event

register = template.Library()


@register.filter
def who(event: Event, viewer: User | AnonymousUser) -> str:
    """Who did it, as a sentence begins; where verbs want it, their auxiliary is a part of it ("Anna hat")."""
    if event.by_user_id and event.by_user_id == viewer.pk:
        you = pgettext("begins what somebody did", "You")
        return format_html(pgettext("begins what somebody did", "<b>{you}</b>"), you=you)
    return format_html(pgettext("begins what somebody did", "<b>{name}</b>"), name=_name(event))


def _name(event: Event) -> str:
    if event.by_user:
        return event.by_user.name
    return event.by_customer.display_name if event.by_customer else "Makegood"


@register.filter
def in_bold(names: Iterable[Any]) -> str:
    return format_html_join(", ", "<b>{}</b>", ((name,) for name in names))


@register.filter
def said_value(words: str) -> str:
    """What a field held, as an event keeps it: of these, yes and no are words of ours."""
    return pgettext("field", words) if words in ("Yes", "No") else words
