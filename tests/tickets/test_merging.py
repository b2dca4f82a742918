"""Merging by the page and by the API."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actions import create_token
from accounts.models import User
from customers.models import Customer
from tickets.actions import assign_ticket, open_ticket
from tickets.models import Ticket


@pytest.fixture
def both(carla: Customer) -> tuple[Ticket, Ticket]:
    return (
        open_ticket(carla, by=carla, body="The tyre is wrong", channel="email"),
        open_ticket(carla, by=carla, body="The tyre is still wrong", channel="email"),
    )


def at(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("says", ["{}", "#{}", " {} "])
def test_a_person_merges_and_takes_it_back(both, alice, says):
    first, second = both
    page = at(alice).post(f"/tickets/{second.pk}/merge/", {"into": says.format(first.pk)}, follow=True)
    assert page.redirect_chain == [(f"/tickets/{first.pk}/", 303)]
    assert "The tyre is still wrong" in page.text
    merged = at(alice).get(f"/tickets/{second.pk}/")
    assert f"/tickets/{second.pk}/unmerge/" in merged.text
    assert "data-composer" not in merged.text
    at(alice).post(f"/tickets/{second.pk}/unmerge/")
    assert Ticket.objects.get(pk=second.pk).merged_into is None


@pytest.mark.parametrize("into", ["", "0", "999999999999999999", "x", "\x00", "1" * 41, "１", "' OR 1=1 --", "-1"])
def test_what_is_no_ticket_is_said_so(both, alice, into):
    page = at(alice).post(f"/tickets/{both[1].pk}/merge/", {"into": into}, follow=True)
    assert page.status_code == 200
    assert Ticket.objects.get(pk=both[1].pk).merged_into is None
    assert 'class="toast error"' in page.text


def test_nobody_merges_into_what_they_cannot_see(both, charlie, workshop):
    first, second = both
    assign_ticket(first, by=None, team=workshop)
    at(charlie).post(f"/tickets/{second.pk}/merge/", {"into": first.pk})
    key = create_token(charlie, by=charlie, name="script")[1]
    api = Client(headers={"Authorization": f"Bearer {key}"})
    answer = api.post(f"/api/v1/tickets/{second.pk}/merge/", {"into": first.pk}, content_type="application/json")
    assert answer.status_code == 400
    assert Ticket.objects.get(pk=second.pk).merged_into is None


def test_a_program_merges_and_takes_it_back(both, alice):
    first, second = both
    api = Client(headers={"Authorization": f"Bearer {create_token(alice, by=alice, name='script')[1]}"})
    answer = api.post(f"/api/v1/tickets/{second.pk}/merge/", {"into": first.pk}, content_type="application/json")
    assert (answer.status_code, answer.json()["number"]) == (200, first.pk)
    assert api.get(f"/api/v1/tickets/{second.pk}/").json()["merged_into"] == first.pk
    said = api.post(f"/api/v1/tickets/{second.pk}/messages/", {"body": "Hello"}, content_type="application/json")
    assert said.status_code in (200, 201)
    assert api.post(f"/api/v1/tickets/{second.pk}/unmerge/").json()["merged_into"] is None
    assert api.post(f"/api/v1/tickets/{second.pk}/unmerge/").status_code == 400
