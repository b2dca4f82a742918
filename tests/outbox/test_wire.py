"""What really travels: exactly the headers and recipients that were meant (reliability row 32)."""

from collections.abc import Callable
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

import pytest
from django.utils import timezone

from outbox.headers import loop_mark
from outbox.jobs import send_due
from outbox.models import Mail
from tests.outbox.conftest import Server

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]

PLAIN = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Subject", "From", "To", "Message-ID", "Date"]
INJECTIONS = [
    "a\r\nBcc: evil@evil.test",
    "a\nBcc: evil@evil.test",
    "a\rBcc: evil@evil.test",
    "a\r\n\r\n<b>body</b>",
    "a\u0085Bcc: evil@evil.test",
    "a\u2028Bcc: evil@evil.test",
    "a\u2029Bcc: evil@evil.test",
    "a\x0b\x0c\x1c\x1d\x1eBcc: evil@evil.test",
    "a\0b\x7f\x1b[31m",
    "a%0aBcc:%20evil@evil.test",
    "a\\r\\nBcc: evil@evil.test",
    "=?utf-8?q?a=0d=0aBcc=3A_evil=40evil=2Etest?=",
    "=?utf-8?b?YQ0KQmNjOiBldmlsQGV2aWwudGVzdA==?=",
    "=?utf-8?q?a?= =?utf-8?q?=0aBcc:_evil@evil.test?=",
    "evil@evil.test, other",
    "evil@evil.test>, <other@evil.test",
    '" <evil@evil.test>, "',
    "Carla; Group: evil@evil.test;",
    "Carla (evil@evil.test)",
    "Zoë\r\nBcc: evil@evil.test",
    "日本語\r\n Bcc: evil@evil.test",
    "é" * 300,
    "long word " * 90,
    "\u202eelrac",
    "\ud800\udfff lone",
    "",
]


def wire(smtp: Server) -> tuple[list[str], EmailMessage, list[str]]:
    """The one mail that was taken: header names as they stand in the bytes, the parsed message, the envelope."""
    (taken,) = smtp.taken
    head = taken.content.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    message: Any = message_from_bytes(taken.content, policy=policy.default)
    return names, message, taken.to


def decoded(smtp: Server, name: str) -> str:
    """A header as a reader would decode it, without any help from the parser."""
    raw = str(message_from_bytes(smtp.taken[0].content)[name])
    return str(make_header(decode_header(raw.replace("\r\n ", " "))))


@pytest.mark.parametrize("hostile", INJECTIONS)
@pytest.mark.parametrize("place", ["subject", "name", "from_name", "header"])
def test_hostile_text_adds_no_header_and_no_recipient(smtp: Server, promise: Promise, place: str, hostile: str) -> None:
    values: dict[str, Any] = {
        "subject": {"subject": hostile},
        "name": {"to": [(hostile, "carla@example.com")]},
        "from_name": {"from_name": hostile},
        "header": {"headers": {"X-Reason": hostile}},
    }[place]
    promise(**values)
    assert send_due() == 1

    names, message, envelope = wire(smtp)
    expected = [*PLAIN, "X-Reason"] if place == "header" else PLAIN
    assert sorted(names) == sorted(expected)
    assert envelope == ["carla@example.com"]
    assert [address for _, address in getaddresses([str(message_from_bytes(smtp.taken[0].content)["To"])])] == envelope
    assert [address.addr_spec for address in message["From"].addresses] == ["support@bellwether.example"]
    for name in ("Subject", "To", "From", *(["X-Reason"] if place == "header" else [])):
        assert not set("\r\n\0\u0085\u2028\u2029\u202e") & set(decoded(smtp, name))
    assert message.get_content().replace("\r\n", "\n").strip() == "It leaves today."
    assert all(len(line) <= 998 for line in smtp.taken[0].content.split(b"\r\n"))


@pytest.mark.parametrize("name", ["Zoë Ångström", "日本語の名前", "O'Brien, Pat", 'Pat "Bo" Key', "a=?b", "x <y>"])
def test_honest_names_arrive_as_they_are(smtp: Server, promise: Promise, name: str) -> None:
    promise(to=[(name, "carla@example.com")], subject=name)
    send_due()
    _, message, _ = wire(smtp)
    assert message["To"].addresses[0].display_name == name
    assert message["Subject"] == name


def test_an_answer_threads_and_is_not_automatic(smtp: Server, promise: Promise) -> None:
    mail = promise(
        in_reply_to="<their.1@example.com>",
        references=[
            "<ours.1@bellwether.example>",
            "not one",
            "<bad\r\nBcc: x@evil.test>",
            "<ours.1@bellwether.example>",
        ],
        reply_to="support+abc@bellwether.example",
    )
    send_due()
    names, message, _ = wire(smtp)
    assert sorted(names) == sorted([*PLAIN, "In-Reply-To", "References", "Reply-To"])
    assert message["In-Reply-To"] == "<their.1@example.com>"
    assert message["References"] == "<ours.1@bellwether.example> <their.1@example.com>"
    assert message["Reply-To"] == "support+abc@bellwether.example"
    assert f"Message-ID: {mail.message_id}\r\n".encode() in smtp.taken[0].content
    assert abs(parsedate_to_datetime(message["Date"]) - timezone.now()).total_seconds() < 60


def test_automatic_mail_says_so_in_every_way_that_responders_know(smtp: Server, promise: Promise) -> None:
    promise(is_automatic=True, kind="follow_up")
    send_due()
    names, message, _ = wire(smtp)
    ours = ["Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "X-Makegood-Loop"]
    assert sorted(names) == sorted([*PLAIN, *ours, "List-Unsubscribe", "List-Unsubscribe-Post"])
    assert [message[name] for name in ours] == ["auto-generated", "All", "bulk", loop_mark()]


def test_text_comes_before_html_and_all_of_it_survives(smtp: Server, promise: Promise) -> None:
    text = ".\r\n.. dots\r\n.leading\nFrom here\n\nZoë " + "x" * 2000 + "\n-- \nBellwether"
    promise(text=text, html="<p>.Zoë</p>")
    send_due()
    _, message, _ = wire(smtp)
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().splitlines() == text.replace("\r\n", "\n").split("\n")
    assert html.get_content().strip() == "<p>.Zoë</p>"
    assert smtp.taken[0].content.isascii()
