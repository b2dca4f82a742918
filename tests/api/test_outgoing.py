"""What we begin ourselves, through the API."""

from __future__ import annotations

import pytest

from outbox.models import Mail
from tests.hostile.payloads import FEW
from tickets.jobs import run_due_follow_ups
from tickets.models import Outreach

pytestmark = pytest.mark.django_db
TWO = [{"email": "nora@example.net", "name": "Nora"}, {"email": "OLE@example.net"}, {"email": "ole@example.net"}]


def test_copies_are_added_listed_and_removed(api, as_, charlie, ticket):
    url = f"/api/v1/tickets/{ticket.pk}/copies/"
    made = api.post(url, {"email": "dana@example.net", "name": "Dana"})
    assert made.status_code == 201
    assert api.post(url, {"email": "DANA@example.net"}).json()["id"] == made.json()["id"]
    assert [row["email"] for row in api.get(url).json()["results"]] == ["dana@example.net"]
    assert as_(charlie).get(url).status_code == 404
    assert api.post(url, {"email": "carla@example.org"}).status_code == 400
    assert api.post(f"{url}{made.json()['id']}/remove/").status_code == 200
    assert api.get(url).json()["results"] == []


def test_an_answer_can_leave_the_copies_out(api, ticket):
    api.post(f"/api/v1/tickets/{ticket.pk}/copies/", {"email": "dana@example.net"})
    for body, is_copied in (("Between us.", False), ("For all.", True)):
        assert (
            api.post(f"/api/v1/tickets/{ticket.pk}/messages/", {"body": body, "is_copied": is_copied}).status_code
            == 201
        )
    run_due_follow_ups()
    (copy,) = Mail.objects.filter(kind="reply_copy")
    assert "For all." in copy.text
    assert "Between us." not in copy.text


def test_a_conversation_is_forwarded(api, ticket):
    url = f"/api/v1/tickets/{ticket.pk}/forward/"
    asked = {"to": [{"email": "sven@supplier.example"}], "body": "Which size?", "client_id": "f1"}
    first, second = api.post(url, asked), api.post(url, asked)
    assert (first.status_code, first.json()) == (201, second.json())
    assert "I ordered a 42" in Mail.objects.get(pk=first.json()["mail"]).text
    assert api.post(url, asked | {"client_id": "f2", "messages": [999_999]}).json()["error"]["code"] == "invalid"


def test_several_are_written_to_and_it_can_be_stopped(api, as_, bob, desk_row):
    asked = {"to": TWO, "subject": "Your order", "body": "It leaves today.", "client_id": "o1"}
    begun = api.post("/api/v1/outreaches/", asked)
    assert begun.status_code == 201
    assert [row["email"] for row in begun.json()["people"]] == ["nora@example.net", "ole@example.net"]
    url = f"/api/v1/outreaches/{begun.json()['id']}/"
    assert api.post("/api/v1/outreaches/", asked).json()["id"] == begun.json()["id"]
    assert as_(bob).get(url).status_code == 404
    assert {row["state"] for row in api.post(f"{url}stop/").json()["people"]} == {"stopped"}
    many = [{"email": f"p{number}@example.net"} for number in range(201)]
    assert api.post("/api/v1/outreaches/", asked | {"to": many, "client_id": "o2"}).status_code == 400
    assert Outreach.objects.count() == 1


@pytest.mark.parametrize("text", FEW)
def test_nothing_that_is_typed_breaks_it(api, ticket, text):
    for url, asked in [
        (f"/api/v1/tickets/{ticket.pk}/copies/", {"email": "dana@example.net", "name": text}),
        (f"/api/v1/tickets/{ticket.pk}/copies/", {"email": text}),
        (f"/api/v1/tickets/{ticket.pk}/forward/", {"to": [{"email": "s@example.net", "name": text}], "body": text}),
        ("/api/v1/outreaches/", {"to": [{"email": "n@example.net", "name": text}], "subject": text, "body": text}),
    ]:
        assert api.post(url, asked).status_code in (200, 201, 400), (url, text)
    for mail in Mail.objects.all():
        assert "\n" not in mail.subject
        assert not any("\n" in person.name for person in mail.recipients.all())
