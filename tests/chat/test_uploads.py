"""What guests bring: files over HTTP, sent with words or without over both ways, and nobody else's."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from chat.models import Visitor, WidgetSettings
from customers.models import Customer
from tests.chat.conftest import agent_socket, guest_socket, say_hello
from tests.chat.test_views import call
from tickets.actions import add_attachment
from tickets.jobs import UNSENT_FILES_KEPT, discard_unsent_files
from tickets.models import Attachment, Message, Ticket


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "#0d5c49").save(content, kind)
    return content.getvalue()


def bring(token: str, name: str = "rim.jpg", content: bytes | None = None, address: str = "203.0.113.7") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = Client(headers=headers, enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    file = SimpleUploadedFile(name, picture() if content is None else content)
    return client.post("/widget/uploads/", {"file": file}, REMOTE_ADDR=address)


def brought(token: str, **fields: Any) -> str:
    answer = bring(token, **fields)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


# --- Bringing ---


@pytest.mark.django_db
def test_a_guest_brings_a_picture_and_sees_it(carlas_token, carla):
    answer = bring(carlas_token, "Rim photo.jpg")
    told = answer.json()
    assert {**told, "id": "", "size": 0} == {
        "id": "", "name": "Rim photo.jpg", "size": 0, "type": "image/jpeg", "image": {"width": 40, "height": 30},
        "removed_at": None,
    }  # fmt: skip
    assert Attachment.objects.get().by_customer == carla
    shown = call(f"/widget/files/{told['id']}/", token=carlas_token)
    assert shown["Content-Disposition"].startswith("inline;")
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert len(b"".join(shown.streaming_content)) == told["size"]


@pytest.mark.django_db
def test_who_has_said_nothing_becomes_a_customer_with_the_first_file(site, guest_token):
    first, second = brought(guest_token), brought(guest_token)
    customer = Customer.objects.get()
    assert Visitor.objects.get().customer == customer
    said = {"client_id": "c1", "body": "", "attachments": [first, second]}
    answer = call("/widget/tickets/", said, guest_token).json()
    ticket = Ticket.objects.get(reference=answer["ref"])
    assert (ticket.customer, ticket.subject, ticket.messages.get().attachments.count()) == (customer, "2 files", 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "status", "code"), [(b"", 422, "empty"), (b"x" * 2000, 413, "too_long"), (None, 201, None)]
)
def test_a_file_that_cannot_be_taken_says_why(carlas_token, settings, content, status, code):
    settings.MAX_FILE_BYTES = 1024
    answer = bring(carlas_token, content=content)
    assert answer.status_code == status
    assert answer.json().get("error", {}).get("code") == code
    assert Attachment.objects.count() == (status == 201)


@pytest.mark.django_db
def test_a_site_that_takes_no_files_makes_no_customer_of_who_tries(site, guest_token):
    WidgetSettings.objects.create(site=site, takes_files=False)
    answer = bring(guest_token)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert not Customer.objects.exists()
    assert not Attachment.objects.exists()


@pytest.mark.django_db
def test_a_blocked_guest_brings_nothing(carla, carlas_token):
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    assert bring(carlas_token).status_code == 403
    assert not Attachment.objects.exists()


@pytest.mark.django_db
def test_only_a_visitors_token_counts(alice, carlas_token):
    signed_in = Client()
    signed_in.force_login(alice)
    assert signed_in.post("/widget/uploads/", {"file": SimpleUploadedFile("a", b"x")}).status_code == 401
    for token in ("", "wrong", "x" * 5000):
        assert bring(token).status_code == 401
    assert call(f"/widget/uploads/?token={carlas_token}", {}).status_code == 401
    assert not Attachment.objects.exists()


# --- Limits ---


@pytest.mark.django_db
def test_so_many_files_a_minute_and_no_more(carlas_token, dora_token, settings):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {"file": (2, 60)}
    assert [bring(carlas_token).status_code for _ in range(3)] == [201, 201, 429]
    refused = bring(carlas_token)
    assert (refused.json()["error"]["code"], int(refused["Retry-After"]) > 0) == ("rate_limited", True)
    assert bring(dora_token).status_code == 201


@pytest.mark.django_db
def test_so_many_bytes_an_hour_and_no_more(carlas_token, dora_token, settings):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {"kib": (10, 3600)}
    sizes = (6000, 6000, 3000)
    assert [bring(carlas_token, content=b"x" * size).status_code for size in sizes] == [201, 429, 201]
    assert bring(dora_token, content=b"x" * 6000).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [{"file_of_network": (1, 60)}, {"kib_of_network": (7, 3600)}])
def test_many_visitors_at_one_address_share_a_limit(carlas_token, dora_token, settings, limit):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | limit
    content = b"x" * 5000
    assert bring(carlas_token, content=content, address="2001:db8:1:2::7").status_code == 201
    assert bring(dora_token, content=content, address="2001:db8:1:2:ffff::9").status_code == 429
    assert bring(dora_token, content=content, address="2001:db8:1:3::9").status_code == 201


@pytest.mark.django_db
def test_a_refused_file_is_not_kept(carlas_token, settings, tmp_path):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {"file": (0, 60)}
    assert bring(carlas_token).status_code == 429
    assert not Attachment.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


# --- Sending ---


@pytest.mark.django_db
def test_a_file_goes_with_words_once_over_http(chat_ticket, carlas_token):
    path, key = f"/widget/tickets/{chat_ticket.reference}/messages/", brought(carlas_token)
    said = {"client_id": "c1", "body": "Look", "attachments": [key, key.upper()]}
    first = call(path, said, carlas_token).json()
    assert call(path, said, carlas_token).json() == first
    assert call(path, said | {"attachments": []}, carlas_token).status_code == 409
    assert call(path, said | {"client_id": "c2"}, carlas_token).status_code == 422  # it is sent
    events = call(f"/widget/tickets/{chat_ticket.reference}/events/?after=2", token=carlas_token).json()["events"]
    told = events[0]["event"]["message"]["attachments"]
    assert [(file["id"], file["image"]) for file in told] == [(key, {"width": 40, "height": 30})]


@pytest.mark.django_db
def test_a_foreign_file_is_as_unknown_as_none(chat_ticket, carlas_token, dora_token, alice):
    dora = brought(dora_token)
    agents = str(add_attachment(SimpleUploadedFile("a.txt", b"words"), by=alice).pk)
    answers = []
    for number, key in enumerate((dora, agents, str(uuid.uuid4()))):
        said = {"client_id": f"c{number}", "body": "Look", "attachments": [key]}
        for path in (f"/widget/tickets/{chat_ticket.reference}/messages/", "/widget/tickets/"):
            answers.append(call(path, said, carlas_token))
    assert {(answer.status_code, answer.content) for answer in answers} == {(422, answers[0].content)}
    assert answers[0].json()["error"]["code"] == "invalid"
    assert Message.objects.count() == 1
    assert Attachment.objects.filter(message=None).count() == 2


BAD_LISTS = ["x", 7, {}, [7], [None], [["x"]], ["nonsense"], [""], ["\x00"], [str(uuid.uuid4())] * 11, True]


@pytest.mark.django_db
@pytest.mark.parametrize("ids", BAD_LISTS)
def test_what_is_no_list_of_files_is_refused_over_http(chat_ticket, carlas_token, ids):
    said = {"client_id": "c1", "body": "Look", "attachments": ids}
    for path in (f"/widget/tickets/{chat_ticket.reference}/messages/", "/widget/tickets/"):
        answer = call(path, said, carlas_token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_a_file_goes_with_words_over_the_socket_and_everybody_sees_it(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(visitor, carlas_token)
        await say_hello(agent, after={ref: 2})
        for bad in BAD_LISTS:
            await visitor.send(
                {"type": "message.post", "ref": ref, "client_id": "b", "body": "Look", "attachments": bad}
            )
            assert (await visitor.wait_for("error", client_id="b"))["code"] == "invalid"
        key = await sync_to_async(brought)(carlas_token)
        post = {"type": "message.post", "ref": ref, "client_id": "c1", "body": "", "attachments": [key]}
        await visitor.send(post)
        await visitor.wait_for("ack", client_id="c1", seq=3)
        for socket in (visitor, agent):
            message = (await socket.wait_for("event", ref=ref, seq=3))["event"]["message"]
            assert [file["id"] for file in message["attachments"]] == [key]
            assert message["body"] == ""
        await visitor.send(post)
        await visitor.wait_for("ack", client_id="c1", seq=3)
        await visitor.send(post | {"attachments": [], "body": "x"})
        assert (await visitor.wait_for("error", client_id="c1"))["code"] == "conflict"
        await visitor.send(post | {"client_id": "c2", "body": "Once more"})
        assert (await visitor.wait_for("error", client_id="c2"))["code"] == "invalid"


async def test_a_conversation_begins_with_a_file_over_the_socket(live, site, guest_token):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)  # nobody yet
        key = await sync_to_async(brought)(guest_token)  # somebody now, of whom this socket does not know
        await visitor.send({"type": "message.post", "client_id": "c1", "body": "", "attachments": [key]})
        ack = await visitor.wait_for("ack", client_id="c1", seq=2)
        event = (await visitor.wait_for("event", ref=ack["ref"], seq=2))["event"]
        assert event["message"]["attachments"][0]["id"] == key
    assert await Customer.objects.acount() == 1


async def test_an_agent_sends_files_over_the_socket_their_own_only(live, chat_ticket, carlas_token, alice, bob):
    ref = chat_ticket.reference
    mine, his = [
        str((await sync_to_async(add_attachment)(SimpleUploadedFile("a.txt", b"words"), by=person)).pk)
        for person in (alice, bob)
    ]
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(visitor, carlas_token)
        await say_hello(agent, after={ref: 2})
        post = {"type": "message.post", "ref": ref, "client_id": "a1", "body": ""}
        await agent.send(post | {"attachments": [his]})
        assert (await agent.wait_for("error", client_id="a1"))["code"] == "invalid"
        await agent.send(post | {"attachments": [mine]})
        await agent.wait_for("ack", client_id="a1", seq=4)  # 3: who answers a chat that nobody has, has it
        event = await visitor.wait_for("event", ref=ref, seq=4)
        assert [file["id"] for file in event["event"]["message"]["attachments"]] == [mine]


@pytest.mark.django_db
def test_what_a_guest_never_sends_is_deleted_after_a_day(carlas_token, chat_ticket, tmp_path):
    sent, kept, old = (brought(carlas_token) for _ in range(3))
    path = f"/widget/tickets/{chat_ticket.reference}/messages/"
    assert call(path, {"client_id": "c", "body": "", "attachments": [sent]}, carlas_token).status_code == 200
    file = Attachment.objects.get(pk=old)
    Attachment.objects.filter(pk__in=[old, sent]).update(created_at=file.created_at - UNSENT_FILES_KEPT * 1.1)
    assert discard_unsent_files() == 1
    assert {str(pk) for pk in Attachment.objects.values_list("pk", flat=True)} == {sent, kept}
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2
