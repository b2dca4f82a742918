"""The mails of making good: one function each. They only fill the outbox, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.languages import mail_language
from accounts.models import Desk, User
from outbox.actions import queue_mail
from outbox.emails import render
from outbox.models import Mail
from outbox.tokens import unsubscribe_url
from recovery import tokens
from recovery.models import Offer, Survey, Telling, Voucher
from recovery.queries.offers import MAIL_KEY
from recovery.queries.surveys import MAIL_KEY as SURVEY_KEY
from tickets.models import RootCause, Ticket
from tickets.queries import Letterhead, letterhead


def offer_url(offer: Offer) -> str:
    """The page on which the customer chooses. Its link is the only key to it."""
    return f"{settings.SITE_URL}/offer/{tokens.sign(offer.nonce, tokens.OFFER)}/"


def offer_key(offer: Offer) -> str:
    """Under which its mail stands in the outbox: one for each version, however often it is sent."""
    return f"{MAIL_KEY}{offer.pk}"


def offer(made: Offer) -> Mail | None:
    """What we offer, with the link to choose; None without an address that is known to be theirs."""
    ticket, desk = made.case.ticket, Desk.current()
    address = ticket.customer.address
    if address is None or not address.is_known:
        return None
    with _in_their_language(ticket, desk):
        links = {"action_url": offer_url(made), "action_label": _("Choose what suits you")}
        if made.is_commercial:
            links["unsubscribe_url"] = unsubscribe_url(address.email)
        context = _context(ticket)
        # Some begin their words with the name, and nobody is greeted twice.
        is_greeted = bool(context["first_name"]) and made.words.startswith(context["first_name"])
        words = {"offer": made, "options": list(made.options.all()), "is_greeted": is_greeted}
        text, html = render("recovery/mail/offer", context | words | links)
        return queue_mail(
            **letterhead(ticket),
            kind="offer" if made.is_commercial else "service_notice",
            to=[(ticket.customer.name, address.email)],
            subject=_("We want to put this right: %(subject)s") % {"subject": ticket.subject},
            text=text,
            html=html,
            about=ticket.about,
            dedupe_key=offer_key(made),
            from_name=desk.name,
            is_at_most_once=True,
        )


def accepted(made: Offer) -> Mail | None:
    """What they chose, with the code if it is one; to the address that the offer went to."""
    ticket, desk = made.case.ticket, Desk.current()
    address = ticket.customer.address
    if address is None or not address.is_known or made.chosen is None:
        return None
    voucher = Voucher.objects.filter(option=made.chosen).first()
    with _in_their_language(made.case.ticket, desk):
        words = {"chosen": made.chosen, "code": voucher.code if voucher else ""}
        text, html = render("recovery/mail/accepted", _context(ticket) | words)
        return queue_mail(
            **letterhead(ticket),
            kind="accepted",
            to=[(ticket.customer.name, address.email)],
            subject=_("What you chose: %(subject)s") % {"subject": ticket.subject},
            text=text,
            html=html,
            about=ticket.about,
            dedupe_key=f"offer-accepted-{made.pk}",
            from_name=desk.name,
            is_automatic=True,
        )


def survey_url(asked: Survey) -> str:
    """Where the customer says whether it is right now."""
    return f"{settings.SITE_URL}/survey/{tokens.sign(asked.nonce, tokens.SURVEY)}/"


def survey_key(asked: Survey) -> str:
    """Under which its mail stands in the outbox."""
    return f"{SURVEY_KEY}{asked.pk}"


def survey(asked: Survey) -> Mail | None:
    """Whether it is right now; None without an address that is known to be theirs."""
    ticket, desk = asked.case.ticket, Desk.current()
    address = ticket.customer.address
    if address is None or not address.is_known:
        return None
    with _in_their_language(ticket, desk):
        links = {"action_url": survey_url(asked), "action_label": _("Tell us in one minute")}
        unsubscribe = {"unsubscribe_url": unsubscribe_url(address.email)}
        chosen = asked.offer.chosen if asked.offer else None
        words = {"subject": ticket.subject, "chosen": chosen}
        text, html = render("recovery/mail/survey", _context(ticket) | words | links | unsubscribe)
        return queue_mail(
            **letterhead(ticket),
            kind="survey",
            to=[(ticket.customer.name, address.email)],
            subject=_("Is it right now?"),
            text=text,
            html=html,
            about=ticket.about,
            dedupe_key=survey_key(asked),
            from_name=desk.name,
            is_automatic=True,
        )


def cause_fixed(ticket: Ticket, telling: Telling, *, dedupe_key: str) -> Mail | None:
    """What we changed, to somebody who told us of it; None without an address that is known to be theirs."""
    address = ticket.customer.address
    if address is None or not address.is_known:
        return None
    with _in_their_language(ticket, Desk.current()):
        words = {"subject": ticket.subject, "words": telling.words_in(translation.get_language() or "")}
        return _cause_fixed(
            to=(ticket.customer.name, address.email),
            words=_context(ticket) | words | _back(ticket) | {"unsubscribe_url": unsubscribe_url(address.email)},
            kind="cause_fixed",
            about=ticket.about,
            dedupe_key=dedupe_key,
            head=letterhead(ticket),
        )


def cause_fixed_sample(cause: RootCause, *, by: User, words: str, language: str, dedupe_key: str) -> Mail:
    """The same to the one of us who writes it, as it will look; about no ticket of anybody's."""
    with translation.override(mail_language(language, Desk.current().language)):
        shown = {"first_name": by.short_name, "subject": cause.name, "words": words}
        to = (by.name, by.email)
        return _cause_fixed(to=to, words=shown, kind="notification", about="", dedupe_key=dedupe_key, head=None)


def _cause_fixed(
    *,
    to: tuple[str, str],
    words: Mapping[str, object],
    kind: str,
    about: str,
    dedupe_key: str,
    head: Letterhead | None,
) -> Mail:
    desk = Desk.current()
    text, html = render("recovery/mail/cause_fixed", words)
    return queue_mail(
        **(head or Letterhead(sender=None, reply_to="")),
        kind=kind,
        to=[to],
        subject=_("You told us, and we changed it: %(subject)s") % {"subject": words["subject"]},
        text=text,
        html=html,
        about=about,
        dedupe_key=dedupe_key,
        from_name=desk.name,
        is_automatic=True,
    )


def _in_their_language(ticket: Ticket, desk: Desk) -> AbstractContextManager[None]:
    site = ticket.site.language if ticket.site else ""
    return translation.override(mail_language(ticket.customer.locale, site, desk.language))


def _back(ticket: Ticket) -> dict[str, object]:
    """The one button: to the page where they find the chat, if there is one."""
    return {"action_url": ticket.site.url if ticket.site else "", "action_label": _("Open the chat")}


def _context(ticket: Ticket) -> dict[str, str]:
    name = ticket.customer.name.split()
    return {"first_name": name[0] if name else "", "color": ticket.site.color if ticket.site else ""}
