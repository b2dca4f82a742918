"""A provider's API instead of a mail server: the same verdicts, against a server that fails in each way."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import User
from outbox.actions import save_sender
from outbox.jobs import send_due
from outbox.models import Mail, Suppression
from outbox.policy import PROVIDERS, provider_settings
from outbox.transport import Provider
from tests.outbox.conftest import again, free_port, make_due, recipient_states

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]
GOOD = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a", "To": "carla@example.com"}


@dataclass
class Api:
    """What the provider answers, and what it was asked."""

    port: int = 0
    status: int = 200
    body: str = json.dumps(GOOD)
    fault: str = ""  # hang: no answer in time; cut: the connection ends
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def api(settings: Any) -> Iterator[Api]:
    state = Api()
    hurry = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(said)
            if state.fault == "hang":
                hurry.wait(3)
            if state.fault:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.body.encode())))
            self.end_headers()
            self.wfile.write(state.body.encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.EMAIL_PROVIDER = "postmark"
    settings.EMAIL_PROVIDER_SETTINGS = {
        "server_token": "secret-token", "api_url": f"http://127.0.0.1:{state.port}/", "timeout": 0.5,
    }  # fmt: skip
    yield state
    hurry.set()
    server.shutdown()
    server.server_close()


def test_a_mail_leaves_by_the_api_with_its_own_message_id(api: Api, promise: Promise) -> None:
    mail = promise(html="<p>It leaves today.</p>", shown_cc=[("Dora", "dora@example.com")])
    assert send_due() == 1
    assert again(mail).state == "sent"
    (asked,) = api.asked
    assert asked["To"] == "Carla <carla@example.com>"
    assert "Cc" not in asked, "it would be sent to them once more"
    headers = {header["Name"]: header["Value"] for header in asked["Headers"]}
    assert headers["Message-ID"] == mail.message_id
    assert headers["X-PM-KeepID"] == "true"
    assert list(again(mail).tries.values_list("outcome", "reply")) == [("taken", "sent b7bc2f4a")]


def test_a_picture_of_the_page_goes_to_the_provider_as_one(
    api: Api, promise: Promise, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    stored = default_storage.save("reports/chart.png", ContentFile(b"\x89PNG"))
    page = '<img src="cid:1@charts.example" alt="12">'
    promise(html=page, pictures=[(stored, "chart.png", "1@charts.example")])
    assert send_due() == 1
    (asked,) = api.asked
    assert asked["HtmlBody"] == page
    (picture,) = asked["Attachments"]
    assert (picture["ContentID"], picture["ContentType"]) == ("cid:1@charts.example", "image/png")
    assert b64decode(picture["Content"]) == b"\x89PNG"


@pytest.mark.parametrize("kind", ["reply", "offer"])
@pytest.mark.parametrize(
    ("status", "body", "fault", "states"),
    [
        # Surely not taken: tried again.
        (429, "Slow down", "", ("pending", "pending")),
        (500, "Oops", "", ("pending", "pending")),
        (503, "", "", ("pending", "pending")),
        # No mail is to blame.
        (401, "Who are you?", "", ("pending", "pending")),
        # Refused.
        (413, "Too large", "", ("failed", "failed")),
        (400, "What?", "", ("failed", "failed")),
        # Perhaps taken: an answer is sent again, an offer never.
        (504, "Gateway timeout", "", ("pending", "unknown")),
        (200, "not JSON", "", ("pending", "unknown")),
        (200, "", "hang", ("pending", "unknown")),
        (200, "", "cut", ("pending", "unknown")),
    ],
)
def test_each_answer_has_its_verdict(
    api: Api, promise: Promise, kind: str, status: int, body: str, fault: str, states: tuple[str, str]
) -> None:
    api.status, api.body, api.fault = status, body, fault
    mail = promise(kind=kind)
    send_due()
    assert again(mail).state == states[kind == "offer"]
    assert len(api.asked) == 1
    assert "secret-token" not in again(mail).smtp_reply
    make_due()
    api.status, api.body, api.fault = 200, json.dumps(GOOD), ""
    send_due()
    ended = {"pending": "sent"}.get(states[kind == "offer"], states[kind == "offer"])
    assert again(mail).state == ended
    ids = [header["Value"] for asked in api.asked for header in asked["Headers"] if header["Name"] == "Message-ID"]
    assert set(ids) == {mail.message_id}


def test_a_house_where_nobody_is_is_no_reason_to_lose_the_mail(api: Api, promise: Promise, settings: Any) -> None:
    settings.EMAIL_PROVIDER_SETTINGS = settings.EMAIL_PROVIDER_SETTINGS | {
        "api_url": f"http://127.0.0.1:{free_port()}/"
    }
    mails = [promise(kind="offer") for _ in range(3)]
    assert send_due() == 1
    assert sorted(again(mail).attempts for mail in mails) == [0, 0, 1]
    assert {again(mail).state for mail in mails} == {"pending"}
    assert set(Mail.objects.filter(attempts=1).values_list("tries__outcome", flat=True)) == {"no_server"}


def test_a_dead_address_is_remembered(api: Api, promise: Promise) -> None:
    api.status = 422
    api.body = json.dumps({"ErrorCode": 300, "Message": "Invalid 'To' address: 'carla@example.com'."})
    mail = promise()
    send_due()
    assert again(mail).state == "failed"
    assert recipient_states(mail) == {"carla@example.com": "failed"}
    assert Suppression.objects.filter(email="carla@example.com", reason="bounce").exists()


def test_a_senders_own_server_goes_before_the_provider(api: Api, smtp: Any, promise: Promise, adam: User) -> None:
    own = {"host": "127.0.0.1", "port": smtp.port, "security": "plain"}
    sender = save_sender(None, by=adam, email="own@other.example", server=own)
    promise(sender=sender)
    send_due()
    assert (len(smtp.taken), api.asked) == (1, [])


# --- Settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_that_is_offered_can_be_had(name: str) -> None:
    options = dict.fromkeys(PROVIDERS[name], "https://api.example/")
    Provider(name, provider_settings(name, json.dumps(options))).close()


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("pigeon", "{}", "is none of"),
        ("os", "{}", "is none of"),
        ("postmark", "", "lacks server_token"),
        ("postmark", '{"server_token": ""}', "lacks server_token"),
        ("postmark", "[1]", "must be a JSON object"),
        ("postmark", "{", "is no JSON"),
        ("mailjet", '{"api_key": "x"}', "lacks secret_key"),
    ],
)
def test_what_cannot_work_stops_the_start(name: str, written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        provider_settings(name, written)
