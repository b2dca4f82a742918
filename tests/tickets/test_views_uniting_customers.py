"""On a customer's page: who else they are, what would move, and the way back."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from customers.actions import create_guest
from customers.models import Customer
from tests.chat.conftest import arrive
from tickets.actions import merge_customers, open_ticket
from tickets.models import CustomerMerge

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def guest(site) -> Customer:
    guest = create_guest(name="")
    arrive(site, guest)
    open_ticket(guest, by=guest, body="Is anybody here?", channel="chat", site=site)
    return guest


def test_the_other_one_is_found_looked_at_and_united(browser, lea, carla, dora, ticket):
    inside, url = browser(lea), f"/customers/{carla.pk}/same-person/"
    assert "Same person as…" in inside.get(f"/customers/{carla.pk}/").content.decode()
    found = inside.get(url, {"q": "dora"}).content.decode()
    assert f"?other={dora.pk}" in found
    compared = inside.get(url, {"other": dora.pk}).content.decode()
    assert "Carla Cortez" in compared
    assert "Dora Diaz" in compared
    assert "1 addresses" in compared
    assert "Mails go to <b>dora@example.org</b>" in compared
    assert not CustomerMerge.objects.exists()
    answer = inside.post(url, {"other": dora.pk, "stays": "this"})
    assert (answer.status_code, answer["Location"]) == (302, f"/customers/{carla.pk}/")
    page = inside.get(f"/customers/{carla.pk}/").content.decode()
    assert "Also <b><bdi>Dora Diaz</bdi></b>, as Lea Lind said" in page
    assert inside.get(f"/customers/{dora.pk}/")["Location"] == f"/customers/{carla.pk}/"
    merge = CustomerMerge.objects.get()
    inside.post(f"/customers/{carla.pk}/merges/{merge.pk}/undo/")
    assert inside.get(f"/customers/{dora.pk}/").status_code == 200
    again = inside.post(f"/customers/{carla.pk}/merges/{merge.pk}/undo/", follow=True).content.decode()
    assert "undone already" in again


def test_the_other_one_may_stay(browser, lea, carla, dora):
    browser(lea).post(f"/customers/{carla.pk}/same-person/", {"other": dora.pk, "stays": "other"})
    carla.refresh_from_db()
    assert carla.merged_into == dora


def test_a_guest_never_stays_and_keeps_what_is_the_guest_s(browser, lea, carla, guest, ticket):
    inside, url = browser(lea), f"/customers/{guest.pk}/same-person/"
    compared = inside.get(url, {"other": carla.pk}).content.decode()
    assert 'name="stays" value="other"' in compared  # whichever page one comes from
    assert "Nobody has verified who this guest is" in compared
    assert "Let the other one stay" not in compared
    refused = inside.post(url, {"other": carla.pk, "stays": "this"}).content.decode()
    assert "would show what Carla Cortez wrote" in refused
    inside.post(url, {"other": carla.pk, "stays": "other"})
    page = inside.get(f"/customers/{carla.pk}/").content.decode()
    assert "Is anybody here?" in page
    assert "The tyre is wrong" in page
    chat = guest.tickets.get()
    assert "Carla Cortez" in inside.get(chat.get_absolute_url()).content.decode()
    assert "Carla Cortez" in inside.get("/inbox/?view=all").content.decode()


def test_whom_one_may_not_see_one_cannot_choose(browser, carla, charlie, lea, ticket, shop):
    theirs = create_guest(name="Of the shop")
    open_ticket(theirs, by=theirs, body="Shop only", channel="email", team=shop)
    inside, url = browser(lea), f"/customers/{carla.pk}/same-person/"
    assert "Of the shop" not in inside.get(url, {"q": "shop"}).content.decode()
    assert "Of the shop" not in inside.get(url, {"other": theirs.pk}).content.decode()
    inside.post(url, {"other": theirs.pk})
    assert not CustomerMerge.objects.exists()


@pytest.mark.parametrize("other", ["", "x", "0", "9" * 40, "-1", "1 OR 1=1"])
def test_rubbish_chooses_nobody(browser, lea, carla, other):
    url = f"/customers/{carla.pk}/same-person/"
    assert browser(lea).post(url, {"other": other}).status_code == 200
    assert browser(lea).post(url, {"other": str(carla.pk)}).status_code == 200
    assert not CustomerMerge.objects.exists()


def test_agents_see_that_it_was_said_and_change_nothing(browser, alice, lea, carla, dora, ticket):
    merge = merge_customers(carla, merged=dora, by=lea)
    page = browser(alice).get(f"/customers/{carla.pk}/").content.decode()
    assert "Also <b><bdi>Dora Diaz</bdi></b>" in page
    assert "It is another person" not in page
    assert browser(alice).post(f"/customers/{carla.pk}/merges/{merge.pk}/undo/").status_code == 403
