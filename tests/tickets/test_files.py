"""Files: whose they are, what they are called, what a browser may do with them."""

from __future__ import annotations

import errno
import io
import json
import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.actions import create_token, revoke_token
from outbox.jobs import send_due
from tests.outbox.conftest import smtp  # noqa: F401  (the mail server that answers end at)
from tickets import pictures
from tickets.actions import Post, add_attachment, open_ticket, post_message, post_messages
from tickets.actions.attaching import HEAD_BYTES, NAME_CHARS, clean_file_name, type_of
from tickets.jobs import discard_unsent_files, run_due_follow_ups
from tickets.models import Attachment, Message, Ticket

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def file(name="rim.png", content=PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def browser_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(ticket, by, **fields) -> Attachment:
    attachment = add_attachment(file(**fields), by=by)
    post_message(ticket, by=by, body="Look", attachments=(str(attachment.pk),))
    return attachment


# --- Keeping ---


def test_a_file_is_kept_under_a_random_name_with_its_own_type(alice, tmp_path):
    kept = add_attachment(file("../../etc/evil.html"), by=alice)
    assert (kept.name, kept.size, kept.type, kept.message) == ("evil.html", len(PNG), "image/png", None)
    assert kept.file.name == f"{kept.pk.hex[:2]}/{kept.pk.hex}"
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [PNG]


def test_a_file_too_large_or_empty_is_refused_and_not_kept(alice, settings, tmp_path):
    settings.MAX_FILE_BYTES = 1024 * 1024
    for content, code in [(b"", "empty"), (b"x" * (1024 * 1024 + 1), "too_long")]:
        with pytest.raises(ValidationError) as refused:
            add_attachment(file(content=content), by=alice)
        assert refused.value.code == code
    assert not Attachment.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_blocked_customer_brings_no_files(carla):
    carla.is_blocked = True
    with pytest.raises(PermissionDenied):
        add_attachment(file(), by=carla)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("rim.png", "rim.png"),
        ("C:\\fakepath\\rim.png", "rim.png"),
        ("../../../etc/passwd", "passwd"),
        ("a/b/..", "file"),
        (".htaccess", "htaccess"),
        ("\u200b.htaccess", "htaccess"),
        ("rim\u202egnp.exe", "rimgnp.exe"),
        ("rim\x00.php\r\n.png", "rim.php.png"),
        ("rim\u2028\u2029.png", "rim.png"),
        ("．．／evil.png", "evil.png"),
        ("  a   b .png ", "a b .png"),
        ("", "file"),
        ("...", "file"),
        ("/", "file"),
        ("Ω Ünïcode 车.pdf", "Ω Ünïcode 车.pdf"),
        ("n" * 300 + ".pdf", "n" * 196 + ".pdf"),
        ("x." + "y" * 300, ("x." + "y" * 300)[:200]),
        ("\ud800.png", "png"),
    ],
)
def test_a_name_is_shown_without_tricks(name, shown):
    assert clean_file_name(name) == shown


@given(st.text(st.characters(), max_size=400))
def test_any_name_becomes_a_safe_one(name):
    shown = clean_file_name(name)
    assert 0 < len(shown) <= NAME_CHARS
    assert not set(shown) & set("/\\\x00\r\n\u202e\u200b\u2066")
    assert clean_file_name(shown) == shown or len(shown) == NAME_CHARS


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "image/png"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"Just words", "text/plain"),
        (("a" + "ü" * HEAD_BYTES).encode()[:HEAD_BYTES], "text/plain"),  # the last letter cut in two
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"\xfa\xfb\xf1" * 10, "application/octet-stream"),
    ],
)
def test_a_type_comes_from_the_content(head, kind):
    assert type_of(head) == kind


# --- Attaching ---


def test_ones_own_unsent_files_go_with_a_message_once(ticket, alice):
    first, second = add_attachment(file("a.png"), by=alice), add_attachment(file("b.png"), by=alice)
    message = post_message(ticket, by=alice, body="Look", attachments=(str(first.pk), str(second.pk)))
    assert {one.name for one in message.attachments.all()} == {"a.png", "b.png"}
    with pytest.raises(ValidationError):
        post_message(ticket, by=alice, body="Again", attachments=(str(first.pk),))
    assert Message.objects.filter(body="Again").count() == 0


