"""Messages and events through the API."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tickets.actions import add_attachment, open_ticket, post_message
from tickets.models import Message


@pytest.fixture
def url(ticket) -> str:
    return f"/api/v1/tickets/{ticket.pk}/messages/"


def test_a_reply_and_a_note_are_written_and_listed(api, url, ticket, alice):
    reply = api.post(url, {"body": "  We are sorry.  ", "client_id": "a-1"})
    assert reply.status_code == 201, reply.json()
    said = reply.json()
    assert (said["kind"], said["body"], said["client_id"]) == ("reply", "We are sorry.", "a-1")
    assert said["by"] == {"kind": "agent", "name": "Alice Arden", "initials": "AA", "picture": None, "you": True}
    assert said["created_at"].endswith("Z")
    note = api.post(url, {"body": "She was friendly.", "kind": "note"}).json()
    assert (note["kind"], note["client_id"]) == ("note", None)
    listed = api.get(url).json()["results"]
    assert [message["by"]["kind"] for message in listed] == ["customer", "agent", "agent"]
    assert listed[1:] == [said, note]
    assert ticket.messages.get(pk=said["id"]).by == alice


def test_files_go_with_a_message_and_only_ones_own(api, url, ticket, alice, bob, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    mine, his = (add_attachment(SimpleUploadedFile("tyre.txt", b"47 mm"), by=person) for person in (alice, bob))
    wanted = {"body": "As in the picture.", "client_id": "f-1", "attachments": [str(mine.pk)]}
    said = api.post(url, wanted).json()
    told = {"id": str(mine.pk), "name": "tyre.txt", "size": 5, "type": "text/plain", "image": None, "removed_at": None}
    assert said["attachments"] == [told]
    again = api.post(url, wanted)
    assert (again.status_code, again.json()) == (200, said)
    assert api.get(url).json()["results"][-1] == said
    before = ticket.messages.count()
    for foreign in (his.pk, mine.pk, uuid4()):  # another's, one that is sent already, none at all
        answer = api.post(url, {"body": "Look", "attachments": [str(foreign)]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert ticket.messages.count() == before


def test_sending_again_answers_the_first_message(api, url):
    first = api.post(url, {"body": "Sorry.", "client_id": "a-1"})
    again = api.post(url, {"body": "Sorry.", "client_id": "a-1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert Message.objects.filter(client_id="a-1").count() == 1


def test_an_id_used_for_something_else_is_a_conflict(api, url, carla, workshop):
    api.post(url, {"body": "Sorry.", "client_id": "a-1"})
    other = open_ticket(carla, by=carla, body="And the bell", channel="form", team=workshop)
    elsewhere = f"/api/v1/tickets/{other.pk}/messages/"
    for address, body in (
        (url, {"body": "Other words", "client_id": "a-1"}),
        (url, {"body": "Sorry.", "client_id": "a-1", "kind": "note"}),
        (elsewhere, {"body": "Sorry.", "client_id": "a-1"}),
    ):
        answer = api.post(address, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert Message.objects.filter(client_id="a-1").count() == 1
    assert other.messages.count() == 1


def test_the_same_id_from_two_people_is_two_messages(api, as_, bob, url):
    assert api.post(url, {"body": "Sorry.", "client_id": "1"}).status_code == 201
    assert as_(bob).post(url, {"body": "Sorry.", "client_id": "1"}).status_code == 201


def test_events_since_carry_their_message(api, ticket, alice):
    url = f"/api/v1/tickets/{ticket.pk}/events/"
    before = api.get(url).json()["results"]
    assert [(event["seq"], event["prev"], event["type"]) for event in before] == [
        (1, 0, "ticket.opened"),
        (2, 1, "message.posted"),
    ]
    assert before[1]["message"]["body"] == "I ordered a 42 and got a 47."
    assert "message" not in before[0]
    post_message(ticket, by=alice, body="Sorry!", client_id="a-1")
    since = api.get(url, {"after": 2}).json()["results"]
    assert [event["seq"] for event in since] == [3]
    assert since[0]["message"]["client_id"] == "a-1"
    assert since[0]["by"]["you"] is True
    assert api.get(url, {"after": 3}).json() == {"next": None, "previous": None, "results": []}
    assert api.get(url, {"after": 2**63 - 1}).json()["results"] == []


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9223372036854775808", "%00", ""])
def test_a_seq_that_is_none_is_refused(api, ticket, after):
    answer = api.get(f"/api/v1/tickets/{ticket.pk}/events/?after={after}")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["after"]


def test_long_timelines_are_read_by_cursor(api, ticket, alice):
    for place in range(7):
        post_message(ticket, by=alice, body=f"No. {place}")
    seqs, url = [], f"/api/v1/tickets/{ticket.pk}/events/?after=1&page_size=3"
    while url:
        answer = api.get(url).json()
        seqs += [event["seq"] for event in answer["results"]]
        url = answer["next"]
    assert seqs == list(range(2, 10))


@pytest.mark.parametrize("what", ["messages", "events"])
def test_timelines_ask_a_fixed_number_of_questions(api, ticket, alice, bob, carla, what, django_assert_max_num_queries):
    def ask() -> int:
        with django_assert_max_num_queries(10) as asked:
            assert api.get(f"/api/v1/tickets/{ticket.pk}/{what}/?page_size=500").status_code == 200
        return len(asked)

    for author in (alice, carla):
        post_message(ticket, by=author, body="Hello")
    few = ask()
    for author in (alice, bob, carla) * 6:
        post_message(ticket, by=author, body="Hello")
    assert ask() <= few


def test_a_message_is_plain_unless_it_is_said_to_be_markdown(api, ticket):
    url = f"/api/v1/tickets/{ticket.pk}/messages/"
    plain = api.post(url, {"body": "**Hello**"}).json()
    assert plain["format"] == "plain"
    assert "html" not in plain
    rich = api.post(url, {"body": "**Hello** <b>you</b>", "format": "markdown"}).json()
    assert (rich["body"], rich["format"]) == ("**Hello** <b>you</b>", "markdown")
    assert rich["html"] == "<p><strong>Hello</strong> &lt;b&gt;you&lt;/b&gt;</p>"
    assert api.post(url, {"body": "Hello", "format": "html"}).status_code == 400
