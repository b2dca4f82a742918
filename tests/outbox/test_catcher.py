"""Development's letter box, from a mail that leaves to the page that shows it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from outbox import catcher
from outbox.jobs import send_due
from outbox.models import Mail
from tests.outbox.conftest import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.outbox.development_urls")]
Promise = Callable[..., Mail]


@pytest.fixture(autouse=True)
def development(settings: Any, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path


@pytest.fixture
def caught(settings: Any, promise: Promise) -> Iterator[Callable[..., catcher.CaughtMail]]:
    """Sends a mail through a running catcher and answers what was caught."""
    port = free_port()
    settings.OUTBOX_SMTP = {
        "host": "127.0.0.1", "port": port, "user": "", "password": "",
        "use_tls": False, "use_ssl": False, "timeout": 5,
    }  # fmt: skip

    def send(**changes: Any) -> catcher.CaughtMail:
        mail = promise(**changes)
        send_due()
        mail.refresh_from_db()
        assert mail.state == "sent"
        return catcher.newest()[0]

    with catcher.catching("127.0.0.1", port):
        yield send


def test_an_empty_box_says_what_would_fill_it(client: Client) -> None:
    assert b"No mail has left yet" in client.get("/mail/").content


def test_every_mail_that_left_is_listed_the_newest_first(client: Client, caught: Callable[..., Any]) -> None:
    caught(subject="First")
    caught(subject="Zweite: Größe <b>", to=[("Dora", "dora@example.com")])
    page = client.get("/mail/").content.decode()
    assert page.index("Zweite: Größe &lt;b&gt;") < page.index("First")
    assert "dora@example.com" in page


def test_a_mail_is_shown_with_headers_text_and_links(client: Client, caught: Callable[..., Any]) -> None:
    mail = caught(text="Look: https://desk.example/r/1 <script>alert(1)</script>", html="<p>Look</p>")
    page = client.get(f"/mail/{mail.key}/").content.decode()
    assert '<a href="https://desk.example/r/1" rel="nofollow">' in page
    assert "<script>alert" not in page
    assert Mail.objects.get().message_id.strip("<>") in page
    assert re.search(rf'<iframe src="/mail/{re.escape(mail.key)}/html/" sandbox="[^"]*"', page)
    assert "allow-scripts" not in page
    assert "allow-same-origin" not in page


def test_a_mails_files_are_named(client: Client, caught: Callable[..., Any], settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    stored = default_storage.save("ab/cd", ContentFile(b"x" * 2048))
    mail = caught(files=[(stored, "<b>rim.png", "image/png")])
    page = client.get(f"/mail/{mail.key}/").content.decode().replace("\xa0", " ")
    assert "&lt;b&gt;rim.png</bdi>, 2.0 KB" in page
    plain = caught()
    assert "<h2>Files" not in client.get(f"/mail/{plain.key}/").content.decode()


def test_the_html_of_a_mail_can_do_nothing_to_the_page_around_it(client: Client, caught: Callable[..., Any]) -> None:
    mail = caught(html="<script>parent.alert(1)</script><p>Zoë</p>")
    response = client.get(f"/mail/{mail.key}/html/")
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "<p>Zoë</p>" in response.content.decode()


def test_it_shows_the_pictures_that_came_with_it(
    client: Client, caught: Callable[..., Any], settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    stored = default_storage.save("ab/cd", ContentFile(b"\x89PNG"))
    mail = caught(html='<img src="cid:1@charts.example" alt="">', pictures=[(stored, "chart.png", "1@charts.example")])
    assert '<img src="data:image/png;base64,iVBORw==" alt="">' in client.get(f"/mail/{mail.key}/html/").content.decode()


def test_a_mail_without_html_has_no_frame(client: Client, caught: Callable[..., Any]) -> None:
    assert "<iframe" not in client.get(f"/mail/{caught().key}/").content.decode()


@pytest.mark.parametrize("key", ["1.M1P1Q1.nobody", "..", "..%2f..%2fetc%2fpasswd", "x"])
def test_an_unknown_key_is_not_found(client: Client, key: str) -> None:
    assert client.get(f"/mail/{key}/").status_code == 404
    assert client.get(f"/mail/{key}/html/").status_code == 404


def test_outside_development_there_is_no_letter_box(client: Client, settings: Any, caught: Callable[..., Any]) -> None:
    key = caught(html="<p>x</p>").key
    settings.DEBUG = False
    for path in ("/mail/", f"/mail/{key}/", f"/mail/{key}/html/"):
        assert client.get(path).status_code == 404


def test_a_broken_mail_does_not_hide_the_others(client: Client, caught: Callable[..., Any]) -> None:
    key = caught(subject="Good").key
    box = Path(catcher.box_path())
    (box / "new" / f"{key.split('.')[0]}.M999999P1Q9.x").write_bytes(
        b"Subject: =?no-such-charset?q?=FF?=\r\nTo: \xff\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe"
    )
    assert client.get("/mail/").status_code == 200
    assert client.get(f"/mail/{key.split('.')[0]}.M999999P1Q9.x/").status_code == 200
