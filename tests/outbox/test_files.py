"""Files go with a mail byte for byte; what cannot go is said in words, and the words leave all the same."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext, override

from outbox.emails import render
from outbox.jobs import send_due
from outbox.models import Mail
from tests.outbox.conftest import Server
from tests.outbox.test_wire import INJECTIONS, PLAIN, wire

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]
BYTES = bytes(range(256)) * 40
# Whatever mail does to text on its way, it must not do to a file.
AWKWARD = b"a\nb\r\nc\rd\n.\r\n.leading dot\nFrom here\n\xff\xfe\0 no newline at the end"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def keep(name: str = "rim.png", content: bytes = BYTES, media_type: str = "image/png") -> tuple[str, str, str]:
    return default_storage.save("ab/cd", ContentFile(content)), name, media_type


def files_of(message: EmailMessage) -> dict[str | None, bytes]:
    return {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}  # type: ignore[misc]


def words(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("media_type", ["image/png", "text/plain", "text/html", "application/pdf", "message/rfc822"])
@pytest.mark.parametrize("content", [BYTES, AWKWARD, "Grüße\n".encode(), b"x"])
def test_a_file_arrives_byte_for_byte(smtp: Server, promise: Promise, media_type: str, content: bytes) -> None:
    promise(html="<p>It leaves today.</p>", files=[keep("a file.bin", content, media_type)])
    assert send_due() == 1
    names, message, _ = wire(smtp)
    assert sorted([*names, "Content-Transfer-Encoding"]) == sorted(PLAIN)  # of a multipart, the parts have their own
    assert files_of(message) == {"a file.bin": content}
    assert words(message).strip() == "It leaves today."
    assert words(message, "html").strip() == "<p>It leaves today.</p>"
    assert smtp.taken[0].content.isascii()


def test_several_files_come_in_order(smtp: Server, promise: Promise) -> None:
    promise(files=[keep("1.png", b"1"), keep("2.png", b"2"), keep("1.png", b"3")])
    send_due()
    _, message, _ = wire(smtp)
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [b"1", b"2", b"3"]


@pytest.mark.parametrize(
    "hostile", [*INJECTIONS, 'a";\r\nBcc: evil@evil.test', "../../etc/passwd", "日本" * 200 + ".png"]
)
def test_a_hostile_file_name_is_only_a_name(smtp: Server, promise: Promise, hostile: str) -> None:
    mail = promise(files=[keep(hostile)])
    send_due()
    names, message, envelope = wire(smtp)
    assert sorted([*names, "Content-Transfer-Encoding"]) == sorted(PLAIN)
    assert envelope == ["carla@example.com"]
    (part,) = message.iter_attachments()
    assert sorted(part.keys()) == ["Content-Disposition", "Content-Transfer-Encoding", "Content-Type", "MIME-Version"]
    assert part.get_content_disposition() == "attachment"
    shown = part.get_filename() or ""
    assert shown
    assert not set("\r\n\0/\u0085\u2028\u2029\u202e") & set(shown)
    assert shown in mail.files[0][1]  # the parser takes outermost quotes for its own
    assert part.get_payload(decode=True) == BYTES
    assert all(len(line) <= 998 for line in smtp.taken[0].content.split(b"\r\n"))


@pytest.mark.parametrize(
    "name", ["Zoë & Søn.pdf", "日本語.pdf", 'the "new" rim.png', "a;b=c.txt", "no ending", "100%.txt"]
)
def test_an_honest_file_name_arrives_as_it_is(smtp: Server, promise: Promise, name: str) -> None:
    promise(files=[keep(name)])
    send_due()
    assert list(files_of(wire(smtp)[1])) == [name]


@pytest.mark.parametrize("media_type", ["", "x", "multipart/mixed", "text/plain\r\nX-Evil: 1", "a/b; charset=x", "é/x"])
def test_a_type_that_is_none_becomes_plain_bytes(smtp: Server, promise: Promise, media_type: str) -> None:
    promise(files=[keep(media_type=media_type)])
    send_due()
    (part,) = wire(smtp)[1].iter_attachments()
    assert part["Content-Type"] == "application/octet-stream"
    assert part["X-Evil"] is None


@pytest.mark.parametrize("stored", ["ab/gone", "../../../etc/passwd", "/etc/passwd", ""])
def test_a_file_that_is_gone_is_named_and_the_mail_leaves(smtp: Server, promise: Promise, stored: str) -> None:
    text, html = render("tickets/mail/follow_up", {"words": {"text": "Is all well?", "html": "Is all well?"}})
    promise(text=text, html=html, files=[(stored, "<b>rim.png", "image/png"), keep("bill.png")])
    assert send_due() == 1
    _, message, _ = wire(smtp)
    line = "Not in this mail, because it could not be read: "
    assert f"{line}<b>rim.png." in words(message)
    assert words(message).index(line) < words(message).index(
        "\n-- \n"
    )  # before the signature, which programs fold away
    assert f"{line}&lt;b&gt;rim.png." in words(message, "html")
    assert "</html>" in words(message, "html").partition(line)[2]  # inside the page
    assert files_of(message) == {"bill.png": BYTES}
    assert "root:" not in smtp.taken[0].content.decode()


def test_what_does_not_fit_is_named_and_the_rest_comes_along(smtp: Server, promise: Promise, settings: Any) -> None:
    settings.OUTBOX_MAX_FILES_BYTES = 3000
    sizes = {"a.png": 2000, "big.png": 1001, "c.png": 1000, "d.png": 1}
    promise(files=[keep(name, b"x" * size) for name, size in sizes.items()])
    send_due()
    _, message, _ = wire(smtp)
    assert {name: len(content) for name, content in files_of(message).items()} == {"a.png": 2000, "c.png": 1000}
    said = words(message).replace("\xa0", " ")
    assert "Not in this mail, because it is too large: big.png (1001 bytes)." in said
    assert "too large: d.png (1 byte)." in said
    assert said.count("Tell us, and we send it another way.") == 1


def test_what_is_added_on_leaving_is_in_the_mails_language(smtp: Server, promise: Promise, settings: Any) -> None:
    settings.OUTBOX_MAX_FILES_BYTES = 3000
    with override("de"):
        promise(files=[keep("big.png", b"x" * 4096)])
        another_way = gettext("Tell us, and we send it another way.")
    send_due()
    said = words(wire(smtp)[1]).replace("\xa0", " ")
    assert "big.png (4,0 KB)." in said
    assert another_way in said


def test_a_mail_without_files_says_nothing_of_them(smtp: Server, promise: Promise) -> None:
    text, html = render("tickets/mail/follow_up", {"words": {"text": "Is all well?", "html": "Is all well?"}})
    promise(text=text, html=html)
    send_due()
    _, message, _ = wire(smtp)
    assert message.get_content_type() == "multipart/alternative"
    assert "files" not in words(message, "html")
    assert "Not in this mail" not in words(message)


# --- Pictures of the page -------------------------------------------------------------------


def draw(content: bytes = BYTES) -> str:
    return default_storage.save("reports/chart.png", ContentFile(content))


def test_a_picture_stands_in_the_page_and_is_no_file_to_open(smtp: Server, promise: Promise) -> None:
    html = '<p>Here: <img src="cid:chart.1@bellwether.example" alt="12 a day"></p>'
    promise(html=html, pictures=[(draw(), "chart.png", "chart.1@bellwether.example")])
    send_due()
    _, message, _ = wire(smtp)
    assert message.get_content_type() == "multipart/related"
    assert words(message, "html").strip() == html
    assert words(message).strip() == "It leaves today."
    (part,) = message.iter_attachments()
    assert (part["Content-ID"], part.get_content_disposition()) == ("<chart.1@bellwether.example>", "inline")
    assert (part.get_content_type(), part.get_payload(decode=True)) == ("image/png", BYTES)


def test_beside_a_file_it_is_mixed(smtp: Server, promise: Promise) -> None:
    promise(html="<p>It leaves today.</p>", files=[keep()], pictures=[(draw(), "chart.png", "a@b.example")])
    send_due()
    _, message, _ = wire(smtp)
    assert message.get_content_type() == "multipart/mixed"
    assert [part.get_content_disposition() for part in message.iter_attachments()] == ["attachment", "inline"]


def test_where_a_picture_is_gone_the_words_stand(smtp: Server, promise: Promise, settings: Any) -> None:
    promise(html="<p>It leaves today.</p>", pictures=[("reports/gone.png", "chart.png", "a@b.example")])
    send_due()
    _, message, _ = wire(smtp)
    assert words(message, "html").strip() == "<p>It leaves today.</p>"
    assert words(message).strip() == "It leaves today."
    assert list(message.iter_attachments()) == []


@pytest.mark.parametrize("hostile", ["", "a b@c.example", "a@b.example>\r\nBcc: evil@evil.test", "ä@b.example"])
def test_what_is_no_content_id_is_refused(promise: Promise, hostile: str) -> None:
    with pytest.raises(ValueError, match="no content id"):
        promise(html="<p>Hello</p>", pictures=[(draw(), "chart.png", hostile)])
