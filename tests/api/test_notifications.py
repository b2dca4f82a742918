"""What one was told, and what one follows, through the API."""

from __future__ import annotations

import pytest

from tests.tickets.test_actions_notifying import tell_all
from tickets.actions import assign_ticket, follow_ticket, post_message, transfer_ticket
from tickets.models import Follow, Notification

TOLD = "/api/v1/notifications/"


def test_what_one_was_told_is_listed_and_read(api, alice, bob, carla, ticket):
    assign_ticket(ticket, by=bob, user=alice)
    post_message(ticket, by=carla, body="My card is 4111")
    tell_all(ticket)
    newest, first = api.get(TOLD).json()["results"]
    assert (newest["kind"], newest["said"], newest["ticket"]) == ("replied", "Carla Cortez writes", ticket.pk)
    assert (first["kind"], first["said"], first["read_at"]) == ("assigned", "Bob gives it to you", None)
    assert "4111" not in api.get(TOLD).content.decode()
    assert api.post(f"{TOLD}read/", {"ids": [first["id"]]}).json() == {"read": 1}
    assert [row["id"] for row in api.get(f"{TOLD}?unread=true").json()["results"]] == [newest["id"]]
    assert api.post(f"{TOLD}read/", {"all": True}).json() == {"read": 1}
    assert api.get(f"{TOLD}?unread=true").json()["results"] == []


def test_it_is_read_by_pages_that_nothing_shifts(api, alice, carla, ticket):
    follow_ticket(ticket, by=alice)
    for number in range(5):
        post_message(ticket, by=carla, body=f"Words {number}")
    tell_all(ticket)
    seen, url = [], f"{TOLD}?page_size=2"
    while url:
        answer = api.get(url).json()
        seen += [row["seq"] for row in answer["results"]]
        url = answer["next"]
    assert seen == [7, 6, 5, 4, 3]


def test_it_is_ones_own_and_only_of_what_one_may_see(api, as_, alice, bob, charlie, ticket, shop):
    assign_ticket(ticket, by=None, user=alice)
    tell_all(ticket)
    told = Notification.objects.get()
    assert as_(bob).get(TOLD).json()["results"] == []
    assert as_(charlie).post(f"{TOLD}read/", {"ids": [told.pk]}).json() == {"read": 0}
    transfer_ticket(ticket, by=None, team=shop)
    assert api.get(TOLD).json()["results"] == []


@pytest.mark.parametrize(
    "body", [{}, {"ids": [1], "all": True}, {"ids": ["x"]}, {"ids": [2**63]}, {"ids": [1] * 501}, []]
)
def test_what_cannot_be_read_is_refused(api, body):
    assert api.post(f"{TOLD}read/", body).status_code == 400


def test_a_ticket_is_followed_and_no_longer(api, as_, alice, charlie, ticket):
    for _ in range(2):
        assert api.post(f"/api/v1/tickets/{ticket.pk}/follow/").status_code == 200
    assert Follow.objects.get().user == alice
    assert as_(charlie).post(f"/api/v1/tickets/{ticket.pk}/follow/").status_code == 404
    for _ in range(2):
        assert api.post(f"/api/v1/tickets/{ticket.pk}/unfollow/").status_code == 200
    assert not Follow.objects.exists()
