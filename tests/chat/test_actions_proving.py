"""An address is proved by a code that goes there: threats 18 and 20, and what the code opens."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import RateLimit
from chat.actions import (
    begin_conversation,
    identify_visitor,
    leave_address,
    send_code,
    start_visit,
    verify_address,
)
from chat.actions.proving import MAX_ATTEMPTS, Proved
from chat.models import AddressCode, Identity, Visitor
from customers.models import Address, Customer
from outbox.actions import suppress
from outbox.models import Mail, Recipient
from outbox.policy import Why
from tests.chat.conftest import arrive
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import mail_copy
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
EMAIL = "new@example.org"


def guest(site, body: str = "Hello?") -> tuple[Visitor, str, Ticket]:
    visitor, token = arrive(site)
    return visitor, token, begin_conversation(visitor, body=body, client_id="c1")


def mailed_code(email: str = EMAIL) -> str:
    mail = Mail.objects.get(kind="code", recipients__email=email)
    found = re.search(r"^ {4}(\d{6})$", mail.text, re.MULTILINE)
    assert found
    return found[1]


def another_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def verify(visitor: Visitor, token: str, code: str, email: str = EMAIL) -> Proved:
    return verify_address(visitor, token=token, email=email, code=code)


def refused(visitor: Visitor, token: str, code: str, email: str = EMAIL) -> str:
    with pytest.raises(ValidationError) as error:
        verify(visitor, token, code, email)
    return str(error.value.code)


# --- The code goes out ---------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "spoken"), [("de-AT", "de"), ("ar", "en"), ("", "en")])
def test_the_code_is_mailed_in_the_language_of_the_browser(site, locale, spoken):
    visitor, _token, _ticket = guest(site)
    visitor.locale = locale
    send_code(visitor, email=EMAIL)
    mail = Mail.objects.get(kind="code")
    assert mail.language == spoken
    assert f'<html lang="{spoken}">' in mail.html


def test_a_thousand_requests_for_one_address_are_one_mail_in_neutral_words(site):
    """Threat 18: whoever types somebody else's address cannot bother them with it, nor speak to them through us."""
    words = "canary: buy at https://evil.example"
    for number in range(40):
        visitor, _ = arrive(site)
        begin_conversation(visitor, body=words, client_id="c1")
        leave_address(visitor, email="victim@example.com", name="canary")
        for email in ("victim@example.com", " Victim@Example.COM "):
            for _ in range(5 if number else 600):
                assert send_code(visitor, email=email) == "victim@example.com"
    mail = Mail.objects.get(recipients__email="victim@example.com")
    everything = f"{mail.subject}{mail.text}{mail.html}{mail.from_name}{mail.headers}"
    assert "canary" not in everything
    assert "evil" not in everything
    assert mail.recipients.get().name == ""
    assert len(mail.text) < 700
    assert (mail.is_secret, mail.is_at_most_once, mail.is_automatic, mail.about) == (True, True, True, "")


def test_the_next_day_there_may_be_another(site):
    visitor, _, _ = guest(site)
    send_code(visitor, email=EMAIL)
    RateLimit.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))
    send_code(visitor, email=EMAIL)
    assert Mail.objects.filter(kind="code").count() == 2
    assert AddressCode.objects.count() == 1


def test_only_a_digest_is_kept_and_not_one_that_is_soon_guessed(site):
    visitor, _, _ = guest(site)
    send_code(visitor, email=EMAIL)
    kept, code = AddressCode.objects.get().digest, mailed_code()
    assert code not in kept
    assert kept not in {sha256(text.encode()).hexdigest() for text in (code, f"{EMAIL}:{code}")}


@pytest.mark.parametrize("email", ["", "x", "a@b", "a@example.org, b@example.org", "a@example.org\nBcc: b@c.de"])
def test_what_is_no_address_gets_no_code(site, email):
    visitor, _, _ = guest(site)
    with pytest.raises(ValidationError):
        send_code(visitor, email=email)
    assert not Mail.objects.exists()


