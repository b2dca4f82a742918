"""Mails that leave, in the words of those who look after them."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from outbox.models import Mail

register = template.Library()

KINDS = {
    "account": _("Sign-in and invitations"),
    "reply": pgettext_lazy("kind of mail", "Answer"),
    "reply_copy": _("Answer, to somebody copied"),
    "forward": pgettext_lazy("kind of mail", "Forwarded"),
    "acknowledgement": _("Confirmation that it came"),
    "accepted": _("What a customer chose"),
    "notification": _("To one of ours"),
    "alarm": _("Something is wrong"),
    "copy": _("Copy of a conversation"),
    "code": _("Code that proves an address"),
    "follow_up": pgettext_lazy("kind of mail", "Follow-up"),
    "service_notice": _("Notice about a conversation"),
    "offer": pgettext_lazy("kind of mail", "Offer"),
    "survey": pgettext_lazy("kind of mail", "Survey"),
    "cause_fixed": _("What went wrong is mended"),
    "report": pgettext_lazy("kind of mail", "Report"),
    "test": pgettext_lazy("kind of mail", "Test"),
}


@register.filter
def kind_in_words(mail: Mail) -> str:
    """What kind of mail it is."""
    return str(KINDS.get(mail.kind) or mail.kind.replace("_", " "))


@register.filter
def ticket_of(mail: Mail) -> str:
    """The address of the ticket that it is about, if it is about one."""
    what, _colon, number = mail.about.partition(":")
    return reverse("tickets:show", args=[number]) if what == "ticket" and number.isdecimal() else ""


@register.filter
def said_of(words: str) -> str:
    """A reason or an answer: ours is translated, a server's stays as it is."""
    return gettext(words) if words else ""
