"""Files on the customer's side: told of with their message, fetched with the visitor's token."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.actions import create_token
from accounts.models import User
from chat.actions.reading import _read
from tests.chat.conftest import agent_socket, guest_socket, say_hello
from tickets.actions import add_attachment, post_message
from tickets.models import Attachment, Event, Message, Ticket
from tickets.serializers import attachment_json, event_json, message_json

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def attach(ticket: Ticket, by: User, *names: str, body: str = "Look", kind: str = "reply") -> list[Attachment]:
    """A message with files of these names."""
    files = [add_attachment(SimpleUploadedFile(name, PNG), by=by) for name in names]
    post_message(ticket, by=by, body=body, kind=kind, attachments=tuple(str(file.pk) for file in files))
    return files


# --- Told of ---


async def test_a_guest_hears_of_the_files_with_their_message(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(visitor, carlas_token)
        await say_hello(agent)
        rim, bill = await sync_to_async(attach)(chat_ticket, alice, "rim.png", "bill.png", body="")
        wanted = [
            {"id": str(file.pk), "name": name, "size": len(PNG), "type": "image/png", "image": None, "removed_at": None}
            for file, name in ((rim, "rim.png"), (bill, "bill.png"))
        ]
        for socket in (visitor, agent):
            message = (await socket.wait_for("event", ref=ref, seq=4))["event"]["message"]
            assert (message["body"], message["attachments"]) == ("", wanted)


async def test_a_message_without_files_says_so_also_to_its_sender(live, chat_ticket, carlas_token, alice):
    async with guest_socket(live) as visitor, guest_socket(live) as other_tab:
        await say_hello(visitor, carlas_token)
        await say_hello(other_tab, carlas_token)
        post = {"type": "message.post", "ref": chat_ticket.reference, "client_id": "x", "body": "Hello?"}
        await visitor.send(post)
        for tab in (visitor, other_tab):
            assert (await tab.wait_for("event", seq=3))["event"]["message"]["attachments"] == []
        await visitor.send(post)  # what is stored already is read back, in the same shape
        await visitor.wait_for("ack")


async def test_the_first_words_come_back_without_files(live, site, guest_token):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        await visitor.send({"type": "message.post", "client_id": "first", "body": "Anyone?"})
        ack = await visitor.wait_for("ack")
        await visitor.send({"type": "resume", "ref": ack["ref"], "after": 0})
        assert (await visitor.wait_for("event", seq=2))["event"]["message"]["attachments"] == []


async def test_files_of_a_note_never_reach_a_guest(live, chat_ticket, carlas_token, alice):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await sync_to_async(attach)(chat_ticket, alice, "canary.png", kind="note")
        await sync_to_async(attach)(chat_ticket, alice, "rim.png")
        seen = await visitor.wait_for("event", seq=5)
        assert seen["event"]["message"]["attachments"][0]["name"] == "rim.png"
        assert "canary" not in str(visitor.frames)


# --- Fetched ---


def fetch(file: Attachment | uuid.UUID, token: str = "", **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client(headers=headers, **options).get(f"/widget/files/{getattr(file, 'pk', file)}/")


@pytest.mark.django_db
def test_a_guest_gets_the_very_bytes_and_nothing_in_them_can_act(chat_ticket, carlas_token, alice):
    (file,) = attach(chat_ticket, alice, 'a"b;<c>.png')
    answer = fetch(file, carlas_token)
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.django_db
def test_a_page_among_files_is_only_bytes(chat_ticket, carlas_token, alice):
    page = add_attachment(SimpleUploadedFile("page.html", b"<!doctype html><script>alert(1)</script>"), by=alice)
    post_message(chat_ticket, by=alice, body="", attachments=(str(page.pk),))
    assert fetch(page, carlas_token)["Content-Type"] == "application/octet-stream"


@pytest.mark.django_db
def test_what_is_not_the_guests_looks_as_if_it_did_not_exist(
    chat_ticket, carlas_token, dora_token, guest_token, alice, ticket
):
    (shown,) = attach(chat_ticket, alice, "rim.png")
    (hidden,) = attach(chat_ticket, alice, "canary.png", kind="note")
    unsent = add_attachment(SimpleUploadedFile("draft.png", PNG), by=alice)
    unknown = fetch(uuid.uuid4(), carlas_token)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")
    for file, token in (
        (shown, dora_token),
        (shown, guest_token),
        (hidden, carlas_token),
        (hidden, dora_token),
        (unsent, carlas_token),
    ):
        answer = fetch(file, token)
        assert (answer.status_code, answer.content) == (404, unknown.content)
    shown.file.storage.delete(shown.file.name)
    assert fetch(shown, carlas_token).content == unknown.content


@pytest.mark.django_db
def test_only_a_visitors_token_counts(chat_ticket, carlas_token, alice):
    (file,) = attach(chat_ticket, alice, "rim.png")
    key = create_token(alice, by=alice, name="till")[1]
    for token in ("", "wrong", key, "x" * 5000):
        answer = fetch(file, token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in")
    signed_in = Client()
    signed_in.force_login(alice)
    assert signed_in.get(f"/widget/files/{file.pk}/").status_code == 401
    assert Client().get(f"/widget/files/{file.pk}/?token={carlas_token}").status_code == 401


# --- What it costs ---


@pytest.mark.django_db
def test_words_alone_are_stored_and_told_without_asking_for_files(
    chat_ticket, carla, alice, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(10) as asked:
        message = post_message(chat_ticket, by=carla, body="Hello?", client_id="x")
    assert not [query for query in asked.captured_queries if "tickets_attachment" in query["sql"]]
    with django_assert_num_queries(0):
        assert message_json(message)["attachments"] == []
        assert event_json(message.event, carla)["message"]["attachments"] == []


@pytest.mark.django_db
def test_a_message_sent_again_is_read_with_its_files(chat_ticket, alice, django_assert_num_queries):
    attach(chat_ticket, alice, "rim.png")
    message = Message.objects.with_event().latest("pk")
    with django_assert_num_queries(0):
        assert message.event.message is message
        assert event_json(message.event, alice)["message"]["attachments"][0]["name"] == "rim.png"


@pytest.mark.django_db
def test_a_message_just_sent_knows_its_files(chat_ticket, alice, django_assert_num_queries):
    file = add_attachment(SimpleUploadedFile("rim.png", PNG), by=alice)
    message = post_message(chat_ticket, by=alice, body="", attachments=(str(file.pk),))
    with django_assert_num_queries(0):
        assert message_json(message)["attachments"] == [attachment_json(file)]


@pytest.mark.django_db
def test_everybody_who_reads_together_asks_for_files_once(
    chat_ticket, carla, dora, alice, sue, django_assert_max_num_queries
):
    file = attach(chat_ticket, alice, "rim.png")[0]
    after = {chat_ticket.pk: 3}
    with django_assert_max_num_queries(5) as asked:
        answers = _read([(carla, after), (alice, after), (dora, after), (sue, after)])
    assert sum("tickets_attachment" in query["sql"] for query in asked.captured_queries) == 1
    found = [[event_json(event, carla)["message"]["attachments"] for event in events] for events in answers]
    assert found == [[[attachment_json(file)]], [[attachment_json(file)]], [], [[attachment_json(file)]]]


@pytest.mark.django_db
def test_a_history_with_files_is_read_in_two_queries(chat_ticket, carla, alice, django_assert_num_queries):
    for number in range(3):
        attach(chat_ticket, alice, f"{number}.png")
    with django_assert_num_queries(2):
        found = Event.objects.visible_to(carla).filter(ticket=chat_ticket).after(0).with_details()
        names = [
            file["name"]
            for event in found
            for file in event_json(event, carla).get("message", {}).get("attachments", [])
        ]
    assert names == ["0.png", "1.png", "2.png"]
