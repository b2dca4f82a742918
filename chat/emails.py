"""The mails that the chat sends by itself."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.languages import mail_language
from accounts.models import Desk, Site
from outbox.actions import queue_mail
from outbox.emails import render
from outbox.models import Mail


def code(email: str, *, site: Site, locale: str, code: str, dedupe_key: str) -> Mail:
    """The code that proves an address. Nobody has proved it yet, so nothing in it is anybody's words but ours.

    They are in the language of the browser that asked (`locale`), else the site's, else the company's.
    """
    desk = Desk.current()
    with translation.override(mail_language(locale, site.language, desk.language)):
        text, html = render("chat/mail/code", {"code": code, "color": site.color})
        return queue_mail(
            kind="code",
            to=email,
            subject=_("Your code for the chat with %(company)s") % {"company": desk.name},
            text=text,
            html=html,
            dedupe_key=dedupe_key,
            from_name=desk.name,
            is_automatic=True,
            is_secret=True,
        )
