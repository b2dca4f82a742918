from email import message_from_bytes
from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail

from outbox.jobs import send_due
from outbox.models import Mail
from tests.outbox.conftest import Server

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def through_the_outbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "outbox.backends.OutboxBackend"


def test_djangos_mail_goes_through_the_outbox_and_is_wiped_once_it_left(smtp: Server) -> None:
    message = EmailMultiAlternatives(
        "Reset your password", "https://desk.example/reset/abc", to=["Alice <alice@example.com>"]
    )
    message.attach_alternative("<a href='https://desk.example/reset/abc'>Reset</a>", "text/html")
    assert message.send() == 1
    mail = Mail.objects.get()
    assert (mail.kind, mail.is_secret, mail.is_automatic, mail.state) == ("account", True, True, "pending")
    send_due()
    mail.refresh_from_db()
    assert (mail.state, mail.text, mail.html) == ("sent", "", "")
    received = message_from_bytes(smtp.taken[0].content)
    assert b"reset/abc" in smtp.taken[0].content
    assert received["To"] == "Alice <alice@example.com>"
    assert received["Auto-Submitted"] == "auto-generated"


def test_nobody_sees_who_else_got_it(smtp: Server) -> None:
    EmailMessage("News", "Hello", to=["a@example.com"], cc=["b@example.com"], bcc=["c@example.com"]).send()
    send_due()
    assert sorted(taken.to for taken in smtp.taken) == [["a@example.com"], ["b@example.com"], ["c@example.com"]]
    for taken in smtp.taken:
        assert sum(taken.content.count(f"{name}@example.com".encode()) for name in "abc") == 1


def test_asking_twice_sends_twice(smtp: Server) -> None:
    for _ in range(2):
        send_mail("Reset your password", "link", None, ["alice@example.com"])
    assert Mail.objects.count() == 2


def test_an_attachment_is_refused_rather_than_left_out() -> None:
    message = EmailMessage("Report", "See there", to=["a@example.com"])
    message.attach("report.csv", "1,2", "text/csv")
    with pytest.raises(ValueError, match="attachments"):
        message.send()
    assert not Mail.objects.exists()
