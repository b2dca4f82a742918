"""A copy by mail: what the customer sees, to an address that is theirs for certain, once."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from customers.actions import claim_address, create_guest, prove_address
from customers.models import Address, Customer
from outbox.actions import suppress
from outbox.models import Mail, Recipient
from outbox.policy import Why
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import add_attachment, mail_copy, open_ticket, post_message, rate_ticket, resolve_ticket
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


def addressees() -> list[str]:
    return list(Recipient.objects.values_list("email", flat=True))


def test_the_conversation_leaves_as_the_customer_sees_it(chat_ticket, carla, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=carla)
    post_message(chat_ticket, by=carla, body="See the file.", attachments=(str(file.pk),))
    post_message(chat_ticket, by=alice, body="canary: she sounds cross", kind="note")
    alice.public_name = "Ally"
    alice.save()
    post_message(chat_ticket, by=alice, body="I see <b>it</b>.\n\nOn its way.")
    mail = mail_copy(again(chat_ticket), by=carla)
    assert (mail.kind, mail.is_at_most_once, mail.files, mail.about) == ("copy", True, [], chat_ticket.about)
    assert mail.subject == "A copy of our conversation: Hello? The tyre is wrong."
    assert addressees() == ["carla@example.org"]
    said = ["Hello? The tyre is wrong.", "See the file.", "File in the chat: tyre.txt", "Ally, Bellwether Cycles"]
    places = [mail.text.index(words) for words in [*said, "On its way."]]
    assert places == sorted(places)
    assert "I see <b>it</b>." in mail.text
    assert "I see &lt;b&gt;it&lt;/b&gt;." in mail.html
    for part in (mail.text, mail.html, mail.subject):
        assert "canary" not in part
        assert "Alice" not in part
        assert str(chat_ticket.number) not in part.split()
    assert (last(chat_ticket).type, last(chat_ticket).is_public) == ("copy.mailed", False)
    assert last(chat_ticket).data == {"mail": str(mail.pk)}
    check_log(chat_ticket)


def test_times_are_the_customers(chat_ticket, carla):
    Event.objects.filter(ticket=chat_ticket).update(at=timezone.now())
    chat_ticket.messages.update(created_at="2026-11-03T23:30:00Z")
    for zone, shown in (("", "4 November 2026, 00:30"), ("Asia/Tokyo", "4 November 2026, 08:30")):
        Customer.objects.filter(pk=carla.pk).update(time_zone=zone)
        Mail.objects.all().delete()
        assert shown in mail_copy(again(chat_ticket), by=carla).text


@pytest.mark.parametrize("seed", range(5))
def test_no_mix_of_notes_and_replies_lets_a_note_out(chat_ticket, carla, alice, bob, seed):
    dice = random.Random(seed)
    said = []
    for number in range(dice.randint(5, 25)):
        by = dice.choice([carla, alice, bob])
        is_note = by is not carla and dice.random() < 0.5
        body = f"{'canary' if is_note else 'words'}-{number}."
        post_message(chat_ticket, by=by, body=body, kind="note" if is_note else "reply")
        said += [] if is_note else [body]
        if dice.random() < 0.1:
            rate_ticket(chat_ticket, by=carla, score=1, comment="canary, too")
    mail = mail_copy(chat_ticket, by=carla)
    assert "canary" not in mail.text + mail.html + mail.subject
    for part in (mail.text, mail.html):
        places = [part.index(body) for body in said]
        assert places == sorted(places)


def test_a_very_long_conversation_leaves_with_its_newest_part(chat_ticket, carla):
    for number in range(12):
        post_message(chat_ticket, by=carla, body=f"part-{number} " + "x" * 19_000)
    mail = mail_copy(chat_ticket, by=carla)
    assert "The beginning is left out" in mail.text
    assert ("part-11" in mail.text, "part-2 " in mail.text, "part-1 " in mail.text) == (True, True, False)
    assert len(mail.text) < 210_000


def test_asked_twice_it_is_one_mail(chat_ticket, carla):
    first, second = mail_copy(chat_ticket, by=carla), mail_copy(chat_ticket, by=carla)
    assert first == second
    assert log(chat_ticket).count("copy.mailed") == 1
    post_message(chat_ticket, by=carla, body="And another thing.")
    assert mail_copy(chat_ticket, by=carla) != first
    assert Mail.objects.filter(kind="copy").count() == 2


def test_five_a_day_are_enough(chat_ticket, carla, alice):
    for number in range(5):
        post_message(chat_ticket, by=carla, body=f"{number}")
        mail_copy(chat_ticket, by=carla)
    post_message(chat_ticket, by=carla, body="more")
    with pytest.raises(ValidationError) as refused:
        mail_copy(chat_ticket, by=carla)
    assert refused.value.code == "rate_limited"
    Event.objects.filter(type="copy.mailed").update(at=timezone.now() - timedelta(days=2))
    mail_copy(chat_ticket, by=carla)


@pytest.mark.parametrize("proof", ["claimed", "stated", None])
def test_an_address_that_is_not_proved_gets_nothing(chat_ticket, carla, proof):
    if proof:
        carla.addresses.update(proof=proof)
    else:
        carla.addresses.all().delete()
    with pytest.raises(ValidationError) as refused:
        mail_copy(chat_ticket, by=carla)
    assert refused.value.code == "unverified"
    assert not Mail.objects.exists()
    assert log(chat_ticket).count("copy.mailed") == 0


def test_it_goes_to_the_one_that_was_proved_last(chat_ticket, carla):
    claim_address(carla, email="claimed@example.net")
    claim_address(carla, email="newer@example.net")
    prove_address(carla, email="newer@example.net", is_dearest=True)
    mail_copy(chat_ticket, by=carla)
    assert addressees() == ["newer@example.net"]
    prove_address(carla, email="carla@example.org", is_dearest=True)
    mail_copy(chat_ticket, by=carla)
    assert addressees() == ["newer@example.net", "carla@example.org"]
    assert Address.objects.filter(customer=carla, proof="proved").count() == 2


def test_an_address_whose_mails_come_back_gets_nothing(chat_ticket, carla):
    suppress("carla@example.org", reason=Why.BOUNCE)
    with pytest.raises(ValidationError):
        mail_copy(chat_ticket, by=carla)
    assert not Mail.objects.exists()
    assert log(chat_ticket).count("copy.mailed") == 0


def test_a_solved_conversation_can_be_had_too(chat_ticket, carla, alice):
    resolve_ticket(chat_ticket, by=alice, root_cause=None)
    assert mail_copy(again(chat_ticket), by=carla).state == "pending"


def test_who_may_and_who_may_not(chat_ticket, carla, dora, alice):
    with pytest.raises(PermissionDenied):
        mail_copy(chat_ticket, by=dora)
    mail_copy(chat_ticket, by=alice)
    assert last(chat_ticket).by == alice
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    with pytest.raises(PermissionDenied):
        mail_copy(again(chat_ticket), by=carla)


def test_a_name_cannot_add_a_header(site):
    guest = create_guest(name="Carla\r\nBcc: eve@example.com")
    prove_address(guest, email="c@example.org")
    ticket: Ticket = open_ticket(guest, by=guest, body="Hi\r\nBcc: eve@example.com", channel="chat", site=site)
    mail = mail_copy(ticket, by=guest)
    assert "\n" not in mail.subject + mail.recipients.get().name


# --- From the ticket's page ----------------------------------------------------------------


def test_our_people_mail_it_from_the_page(client, chat_ticket, carla, alice, charlie):
    client.force_login(alice)
    page = f"/tickets/{chat_ticket.number}/"
    assert "Mail a copy to the customer" in client.get(page).content.decode()
    assert client.post(f"{page}copy/").status_code == 303
    assert (addressees(), last(chat_ticket).by) == (["carla@example.org"], alice)
    assert "mailed the customer a copy of the conversation" in client.get(page).content.decode()
    client.force_login(charlie)
    assert client.post(f"{page}copy/").status_code == 404


def test_the_page_offers_none_where_none_can_go(client, chat_ticket, carla, alice):
    carla.addresses.update(proof="claimed")
    client.force_login(alice)
    page = f"/tickets/{chat_ticket.number}/"
    assert "Mail a copy" not in client.get(page).content.decode()
    refused = client.post(f"{page}copy/")
    assert (refused.status_code, "No address is verified yet." in refused.content.decode()) == (422, True)
