"""Files that guests and agents bring: no name leads anywhere, nothing in one acts in our name, nothing is unpacked.
And what a browser tells of itself stays words."""

from __future__ import annotations

import gzip
import io
import json
import re
import time
import zipfile
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from chat.actions import start_visit
from chat.browsers import kept_url
from chat.models import Block, PageView, Visitor
from tests.hostile.conftest import browser_of, submit
from tests.hostile.payloads import FEW, PAYLOADS
from tickets.actions import post_message
from tickets.actions.attaching import NAME_CHARS
from tickets.models import Attachment

CANARY = b"CANARY"
SCRIPT = b"<script>alert('CANARY')</script>"


@pytest.fixture
def carlas_token(carla, site) -> str:
    visit = start_visit(site)
    Visitor.objects.filter(pk=visit.visitor.pk).update(customer=carla)
    return visit.token


def multipart(name: str, content: bytes, kind: str = "application/octet-stream") -> dict[str, Any]:
    """A body as a hostile client writes it: the name as raw as it will go."""
    raw = name.encode("utf-8", "surrogatepass").replace(b'"', b"%22").replace(b"\r", b"").replace(b"\n", b"")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + raw + b'"\r\nContent-Type: '
    body = head + kind.encode() + b"\r\n\r\n" + content + b"\r\n--b--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=b"}


def send(door: str, token: str, agent: Any, name: str, content: bytes, kind: str = "image/png") -> Any:
    """Bring a file through the guests' door or the agents'."""
    if door == "agent":
        return browser_of(agent).post("/uploads/", **multipart(name, content, kind))
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
    return client.post("/widget/uploads/", **multipart(name, content, kind))


# --- Names (FreeScout CVE-2026-28289: checked before it was normalised; Znuny 32491; UVdesk) ---

ZERO_WIDTH = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"]
TURNED = ["\u202e", "\u2066", "\u200f", "\u061c"]
NAMES = [
    ".htaccess", ".htpasswd", ".env", ".git/config", "web.config", "..", ".", "...", "", " ", "/", "\\", "//",
    "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\boot.ini", "\\\\host\\share\\x", "file:///x",
    "....//....//x", "..%2f..%2fx", "%2e%2e%2fx", "..%c0%afx", "..；/x", "．．／．．／x", "‥/x", "x/../../y", "~root/x",
    "a\x00.png", "a.php\x00.png", "a\x01\x1f\x7f.png", "a\x85b\u2028c\u2029d.png", "a.png\r\nX-Evil: 1", "a\tb.png",
    "a.php", "a.php.png", "a.phtml", "a.pHp5", "a.php.", "a.php ", "a.asp;.png", "a.png::$DATA", "CON", "NUL.txt",
    "a.svg", "a.html", "a.xhtml", "a.js", "a.exe", "a.scr", "a.lnk", "a.url", "a.desktop", "desktop.ini", "Thumbs.db",
    "a;b=c.png", 'a"b.png', "a'b.png", "a<b>.png", "a`id`.png", "$(id).png", "|id", "&& id", "-rf", "--help",
    "=1+1.csv", "@SUM(A1).csv", "{{7*7}}", "{% debug %}", "%s%n", "x" * 300, "x" * 300 + ".png", "x." + "y" * 300,
    "é" * 250 + ".png", "👩‍🔧.png", "\ud800.png", "\uffff.png", "ﬃ/ﬀ.png", "a\u0338/b",
    *[f"{one}.htaccess" for one in ZERO_WIDTH], *[f"a{one}gnp.exe" for one in TURNED],
]  # fmt: skip
UNSEEN = {*ZERO_WIDTH, *TURNED, "/", "\\", "\x00", "\r", "\n", "\x85", "\u2028", "\u2029", "\ud800"}


