"""Editing notes, taking things out and uniting customers, by program."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from outbox.blackout import BLOCKS
from tickets.actions import add_attachment, post_message, redact_message
from tickets.models import CustomerMerge

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_a_note_is_edited_by_whoever_has_seen_it(as_, alice, ticket):
    note = post_message(ticket, by=alice, body="Ask the depot.", kind="note")
    mine, url = as_(alice), f"/api/v1/tickets/{ticket.pk}/messages/{note.pk}/"
    first = mine.patch(url, {"body": "Ask the harbour.", "changed_at": None})
    assert (first.status_code, first.json()["body"]) == (200, "Ask the harbour.")
    assert mine.patch(url, {"body": "Ask nobody.", "changed_at": None}).status_code == 409
    second = mine.patch(url, {"body": "Ask nobody.", "changed_at": first.json()["edited_at"]})
    assert second.json()["body"] == "Ask nobody."
    assert mine.patch(url, {"body": "Ask Bob."}).json()["body"] == "Ask Bob."
    assert mine.patch(url, {"body": ""}).status_code == 400
    reply = post_message(ticket, by=alice, body="Hello")
    assert mine.patch(f"/api/v1/tickets/{ticket.pk}/messages/{reply.pk}/", {"body": "Bye"}).status_code == 400


def test_what_was_blacked_out_is_not_written_back(as_, alice, lea, ticket):
    note = post_message(ticket, by=alice, body="The code is 737.", kind="note")
    redact_message(note, by=lea, passages=["737"])
    mine, url = as_(alice), f"/api/v1/tickets/{ticket.pk}/messages/{note.pk}/"
    for seen in ({}, {"changed_at": None}):
        assert mine.patch(url, {"body": "The code is 737!"} | seen).status_code == 409


def test_passages_and_files_go(as_, lea, carla, ticket):
    file = add_attachment(SimpleUploadedFile("a.txt", b"a"), by=carla)
    message = post_message(ticket, by=carla, body="The code is 737.", attachments=(str(file.pk),))
    hers = as_(lea)
    said = hers.post(f"/api/v1/tickets/{ticket.pk}/messages/{message.pk}/redact/", {"passages": ["737"]}).json()
    assert said["body"] == f"The code is {BLOCKS}."
    assert said["redacted_at"]
    again = hers.post(f"/api/v1/tickets/{ticket.pk}/messages/{message.pk}/redact/", {"passages": ["737"]})
    assert again.status_code == 400
    for wrong in ({}, {"passages": []}, {"passages": "737"}, {"passages": [7]}, {"passages": ["\x00"]}):
        assert hers.post(f"/api/v1/tickets/{ticket.pk}/messages/{message.pk}/redact/", wrong).status_code == 400
    said = hers.post(f"/api/v1/tickets/{ticket.pk}/files/{file.pk}/remove/").json()
    assert said["attachments"][0]["removed_at"]


def test_two_customers_are_one_and_two_again(as_, lea, carla, dora, ticket):
    hers = as_(lea)
    one = hers.post(f"/api/v1/customers/{carla.pk}/merge/", {"merged": dora.pk})
    assert one.status_code == 200
    assert {address["email"] for address in one.json()["addresses"]} == {"carla@example.org", "dora@example.org"}
    assert hers.get(f"/api/v1/customers/{dora.pk}/").status_code == 404
    two = hers.post(f"/api/v1/customers/{carla.pk}/separate/", {"merged": dora.pk})
    assert (two.status_code, two.json()["id"]) == (200, dora.pk)
    assert hers.post(f"/api/v1/customers/{carla.pk}/separate/", {"merged": dora.pk}).status_code == 400
    assert hers.post(f"/api/v1/customers/{carla.pk}/merge/", {"merged": carla.pk}).status_code == 400
    assert CustomerMerge.objects.get().undone_at