@pytest.mark.parametrize("whose", ["bob", "carla"])
def test_anothers_file_is_as_unknown_as_none(request, ticket, alice, whose):
    theirs = add_attachment(file(), by=request.getfixturevalue(whose))
    errors = []
    for key in (theirs.pk, uuid.uuid4()):
        with pytest.raises(ValidationError) as refused:
            post_message(ticket, by=alice, body="Look", attachments=(str(key),))
        errors.append((refused.value.code, refused.value.message))
    assert errors[0] == errors[1]
    theirs.refresh_from_db()
    assert theirs.message is None
    assert Ticket.objects.get(pk=ticket.pk).last_seq == 2


@pytest.mark.parametrize("ids", [("nonsense",), ("",), tuple(str(uuid.uuid4()) for _ in range(11))])
def test_what_is_no_file_is_refused(ticket, alice, ids):
    with pytest.raises(ValidationError):
        post_message(ticket, by=alice, body="Look", attachments=ids)


def test_the_system_has_no_files(ticket, carla):
    theirs = add_attachment(file(), by=carla)
    with pytest.raises(ValidationError):
        post_message(ticket, by=None, body="Look", attachments=(str(theirs.pk),))


def test_a_picture_needs_no_words(ticket, carla, alice):
    message = post_message(ticket, by=carla, body=" ", attachments=(str(add_attachment(file(), by=carla).pk),))
    assert (message.body, message.attachments.count()) == ("", 1)
    assert Ticket.objects.get(pk=ticket.pk).preview == "A file"
    two = tuple(str(add_attachment(file(), by=alice).pk) for _ in range(2))
    post_message(ticket, by=alice, body="", attachments=two)
    assert Ticket.objects.get(pk=ticket.pk).preview == "2 files"


def test_a_message_sent_twice_keeps_its_files(ticket, alice):
    ids = (str(add_attachment(file(), by=alice).pk),)
    first, second = (post_message(ticket, by=alice, body="Look", client_id="c1", attachments=ids) for _ in range(2))
    assert first == second
    assert first.attachments.count() == 1


def test_one_bad_file_fails_the_batch(ticket, alice, carla):
    good = add_attachment(file(), by=alice)
    posts = [
        Post(ticket, by=alice, body="Good", attachments=(str(good.pk),)),
        Post(ticket, by=carla, body="Bad", attachments=(str(uuid.uuid4()),)),
    ]
    with pytest.raises(ValidationError):
        post_messages(posts)
    good.refresh_from_db()
    assert good.message is None
    assert ticket.messages.count() == 1


def test_the_same_id_with_other_files_is_a_conflict(ticket, alice):
    first, second = (str(add_attachment(file(), by=alice).pk) for _ in range(2))
    post_message(ticket, by=alice, body="Look", client_id="c1", attachments=(first,))
    for others in ((), (second,), (first, second)):
        with pytest.raises(ValidationError) as refused:
            post_message(ticket, by=alice, body="Look", client_id="c1", attachments=others)
        assert refused.value.code == "conflict"
    again = post_message(ticket, by=alice, body="Look", client_id="c1", attachments=(first.upper(),))
    assert again.attachments.count() == 1


def test_said_twice_in_one_batch_with_the_same_files_is_said_once(ticket, alice):
    first, second = (str(add_attachment(file(), by=alice).pk) for _ in range(2))
    post = Post(ticket, by=alice, body="Look", client_id="c1", attachments=(first,))
    assert len({message.pk for message in post_messages([post, post])}) == 1
    other = Post(ticket, by=alice, body="Look", client_id="c2", attachments=(second,))
    with pytest.raises(ValidationError) as refused:
        post_messages([other, replace(other, attachments=())])
    assert refused.value.code == "conflict"


def test_a_conversation_begins_with_a_picture_alone(carla, site):
    ids = tuple(str(add_attachment(file(), by=carla).pk) for _ in range(2))
    begin = {"by": carla, "channel": "chat", "site": site, "client_id": "c1"}
    opened = open_ticket(carla, body="", attachments=ids, **begin)
    assert (opened.subject, opened.preview) == ("2 files", "2 files")
    assert opened.messages.get().attachments.count() == 2
    assert open_ticket(carla, body="", attachments=ids, **begin) == opened
    for words, others in (("", ids[:1]), ("Look", ids)):
        with pytest.raises(ValidationError) as refused:
            open_ticket(carla, body=words, attachments=others, **begin)
        assert refused.value.code == "conflict"
    with pytest.raises(ValidationError) as refused:
        open_ticket(carla, by=carla, channel="chat", body="")
    assert refused.value.code == "empty"