@pytest.mark.parametrize("door", ["guest", "agent"])
def test_no_name_leads_anywhere(door, chat_ticket, carlas_token, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    assert len(NAMES) >= 60
    for number, name in enumerate(NAMES):
        answer = send(door, carlas_token, alice, name, b"words %d" % number)
        assert answer.status_code in (201, 400), name  # no name at all is no file to Django
        if answer.status_code == 400:
            continue
        told = answer.json()
        assert 0 < len(told["name"]) <= NAME_CHARS, name
        assert not set(told["name"]) & UNSEEN, name
        assert not told["name"].startswith("."), name
        shown = browser_of(alice).get(f"/files/{told['id']}/") if door == "agent" else None
        if shown:
            header = shown["Content-Disposition"]
            assert header.startswith("attachment; filename"), name
            assert not set(header) & {"\r", "\n", "\x00"}, name
            assert "X-Evil" not in shown.headers
    stored = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(stored) > 60
    assert all(re.fullmatch(r"files/[0-9a-f]{2}/[0-9a-f]{32}", str(path)) for path in stored)


# --- What is in them (FreeScout 3266b33b, osTicket 68dcaa2) ---


def picture(kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "#0d5c49").save(content, kind, **options)
    return content.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(\'CANARY\')">' + SCRIPT + b"</svg>"
HTML = b"<!doctype html><title>x</title>" + SCRIPT
ACTIVE = {
    "svg": SVG,
    "svg, with a declaration": b'<?xml version="1.0"?>' + SVG,
    "svg, in UTF-16": SVG.decode().encode("utf-16"),
    "svg, zipped": gzip.compress(SVG),
    "html": HTML,
    "html, with a mark before it": b"\xef\xbb\xbf" + HTML,
    "html, in UTF-7": b"+ADw-script+AD4-alert('CANARY')+ADw-/script+AD4-",
    "html behind white space": b"\n" * 2000 + HTML,
    "html as a png": b"\x89PNG\r\n\x1a\n" + HTML,
    "html as a gif": b"GIF89a" + HTML,
    "html as a jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + HTML,
    "html as a webp": b"RIFF\xff\xff\x00\x00WEBPVP8 " + HTML,
    "script as a gif": b"GIF89a/*" + b"\0" * 20 + b"*/=alert('CANARY')",
    "script as a jpeg": b"\xff\xd8\xff\xe0/*" + b"\0" * 20 + b"*/alert('CANARY')",
    "xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml">' + SCRIPT + b"</html>",
    "xml with a style sheet": b'<?xml version="1.0"?><?xml-stylesheet href="javascript:alert(\'CANARY\')"?><x/>',
    "mhtml": b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n\r\n" + HTML,
    "a mail": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + HTML,
    "pdf with a script": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert('CANARY'))>>>>endobj",
    "pdf that is html": b"%PDF-1.7\n" + HTML,
    "flash": b"FWS\x09" + CANARY * 9,
    "java": b"\xca\xfe\xba\xbe" + CANARY * 9,
    "a program": b"MZ\x90\x00" + CANARY * 9,
    "javascript": b"alert('CANARY')//",
    "css": b"body{background:url(javascript:alert('CANARY'))}",
    "a shortcut": b"[InternetShortcut]\nURL=javascript:alert('CANARY')",
    "text that is html": b"words " * 900 + HTML,
}
# Real pictures with something behind, before or inside.
POLYGLOTS = {
    "png with html behind": picture("PNG") + HTML,
    "jpeg with html behind": picture("JPEG") + HTML,
    "jpeg with html in a comment": picture("JPEG", comment=HTML),
    "gif with a script in a comment": picture("GIF", comment=SCRIPT),
    "webp with html behind": picture("WEBP") + HTML,
    "webp with html in its words": picture("WEBP", xmp=HTML),
    "png that is a zip too": picture("PNG") + b"PK\x03\x04" + CANARY * 20,
    "gif that is a jar too": picture("GIF") + b"PK\x03\x04" + CANARY * 20,
    "jpeg that is php too": picture("JPEG", comment=b"<?php system('CANARY'); ?>"),
}


def fetch(door: str, token: str, agent: Any, pk: str) -> Any:
    if door == "agent":
        return browser_of(agent).get(f"/files/{pk}/")
    return Client(headers={"Authorization": f"Bearer {token}"}).get(f"/widget/files/{pk}/")


@pytest.mark.parametrize("door", ["guest", "agent"])
@pytest.mark.parametrize("kind", ["image/png", "text/html", "image/svg+xml"])
def test_nothing_active_is_shown_where_it_stands(door, kind, chat_ticket, carla, carlas_token, alice):
    """Whatever the sender calls it. Both sides fetch what the other brought."""
    for what, content in ACTIVE.items():
        told = send(door, carlas_token, alice, "rim.png", content, kind).json()
        assert told["image"] is None, what
        author = alice if door == "agent" else carla
        post_message(chat_ticket, by=author, body="", attachments=(told["id"],))
        for reader in ("guest", "agent"):
            answer = fetch(reader, carlas_token, alice, told["id"])
            assert answer["Content-Disposition"].startswith("attachment; filename"), what
            assert answer["Content-Type"].split(";")[0] in {
                "application/octet-stream", "application/pdf", "text/plain",
                "image/png", "image/gif", "image/jpeg", "image/webp",
            }, what  # fmt: skip
            assert answer["X-Content-Type-Options"] == "nosniff", what
            assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'", what
            assert b"".join(answer.streaming_content) == content, what


@pytest.mark.parametrize("door", ["guest", "agent"])
def test_a_picture_that_is_something_else_too_is_only_a_picture(door, chat_ticket, carlas_token, alice):
    for what, content in POLYGLOTS.items():
        assert b"CANARY" in content
        told = send(door, carlas_token, alice, "page.html", content, "text/html").json()
        assert told["image"] == {"width": 40, "height": 30}, what
        assert re.search(r"\.html\.(png|jpg|gif|webp)\Z", told["name"]), what
        answer = fetch(door, carlas_token, alice, told["id"])
        shown = b"".join(answer.streaming_content)
        assert CANARY not in shown, what
        assert b"<" + b"script" not in shown, what
        assert answer["Content-Type"] == told["type"], what
        assert answer["X-Content-Type-Options"] == "nosniff", what


# --- Bombs that are no pictures: they are bytes, and nobody here unpacks them ---


def zip_of_zips(depth: int = 4) -> bytes:
    content = b"\0" * 5_000_000
    for level in range(depth):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(4):
                archive.writestr(f"{level}-{number}", content)
        content = packed.getvalue()
    return content


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)