def test_an_address_whose_mails_come_back_gets_none(site):
    suppress(EMAIL, reason=Why.BOUNCE)
    visitor, _, _ = guest(site)
    assert send_code(visitor, email=EMAIL) == EMAIL
    assert Mail.objects.get().state == "cancelled"
    assert Recipient.objects.get().state == "suppressed"


def test_who_has_said_nothing_and_who_is_blocked_get_none(site):
    silent, token = arrive(site)
    blocked, _, _ = guest(site)
    Customer.objects.filter(pk=blocked.customer.pk).update(is_blocked=True)
    blocked.refresh_from_db()
    for visitor in (silent, blocked):
        with pytest.raises(PermissionDenied):
            send_code(visitor, email=EMAIL)
        with pytest.raises(PermissionDenied):
            verify(visitor, token, "000000")
    assert not Mail.objects.exists()


# --- The code comes back -------------------------------------------------------------------


def test_the_right_code_proves_the_address(site):
    visitor, token, ticket = guest(site)
    leave_address(visitor, email=EMAIL)
    leave_address(visitor, email="later@example.org")
    send_code(visitor, email=EMAIL)
    proved = verify(visitor, token, mailed_code())
    assert proved.email == EMAIL
    assert visitor.customer.addresses.get(email=EMAIL).is_verified
    assert again(ticket).customer.email == EMAIL
    assert (last(ticket).type, last(ticket).data["how"]) == ("customer.identified", "mail")
    assert mail_copy(ticket, by=visitor.customer).recipients.get().email == EMAIL
    check_log(ticket)


def test_whoever_knew_the_token_before_does_not_know_it_now(site):
    visitor, token, _ = guest(site)
    send_code(visitor, email=EMAIL)
    proved = verify(visitor, token, mailed_code())
    assert Visitor.objects.authenticate(token) is None
    assert Visitor.objects.authenticate(proved.token).customer == visitor.customer


def test_a_code_is_typed_as_people_type(site):
    for number, form in enumerate(("{0}", " {0} ", "{1} {2}", "{1}-{2}", "arabic", "wide")):
        visitor, token, _ = guest(site)
        email = f"n{number}@example.org"
        send_code(visitor, email=email)
        code = mailed_code(email)
        typed = form.format(code, code[:3], code[3:])
        if form in ("arabic", "wide"):
            zero = ord("٠" if form == "arabic" else "０")
            typed = "".join(chr(zero + int(digit)) for digit in code)
        assert verify(visitor, token, typed, f" {email.upper()}").email == email


def test_a_known_address_brings_its_owners_history(site, carla, chat_ticket):
    visitor, token, ticket = guest(site, "It is me, Carla")
    guests = visitor.customer
    send_code(visitor, email="carla@example.org")
    proved = verify(visitor, token, mailed_code("carla@example.org"), "carla@example.org")
    known = Visitor.objects.authenticate(proved.token)
    assert known.customer == carla
    assert set(Ticket.objects.visible_to(carla)) == {chat_ticket, ticket}
    assert not Customer.objects.filter(pk=guests.pk).exists()
    assert Visitor.objects.authenticate(token) is None
    assert log(ticket)[-1] == "customer.identified"
    check_log(ticket)


def test_an_address_that_our_people_entered_is_proved_by_it(site, carla):
    carla.addresses.update(proof="stated")
    visitor, token, _ = guest(site)
    send_code(visitor, email="carla@example.org")
    verify(visitor, token, mailed_code("carla@example.org"), "carla@example.org")
    assert carla.addresses.get().is_verified


def test_whoever_reads_the_mail_may_type_it_wherever_they_are(site, carla):
    asked, _, _ = guest(site)
    send_code(asked, email="carla@example.org")
    visitor, token, ticket = guest(site, "On the laptop now")
    verify(visitor, token, mailed_code("carla@example.org"), "carla@example.org")
    assert again(ticket).customer == carla


