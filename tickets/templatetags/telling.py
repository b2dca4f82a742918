"""Who did what on a timeline, how its sentences begin, and what can be done with a message."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language, gettext, pgettext

from accounts.models import User
from tickets.models import Channel, Event, Message, Ticket

register = template.Library()


@register.filter
def who(event: Event, viewer: User | AnonymousUser) -> str:
    """Who did it, as a sentence begins; where verbs want it, their auxiliary is a part of it ("Anna hat")."""
    if event.by_user_id and event.by_user_id == viewer.pk:
        you = pgettext("begins what somebody did", "You")
        return format_html(pgettext("begins what somebody did", "<b>{you}</b>"), you=you)
    return format_html(pgettext("begins what somebody did", "<b>{name}</b>"), name=_name(event))


@register.filter
def author(message: Message, viewer: User | AnonymousUser) -> str:
    """Whose words they are."""
    return gettext("You") if message.by_user_id and message.by_user_id == viewer.pk else _name(message)


def _name(done: Event | Message) -> str:
    if done.by_user:
        return done.by_user.name
    return done.by_customer.display_name if done.by_customer else "Makegood"


@register.filter
def key_on(event: Event, ticket: Ticket) -> str:
    """What an entry is called on a ticket's page, which also shows the tickets that were merged into it."""
    return str(event.seq) if event.ticket_id == ticket.pk else f"{event.ticket_id}-{event.seq}"


class MessageMenus:
    """The menus of a page's messages. Those of a kind differ in the message's number only, so each kind is drawn once:
    to draw all fifty took a seventh of a long ticket's time (bin/bench workspace)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._drawn: dict[tuple[str, bool, bool], str] = {}

    def of(self, message: Message) -> str:
        is_mine = message.by_user_id == self._context["request"].user.pk
        kind = (message.kind, is_mine, _came_by_mail(message))
        if kind not in self._drawn:
            self._drawn[kind] = self._draw(message)
        return format_html(self._drawn[kind], number=message.pk)

    def _draw(self, message: Message) -> str:
        """The menu with `{number}` where the message's stands."""
        fragment = template.Engine.get_default().get_template("tickets/_message_menu.html")
        with self._context.push(message=message, number="{number}", is_letter=_came_by_mail(message)):
            return fragment.render(self._context)


def _came_by_mail(message: Message) -> bool:
    return message.by_user_id is None and hasattr(message, "letter")


@register.simple_tag(takes_context=True)
def message_menus(context: Context) -> MessageMenus:
    return MessageMenus(context)


@register.filter
def menu(message: Message, menus: MessageMenus) -> str:
    """What the reader can do with one message."""
    return menus.of(message)


@register.filter
def channel_name(channel: str) -> str:
    return _channel_name(channel, get_language())


@lru_cache
def _channel_name(channel: str, _language: str | None) -> str:
    return str(Channel(channel).label)


@register.filter
def in_bold(names: Iterable[Any]) -> str:
    return format_html_join(", ", "<b>{}</b>", ((name,) for name in names))


@register.filter
def said_value(words: str) -> str:
    """What a field held, as an event keeps it: of these, yes and no are words of ours."""
    return pgettext("field", words) if words in ("Yes", "No") else words
