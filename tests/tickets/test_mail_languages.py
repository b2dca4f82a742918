"""Which language a mail speaks: that of whoever reads it, as far as we write it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import gettext, override

from accounts.languages import mail_language
from accounts.models import Desk, Site
from customers.models import Customer
from outbox.models import Mail
from tickets.actions import add_copied, forward_ticket, mail_copy, post_message, resolve_ticket
from tickets.actions.addressing import Person
from tickets.jobs import run_due_follow_ups
from tickets.models import FollowUp, Ticket

pytestmark = pytest.mark.django_db
CHOICES = [  # the customer's locale, their site's language, the company's: what the mail speaks
    ("de-AT", "en", "en", "de"),
    ("de_CH", "", "en", "de"),
    ("en-GB", "de", "de", "en"),
    ("fr", "de", "en", "de"),
    ("", "de", "en", "de"),
    ("ar", "ar", "de", "de"),
    ("ar", "ar", "en", "en"),
    ("x" * 20, "fr", "fr", "en"),
]


def speak(ticket: Ticket, *, locale: str = "", site: str = "", desk: str = "en") -> Ticket:
    """The same ticket, whose customer, site and company have these languages."""
    Customer.objects.filter(pk=ticket.customer_id).update(locale=locale)
    Site.objects.filter(pk=ticket.site_id).update(language=site)
    Desk.objects.update(language=desk)
    return Ticket.objects.get(pk=ticket.pk)


def leave() -> None:
    FollowUp.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    run_due_follow_ups()


@pytest.mark.parametrize(("locale", "sites", "desk", "spoken"), CHOICES)
def test_the_first_language_that_mails_speak_is_chosen(locale, sites, desk, spoken):
    assert mail_language(locale, sites, desk) == spoken


@pytest.mark.parametrize(("locale", "sites", "desk", "spoken"), CHOICES)
def test_a_customers_mails_and_the_copies_of_them_are_in_their_language(
    chat_ticket, alice, carla, cause, locale, sites, desk, spoken
):
    ticket = speak(chat_ticket, locale=locale, site=sites, desk=desk)
    add_copied(ticket, by=alice, email="dana@example.net", name="Dana Dee")
    post_message(ticket, by=alice, body="The right one leaves today.")
    leave()
    mail_copy(ticket, by=carla)
    resolve_ticket(ticket, by=alice, root_cause=cause)
    leave()
    mails = {mail.kind: mail for mail in Mail.objects.all()}
    assert set(mails) == {"reply", "reply_copy", "copy", "follow_up"}
    for mail in mails.values():
        assert mail.language == spoken
        assert f'<html lang="{spoken}">' in mail.html
    with override(spoken):
        assert mails["follow_up"].subject == gettext("Is everything all right now?")
        assert mails["reply"].from_name == gettext("%(name)s at %(company)s") % {
            "name": "Alice",
            "company": "Bellwether Cycles",
        }


def test_around_a_forward_are_words_in_the_companys_language(ticket, alice):
    forward_ticket(
        speak(ticket, locale="en", desk="de"),
        by=alice,
        to=[Person("Sven", "sven@supplier.example")],
        words="Which size?",
    )
    mail = Mail.objects.get(kind="forward")
    assert mail.language == "de"
    assert '<html lang="de">' in mail.html


def test_whoever_acts_does_not_bring_their_own_language(ticket, alice):
    with override("de"):
        post_message(ticket, by=alice, body="The right one leaves today.")
        leave()
    assert Mail.objects.get(kind="reply").language == "en"