def test_it_works_once(site, carla):
    visitor, token, _ = guest(site)
    send_code(visitor, email="carla@example.org")
    code = mailed_code("carla@example.org")
    verify(visitor, token, code, "carla@example.org")
    other, token, _ = guest(site)
    assert refused(other, token, code, "carla@example.org") == "invalid"
    assert other.customer.addresses.count() == 0


def test_after_five_guesses_the_right_one_is_wrong_too_whoever_guesses(site, carla, chat_ticket):
    visitor, token, _ = guest(site)
    send_code(visitor, email="carla@example.org")
    code = mailed_code("carla@example.org")
    for _ in range(MAX_ATTEMPTS):
        guesser, own, _ = guest(site)
        assert refused(guesser, own, another_than(code), "carla@example.org") == "invalid"
    assert refused(visitor, token, code, "carla@example.org") == "invalid"
    send_code(visitor, email="carla@example.org")  # there is no second one today
    assert Mail.objects.filter(kind="code").count() == 1
    assert again(chat_ticket).customer == carla


def test_four_guesses_do_no_harm(site):
    visitor, token, _ = guest(site)
    send_code(visitor, email=EMAIL)
    for _ in range(MAX_ATTEMPTS - 1):
        refused(visitor, token, another_than(mailed_code()))
    assert verify(visitor, token, mailed_code()).email == EMAIL


def test_a_day_later_it_is_too_old(site):
    visitor, token, _ = guest(site)
    send_code(visitor, email=EMAIL)
    AddressCode.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert refused(visitor, token, mailed_code()) == "invalid"


@pytest.mark.parametrize("code", ["", "000", "abcdef", "١٢٣", "0" * 20, "\x00", "\ud800", "' OR 1=1"])
def test_what_is_no_code_is_wrong(site, code):
    visitor, token, _ = guest(site)
    send_code(visitor, email=EMAIL)
    assert refused(visitor, token, code) == "invalid"


def test_a_code_for_one_address_proves_no_other(site, carla):
    visitor, token, _ = guest(site)
    send_code(visitor, email=EMAIL)
    assert refused(visitor, token, mailed_code(), "carla@example.org") == "invalid"
    assert refused(visitor, token, "000000", "nobody@example.org") == "invalid"


def test_one_who_is_known_can_prove_another_address_but_not_another_customers(site, carla, dora, chat_ticket):
    visitor, token = arrive(site, carla)
    for email in (EMAIL, "dora@example.org"):
        send_code(visitor, email=email)
    assert verify(visitor, token, mailed_code()) == Proved(EMAIL, token)
    assert Customer.objects.get(pk=carla.pk).email == EMAIL
    assert log(chat_ticket).count("customer.identified") == 0
    assert refused(visitor, token, mailed_code("dora@example.org"), "dora@example.org") == "conflict"
    assert Address.objects.get(email="dora@example.org").customer == dora
    assert AddressCode.objects.filter(email="dora@example.org").count() == 1  # not used up by it


def test_one_whom_a_site_named_keeps_that(site, sign, dora):
    visitor, token, _ = guest(site)
    known = identify_visitor(visitor, token=token, proof=sign())
    send_code(known.visitor, email="dora@example.org")
    code = mailed_code("dora@example.org")
    assert refused(known.visitor, known.token, code, "dora@example.org") == "conflict"
    assert Identity.objects.get().customer == known.customer


def test_a_visitor_whose_token_was_changed_proves_nothing(site):
    visitor, token, _ = guest(site)
    send_code(visitor, email=EMAIL)
    Visitor.objects.filter(pk=visitor.pk).delete()
    with pytest.raises(PermissionDenied):
        verify(visitor, token, mailed_code())
    assert start_visit(site, token=token).token != token
