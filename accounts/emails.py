"""The mails about accounts. They go through Django's mail functions, so the outbox wipes their words once sent."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.invitations import token_for
from accounts.models import Desk, User


def absolute(path: str) -> str:
    """The address of a page here as mails name it: from the settings, never from a request's Host header."""
    return settings.SITE_URL + path


def invite(user: User, *, by: User | None) -> None:
    """Ask somebody to come and work here."""
    desk = Desk.current()
    context = {
        "company": desk.name,
        "inviter": by.name if by else desk.name,
        "person": user,
        "days": settings.INVITATION_SECONDS // 86_400,
        "url": absolute(reverse("accounts:accept_invitation", args=[token_for(user)])),
    }
    with translation.override(user.reads):
        subject = _("Join %(company)s’s desk") % {"company": desk.name}
        text = render_to_string("accounts/mail/invitation.txt", context)
    EmailMessage(subject, text, to=[user.email]).send()
