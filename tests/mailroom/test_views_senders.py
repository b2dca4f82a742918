"""Whom mails come from and what they say, under Settings."""

from __future__ import annotations

import pytest
from django.urls import reverse

from outbox.models import Mail, Sender, Wording
from outbox.transport import server_of

pytestmark = pytest.mark.django_db
LIST = reverse("mailroom:senders")
NEW = reverse("mailroom:new_sender")
OWN_SERVER = {"has_server": "on", "host": "smtp.example.com", "port": "587", "security": "starttls"}
WORDS = reverse("mailroom:wording", args=["receipt", "en"])


@pytest.fixture
def desk(client, adam):
    client.force_login(adam)
    return client


def said(response) -> str:
    return response.content.decode()


# --- Senders -------------------------------------------------------------------------------
def test_without_one_the_page_says_whom_mails_come_from(desk, settings):
    settings.DEFAULT_FROM_EMAIL = "Bellwether <desk@bellwether.example>"
    assert "All mails come from desk@bellwether.example" in said(desk.get(LIST))


def test_an_address_for_a_team(desk, workshop):
    said_ = {"email": "workshop@bellwether.example", "team": workshop.pk, "is_usual": "on", "has_plus": "on"}
    response = desk.post(NEW, said_)
    made = Sender.objects.get()
    assert response["Location"] == reverse("mailroom:sender", args=[made.pk])
    assert (made.team, made.is_usual, made.has_plus, made.transport) == (workshop, True, True, "")
    html = said(desk.get(LIST))
    assert "workshop@bellwether.example" in html
    assert "Workshop" in html


def test_a_server_of_its_own_whose_password_is_shown_to_nobody(desk):
    own = OWN_SERVER | {"user": "me", "password": "open sesame"}
    desk.post(NEW, {"email": "help@bellwether.example"} | own)
    made = Sender.objects.get()
    assert server_of(made)["password"] == "open sesame"
    address = reverse("mailroom:sender", args=[made.pk])
    html = said(desk.get(address))
    assert "smtp.example.com" in html
    assert "open sesame" not in html
    desk.post(address, {"email": "help@bellwether.example"} | own | {"password": ""})
    assert server_of(Sender.objects.get())["password"] == "open sesame"
    desk.post(address, {"email": "help@bellwether.example"})
    assert Sender.objects.get().transport == ""


def test_what_is_wrong_stands_beside_its_field(desk):
    response = desk.post(NEW, {"email": "x@example.com"} | OWN_SERVER | {"security": "plain"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"security"}
    response = desk.post(NEW, {"email": "x@example.com"} | OWN_SERVER | {"host": ""})
    assert response.status_code == 422
    assert Sender.objects.count() == 0


def test_the_signature_is_seen_while_it_is_typed(desk, adam, workshop):
    address = reverse("mailroom:preview_sender")
    typed = "{{ agent.name }}, {{ team.name }} <b>"
    html = said(desk.post(address, {"signature": typed, "team": workshop.pk}))
    assert f"{adam.face_name}, Workshop &lt;b&gt;" in html
    assert "{{ customer.name }}" in said(desk.post(address, {"signature": "{{ customer.name }}", "team": "x"}))


def test_a_test_mail_goes_to_whoever_asks(desk, adam):
    desk.post(NEW, {"email": "help@bellwether.example", "signature": "The workshop"})
    made = Sender.objects.get()
    response = desk.post(reverse("mailroom:sender_deed", args=[made.pk]), {"do": "test"})
    mail = Mail.objects.get(kind="test")
    assert response["Location"] == reverse("mailroom:outgoing_mail", args=[mail.pk])
    assert mail.from_email == "help@bellwether.example"
    assert [person.email for person in mail.recipients.all()] == [adam.email]
    assert mail.text.endswith("The workshop")


def test_an_address_is_taken_away(desk):
    desk.post(NEW, {"email": "help@bellwether.example"})
    desk.post(reverse("mailroom:sender_deed", args=[Sender.objects.get().pk]), {"do": "remove"})
    assert Sender.objects.count() == 0


# --- Wordings ------------------------------------------------------------------------------
def test_every_kind_is_there_in_every_language_of_the_desk(desk):
    html = said(desk.get(reverse("mailroom:wordings")))
    for kind in ("receipt", "answer", "follow_up"):
        for language in ("en", "de"):
            assert reverse("mailroom:wording", args=[kind, language]) in html
            assert desk.get(reverse("mailroom:wording", args=[kind, language])).status_code == 200
    for wrong in (("bill", "en"), ("receipt", "tlh")):
        assert desk.get(reverse("mailroom:wording", args=wrong)).status_code == 404
        assert desk.post(reverse("mailroom:preview_wording", args=wrong)).status_code == 404


def test_a_page_in_german_shows_the_usual_words_in_german(desk):
    html = said(desk.get(reverse("mailroom:wording", args=["receipt", "de"])))
    assert "Hallo {{ customer.first_name }}" in html
    assert "Hallo Carla" in html


def test_own_words_and_the_usual_ones_again(desk):
    desk.post(WORDS, {"subject": "We have it", "body": "Ahoy {{ customer.first_name }}!"})
    assert Wording.objects.get().subject == "We have it"
    html = said(desk.get(WORDS))
    assert "Ahoy {{ customer.first_name }}!" in html
    assert "Ahoy Carla!" in html
    assert "own words" in said(desk.get(reverse("mailroom:wordings")))
    desk.post(WORDS, {"do": "reset"})
    assert Wording.objects.count() == 0


def test_a_name_that_is_none_is_refused_and_the_words_are_kept(desk):
    response = desk.post(WORDS, {"body": "Hello {{ customer.shoe_size }}"})
    assert response.status_code == 422
    assert "{{ customer.shoe_size }}" in said(response)
    response = desk.post(reverse("mailroom:wording", args=["answer", "en"]), {"body": "No words of the answer."})
    assert response.status_code == 422


def test_the_preview_is_never_code(desk, settings):
    body = (
        "<script>x</script> {% load static %} {{ settings.SECRET_KEY }} {{ settings.secret_key }} [x](javascript:alert)"
    )
    html = said(desk.post(reverse("mailroom:preview_wording", args=["receipt", "en"]), {"body": body}))
    assert "<script>" not in html
    assert "{% load static %}" in html
    assert settings.SECRET_KEY not in html
    assert "<code>{{ settings.secret_key }}</code> stands for nothing here" in html
    assert 'href="javascript' not in html