def test_a_conversation_does_not_begin_with_anothers_file(carla, dora, site):
    theirs = str(add_attachment(file(), by=dora).pk)
    for key in (theirs, str(uuid.uuid4())):
        with pytest.raises(ValidationError) as refused:
            open_ticket(carla, by=carla, body="", channel="chat", site=site, attachments=(key,))
        assert refused.value.code == "invalid"
    assert not Ticket.objects.exists()


def test_files_of_a_late_message_go_to_the_new_ticket(ticket, carla, alice):
    from datetime import timedelta

    from django.utils import timezone

    from tickets.actions import resolve_ticket

    resolve_ticket(ticket, by=alice, root_cause=None, at=timezone.now() - timedelta(days=20))
    kept = add_attachment(file(), by=carla)
    message = post_message(ticket, by=carla, body="Again", attachments=(str(kept.pk),))
    kept.refresh_from_db()
    assert message.ticket != ticket
    assert kept.message == message


# --- Pictures ---


def picture(kind="JPEG", size=(40, 30), **options) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "#0d5c49").save(content, kind, **options)
    return content.getvalue()


def test_a_picture_is_kept_without_what_its_camera_wrote(alice, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "CANARY"
    kept = add_attachment(file("Rim.JPG", picture(exif=exif) + b"<script>CANARY"), by=alice)
    assert (kept.name, kept.type, kept.width, kept.height) == ("Rim.JPG", "image/jpeg", 40, 30)
    (stored,) = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert b"CANARY" not in stored
    assert kept.size == len(stored)


def test_a_picture_under_a_lying_name_says_what_it_is(alice):
    kept = add_attachment(file("page.html", picture("PNG")), by=alice)
    assert (kept.name, kept.type) == ("page.html.png", "image/png")


def test_a_picture_of_too_many_pixels_is_refused_and_not_kept(alice, monkeypatch, tmp_path):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    with pytest.raises(ValidationError) as refused:
        add_attachment(file(content=picture()), by=alice)
    assert refused.value.code == "too_long"
    assert browser_of(alice).post("/uploads/", {"file": file(content=picture())}).status_code == 413
    assert not Attachment.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_picture_without_a_turn_may_come_again(alice, monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(pictures, "_threads", threading.BoundedSemaphore(1))
    with pictures._threads:
        answer = browser_of(alice).post("/uploads/", {"file": file(content=picture())})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert browser_of(alice).post("/uploads/", {"file": file(content=picture())}).status_code == 201


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_only_a_picture_made_anew_is_shown_where_it_stands(alice, ticket, carla, kind):
    made, broken = sent(ticket, carla, content=picture(kind)), sent(ticket, carla, content=picture(kind)[:-40])
    answer = browser_of(alice).get(f"/files/{made.pk}/")
    assert answer["Content-Disposition"].startswith("inline; filename=")
    assert answer["Content-Type"] == f"image/{kind.lower()}"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert (broken.width, broken.height) == (None, None)
    assert browser_of(alice).get(f"/files/{broken.pk}/")["Content-Disposition"].startswith("attachment; filename=")


# --- A disk that takes nothing ---


def test_a_disk_that_is_full_stops_files_and_no_words(alice, ticket, tmp_path, monkeypatch):
    def chunks(self, chunk_size=None):
        yield b"a part"
        raise OSError(errno.ENOSPC, "No space left on device")

    browser = browser_of(alice)
    with monkeypatch.context() as patched:
        patched.setattr("django.core.files.base.File.chunks", chunks)
        patched.setattr("django.core.files.uploadedfile.InMemoryUploadedFile.chunks", chunks)
        patched.setattr("django.core.files.base.ContentFile.chunks", chunks)
        for content in (b"Just words", picture()):
            answer = browser.post("/uploads/", {"file": file(content=content)})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        said = browser.post(f"/tickets/{ticket.number}/reply/", {"body": "Words still go"})
    assert said.status_code == 303
    assert ticket.messages.filter(body="Words still go").exists()
    assert not Attachment.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]  # nor a part of one
    assert browser.post("/uploads/", {"file": file()}).status_code == 201


def test_a_folder_that_cannot_be_written_is_said_to_be_so(alice, settings, tmp_path):
    (tmp_path / "in the way").write_text("")
    settings.MEDIA_ROOT = tmp_path / "in the way" / "files"
    answer = browser_of(alice).post("/uploads/", {"file": file()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


def test_an_upload_that_cannot_even_wait_on_the_disk_is_refused(alice, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "gone")
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = browser_of(alice).post("/uploads/", {"file": file()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


def test_a_file_is_not_left_behind_when_its_row_cannot_be_written(alice, tmp_path, monkeypatch):
    monkeypatch.setattr(Attachment, "_do_insert", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        add_attachment(file(), by=alice)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_is_far_too_large_is_not_even_read(alice, settings, monkeypatch):
    settings.MAX_FILE_BYTES = 1024
    monkeypatch.setattr("django.http.request.HttpRequest.parse_file_upload", lambda *args: 1 / 0)
    answer = browser_of(alice).post("/uploads/", {"file": file(content=b"x" * 80_000)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_long")


# --- The doors ---


def test_an_upload_answers_with_what_a_message_needs(alice, ticket):
    browser = browser_of(alice)
    answer = browser.post("/uploads/", {"file": file("Rim photo.png")})
    assert answer.status_code == 201
    told = answer.json()
    wanted = {
        "id": "",
        "name": "Rim photo.png",
        "size": len(PNG),
        "type": "image/png",
        "image": None,
        "removed_at": None,
    }
    assert {**told, "id": ""} == wanted
    posted = browser.post(f"/tickets/{ticket.number}/reply/", {"body": "Look", "attachments": [told["id"]]})
    assert posted.status_code == 303
    page = browser.get(f"/tickets/{ticket.number}/").text
    assert f'href="/files/{told["id"]}/"' in page
    assert "Rim photo.png" in page


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [({}, 400, "invalid"), ({"file": "words"}, 400, "invalid"), ({"file": b""}, 422, "empty"),
     ({"file": b"x" * 1025}, 413, "too_long")],
)  # fmt: skip
def test_an_upload_that_cannot_be_says_why(alice, settings, data, status, code):
    settings.MAX_FILE_BYTES = 1024
    if isinstance(data.get("file"), bytes):
        data = {"file": file(content=data["file"])}
    answer = browser_of(alice).post("/uploads/", data)
    assert answer.status_code == status
    assert json.loads(answer.text)["error"]["code"] == code
    assert not Attachment.objects.exists()


def test_strangers_and_other_sites_upload_nothing(client, alice):
    assert client.post("/uploads/", {"file": file()}).status_code == 302
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.post("/uploads/", {"file": file()}).status_code == 403
    assert not Attachment.objects.exists()


def program_of(user, **options) -> Client:
    """A program that speaks for someone, from a place where our pages' CSRF token is unknown."""
    raw = create_token(user, by=user, name="till")[1]
    return Client(headers={"Authorization": f"Bearer {raw}"}, enforce_csrf_checks=True, **options)


def test_a_program_uploads_posts_and_fetches_with_its_token(alice, bob, ticket):
    program = program_of(alice)
    told = program.post("/uploads/", {"file": file("Rim.png")})
    assert told.status_code == 201
    assert Attachment.objects.get().by_user == alice
    path = f"/api/v1/tickets/{ticket.number}/messages/"
    said = program.post(path, {"body": "Look", "attachments": [told.json()["id"]]}, content_type="application/json")
    assert said.json()["attachments"] == [told.json()]
    answer = program_of(bob).get(f"/files/{told.json()['id']}/")
    assert b"".join(answer.streaming_content) == PNG


def test_a_program_fetches_what_its_person_may_see(alice, charlie, ticket, carla):
    kept = sent(ticket, carla)
    assert program_of(alice).get(f"/files/{kept.pk}/").status_code == 200
    assert program_of(charlie).get(f"/files/{kept.pk}/").status_code == 404


def test_a_token_that_is_none_opens_nothing_whoever_is_signed_in(alice, ticket, carla):
    kept = sent(ticket, carla)
    token, raw = create_token(alice, by=alice, name="till")
    revoke_token(token, by=alice)
    for bad in (raw, "mg_nonsense", "\x00", "é"):
        browser, headers = browser_of(alice), {"authorization": f"Bearer {bad}"}
        for answer in (
            browser.post("/uploads/", {"file": file()}, headers=headers),
            browser.get(f"/files/{kept.pk}/", headers=headers),
        ):
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.json()["error"]["code"] == "not_signed_in"
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x"])
def test_a_foreign_page_still_uploads_nothing_with_our_cookies(alice, authorization):
    browser = Client(enforce_csrf_checks=True, headers={"Authorization": authorization})
    browser.force_login(alice)
    assert browser.post("/uploads/", {"file": file()}).status_code == 403
    assert not Attachment.objects.exists()


def test_a_programs_uploads_count_as_its_requests(alice, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    program = program_of(alice)
    assert program.get("/api/v1/tickets/").status_code == 200
    assert program.post("/uploads/", {"file": file()}).status_code == 201
    answer = program.post("/uploads/", {"file": file()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("content", "served_as"),
    [
        (PNG, "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "application/octet-stream"),
        (b"<!doctype html><html><script>alert(1)</script></html>", "application/octet-stream"),
        (b"GIF89a/*<script>alert(1)</script>*/", "image/gif"),
        (b"Just words", "text/plain"),
    ],
)
def test_nothing_in_a_file_can_act_in_our_name(alice, ticket, carla, content, served_as):
    kept = sent(ticket, carla, name='a"b;<c>.png', content=content)
    answer = browser_of(alice).get(f"/files/{kept.pk}/")
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Type"].split(";")[0] == served_as
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer["Cache-Control"]


def test_a_file_is_for_those_who_see_its_message(client, alice, bob, charlie, sue, ticket, carla, shop):
    from tickets.actions import assign_ticket

    kept = sent(ticket, carla)
    address = f"/files/{kept.pk}/"
    assert client.get(address).status_code == 302
    assert browser_of(alice).get(address).status_code == 200
    assert browser_of(sue).get(address).status_code == 200
    assert (
        browser_of(charlie).get(address).status_code
        == browser_of(charlie).get(f"/files/{uuid.uuid4()}/").status_code
        == 404
    )
    assign_ticket(ticket, by=alice, team=shop)
    assert browser_of(alice).get(address).status_code == 404
    assert browser_of(charlie).get(address).status_code == 200


def test_an_unsent_file_is_its_uploaders_alone(alice, bob, sue):
    kept = add_attachment(file(), by=alice)
    assert browser_of(alice).get(f"/files/{kept.pk}/").status_code == 200
    assert browser_of(bob).get(f"/files/{kept.pk}/").status_code == 404
    assert browser_of(sue).get(f"/files/{kept.pk}/").status_code == 404


def test_customers_see_their_own_files_and_none_on_notes(ticket, alice, carla, dora):
    shown, hidden = add_attachment(file("a.png"), by=alice), add_attachment(file("b.png"), by=alice)
    unsent = add_attachment(file("c.png"), by=carla)
    post_message(ticket, by=alice, body="Look", attachments=(str(shown.pk),))
    post_message(ticket, by=alice, body="Between us", kind="note", attachments=(str(hidden.pk),))
    assert set(Attachment.objects.visible_to(carla)) == {shown, unsent}
    assert not Attachment.objects.visible_to(dora).exists()
    assert not Attachment.objects.visible_to(None).exists()


def test_a_file_that_is_gone_from_the_disk_is_not_here(alice, ticket, carla):
    kept = sent(ticket, carla)
    kept.file.storage.delete(kept.file.name)
    assert browser_of(alice).get(f"/files/{kept.pk}/").status_code == 404


def test_files_leave_by_mail_with_their_answer_and_those_of_notes_never(ticket, alice, smtp, settings):  # noqa: F811
    settings.OUTBOX_GUARDS = {}
    hidden = add_attachment(file("canary.png"), by=alice)
    post_message(ticket, by=alice, body="Between us", kind="note", attachments=(str(hidden.pk),))
    files = [
        add_attachment(file(name, content), by=alice) for name, content in (("rim.png", PNG), ("Größe.txt", b"47"))
    ]
    post_message(ticket, by=alice, body="", attachments=tuple(str(kept.pk) for kept in files))
    assert run_due_follow_ups() == 1
    send_due()
    mail = message_from_bytes(smtp.taken[-1].content, policy=policy.default)
    assert [(part.get_filename(), part.get_payload(decode=True)) for part in mail.iter_attachments()] == [
        ("rim.png", PNG),
        ("Größe.txt", b"47"),
    ]
    for kind in ("plain", "html"):
        words = mail.get_body((kind,)).get_content()
        assert "Files: " in words
        assert "Größe.txt" in words
        assert "canary" not in words


def test_what_nobody_sends_is_deleted_after_a_day(ticket, alice, tmp_path):
    old, fresh, sent = (add_attachment(file(), by=alice) for _ in range(3))
    post_message(ticket, by=alice, body="", attachments=(str(sent.pk),))
    Attachment.objects.exclude(pk=fresh.pk).update(created_at=timezone.now() - timedelta(days=2))
    assert discard_unsent_files() == 1
    assert set(Attachment.objects.all()) == {fresh, sent}
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {fresh.pk.hex, sent.pk.hex}