def docx_that_laughs() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", LAUGHS + b"]><x>&j;</x>")
    return packed.getvalue()


BOMBS = {
    "zip in zip in zip": zip_of_zips,
    "svg that laughs": lambda: LAUGHS + b"]><svg xmlns='http://www.w3.org/2000/svg'>&j;</svg>",
    "docx that laughs": docx_that_laughs,
    "gzip of zeros": lambda: gzip.compress(b"\0" * 50_000_000),
    "pdf that unpacks to gigabytes": lambda: (
        b"%PDF-1.7\n1 0 obj<</Filter/FlateDecode>>stream\n" + zlib.compress(zlib.compress(b"\0" * 50_000_000))
    ),
    "an entity from the disk": lambda: b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_stays_as_small_as_it_came(name, chat_ticket, carlas_token, alice, tmp_path):
    content = BOMBS[name]()
    begun = time.process_time()
    told = send("guest", carlas_token, alice, "a.bin", content).json()
    assert time.process_time() - begun < 2
    assert (told["size"], told["image"]) == (len(content), None)
    assert [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()] == [len(content)]


# --- Bodies that are no uploads ---


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=b"),
        (b"", "multipart/form-data"),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b"\x00" * 900, "multipart/form-data; boundary=" + "b" * 300),
        (b"{}", "application/json"),
        (b"file=x", "application/x-www-form-urlencoded"),
        (b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nwords\r\n--b--\r\n",
         "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data; name=\"other\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n",
         "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\nx\r\n" * 200 + b"--b--\r\n",
         "multipart/form-data; boundary=b"),
        (b"\xff" * 300, "multipart/form-data; boundary=\xff"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_upload(body, kind, chat_ticket, carlas_token, alice):
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {carlas_token}"})
    for browser, path in ((client, "/widget/uploads/"), (browser_of(alice), "/uploads/")):
        answer = browser.post(path, body, content_type=kind)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
    assert not Attachment.objects.exists()


# --- What a browser tells of itself ---


class Injected(HTMLParser):
    """What no page of ours has: handlers, foreign tags, links that are none of the web's."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_bad = tag in ("img", "iframe", "object", "embed", "base", "math", "marquee", "video", "audio", "style")
        is_bad |= tag == "script" and "src" not in dict(attrs) and dict(attrs).get("type") != "application/json"
        is_bad |= any(name.startswith("on") or name in ("style", "srcdoc") for name, _ in attrs)
        links = [value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")]
        is_bad |= any(not re.match(r"(https?://|/(?!/)|#|$)", link) for link in links)
        self.found += [f"{tag} {attrs}"] if is_bad else []


def header(text: str) -> str:
    """As much of a text as a server takes in a header: bytes, none of them a control."""
    return re.sub(r"[\x00-\x1f\x7f]", "", text).encode("latin-1", "replace").decode("latin-1")


def test_a_visit_may_tell_anything_of_itself(site, db, chat_ticket, carla, alice, settings):
    settings.TRUSTED_PROXIES = 1
    problems = []
    for kind, payload in PAYLOADS.items():
        said = {"HTTP_USER_AGENT": header(payload), "HTTP_X_FORWARDED_FOR": header(payload)}
        fields = {"page": {"url": payload, "title": payload}, "time_zone": payload[:64], "locale": payload[:20]}
        for page in (fields, {"page": {"url": f"https://shop.example/{payload}", "title": payload}}, {"page": payload}):
            body = json.dumps({"site": site.key} | page)
            client = Client(raise_request_exception=False)
            answer = client.post("/widget/start/", body, content_type="application/json", **said)
            if answer.status_code not in (200, 400, 413):
                problems.append(f"{kind}: {answer.status_code}")
    assert problems == []
    assert PageView.objects.exists()
    assert all(page.url == kept_url(page.url) for page in PageView.objects.all())
    # And our people may look at the worst of it.
    for visitor in Visitor.objects.exclude(page_url="").order_by("pk"):
        Visitor.objects.update(customer=None)
        Visitor.objects.filter(pk=visitor.pk).update(customer=carla)
        page = browser_of(alice).get(f"/chats/{chat_ticket.number}/visitor/")
        assert page.status_code == 200
        assert Injected(page.text).found == []


@pytest.mark.parametrize("field", ["address", "reason"])
def test_an_address_and_a_reason_to_block_may_be_anything(lea, desk_row, field):
    browser = browser_of(lea)
    for kind, payload in FEW.items():
        answer = submit(browser, "/settings/blocked/", {"address": "203.0.113.7"} | {field: payload})
        assert answer.status_code in (302, 422), kind
        page = browser.get("/settings/blocked/")
        assert page.status_code == 200, kind
        assert Injected(page.text).found == [], kind
        Block.objects.all().delete()


def test_files_stay_inside_their_folder(carla, carlas_token, chat_ticket, alice, settings, tmp_path):
    """A folder beside the one for files keeps what it has, whatever is brought and deleted."""
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "kept").write_text("kept")
    settings.MEDIA_ROOT = tmp_path / "files"
    for name in ("../beside/kept", "..\\beside\\kept", str(beside / "kept")):
        send("guest", carlas_token, alice, name, b"words")
        upload = SimpleUploadedFile("x", b"words")
        upload._name = name  # past what Django itself takes off
        told = Client(headers={"Authorization": f"Bearer {carlas_token}"}).post("/widget/uploads/", {"file": upload})
        assert told.status_code == 201
    assert (beside / "kept").read_text() == "kept"
    assert [path.name for path in Path(beside).iterdir()] == ["kept"]
