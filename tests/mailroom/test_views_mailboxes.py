"""Mailboxes under Settings: setting one up, how it is doing, and what is said of that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from mailroom import secrets
from mailroom.models import Mailbox
from tests.mailroom.looking import raw_mail

pytestmark = pytest.mark.django_db
LIST = reverse("mailroom:mailboxes")
IMAP = {
    "name": "Support", "email": "support@example.com", "host": "imap.example.com", "security": "tls",
    "password": "open sesame", "taking": "new", "afterwards": "seen", "sends_receipts": "on",
    "aliases": "Help@example.com\n info@example.com \n",
}  # fmt: skip


@pytest.fixture
def desk(client, adam):
    client.force_login(adam)
    return client


def said(response) -> str:
    return response.content.decode()


def new(kind: str) -> str:
    return reverse("mailroom:new_mailbox", args=[kind])


def mailbox(**values) -> Mailbox:
    said = {"name": "Support", "email": "support@example.com", "host": "imap.example.com", "secret": "x"}
    return Mailbox.objects.create(**said | values)


def test_without_one_the_page_says_how_to_begin(desk):
    html = said(desk.get(LIST))
    assert "Where do your customers write to?" in html
    for kind in ("google", "microsoft", "imap", "handed", "hook"):
        assert new(kind) in html
        assert desk.get(new(kind)).status_code == 200
    assert desk.get(new("pigeon")).status_code == 404


def test_a_mailbox_that_is_fetched(desk):
    response = desk.post(new("imap"), IMAP)
    made = Mailbox.objects.get()
    assert response["Location"] == reverse("mailroom:mailbox", args=[made.pk])
    assert (made.access, made.sign_in, made.port) == ("imap", "password", 993)
    assert made.aliases == ["help@example.com", "info@example.com"]
    assert "open sesame" not in made.secret
    assert secrets.unseal(made.secret) == "open sesame"


def test_its_password_is_shown_to_nobody_and_stays_unless_another_is_given(desk):
    desk.post(new("imap"), IMAP)
    made = Mailbox.objects.get()
    address = reverse("mailroom:mailbox", args=[made.pk])
    html = said(desk.get(address))
    assert "open sesame" not in html
    assert made.secret not in html
    assert desk.post(address, IMAP | {"password": "", "name": "Help", "is_active": "on"}).status_code == 302
    made.refresh_from_db()
    assert (made.name, secrets.unseal(made.secret)) == ("Help", "open sesame")


def test_what_is_wrong_stands_beside_its_field(desk):
    response = desk.post(new("imap"), IMAP | {"security": "plain", "email": "nobody"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"email"}
    response = desk.post(new("imap"), IMAP | {"security": "plain", "afterwards": "move"})
    assert set(response.context["form"].errors) == {"security", "move_to"}
    assert "open sesame" not in said(response)
    assert Mailbox.objects.count() == 0


def test_a_mailbox_that_mails_are_handed_to_says_what_to_paste(desk):
    desk.post(new("handed"), {"name": "Support", "email": "support@example.com"})
    html = said(desk.get(reverse("mailroom:mailbox", args=[Mailbox.objects.get().pk])))
    assert "support: &quot;|" in html
    assert "receive_mail" in html
    assert "MAIL_LISTEN=lmtp://" in html


def test_the_open_port_is_named(desk, settings):
    settings.MAIL_LISTEN = ["lmtp://127.0.0.1:2424", "smtp://127.0.0.1:2525"]
    box = mailbox(access="handed", host="")
    html = said(desk.get(reverse("mailroom:mailbox", args=[box.pk])))
    assert "support@example.com lmtp:inet:127.0.0.1:2424" in html
    assert "support@example.com smtp:[127.0.0.1]:2525" in html


def test_an_account_is_connected_only_where_the_desk_is_registered(desk, settings):
    box = mailbox(sign_in="google", secret="")
    address = reverse("mailroom:mailbox", args=[box.pk])
    html = said(desk.get(address))
    assert "not registered with Google yet" in html
    assert settings.SITE_URL + reverse("mailroom:connected") in html
    settings.OAUTH_CLIENTS = settings.OAUTH_CLIENTS | {"google": {"id": "me", "secret": "s", "tenant": ""}}
    assert "Connect with Google" in said(desk.get(address))
    response = desk.post(reverse("mailroom:connect", args=[box.pk]))
    assert response["Location"].startswith("https://accounts.google.com/")
    # Whoever comes back with another state, or a second time, connects nothing.
    back = reverse("mailroom:connected")
    assert "belongs to another try" in said(desk.get(back, {"state": "x", "code": "y"}, follow=True))
    assert "belongs to another try" in said(desk.get(back, {"state": "x", "code": "y"}, follow=True))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"is_active": False}, "Not in use"),
        ({}, "Not looked into yet"),
        ({"looked_at": timedelta(minutes=1)}, "Last looked into"),
        ({"looked_at": timedelta(minutes=9), "next_at": timedelta(minutes=8)}, "Nobody looks into it"),
        ({"failing_since": timedelta(hours=1), "trouble": "Wrong password."}, "Wrong password."),
        ({"looked_at": timedelta(minutes=1), "missing": 3}, "3 mails in the folder are not here"),
        ({"sign_in": "google", "secret": ""}, "Not connected yet"),
        ({"access": "handed", "host": ""}, "Nothing has come through it yet"),
    ],
)  # fmt: skip
def test_its_health_is_said_in_plain_words(desk, values, words):
    now = timezone.now()
    box = mailbox(**{name: now - value if isinstance(value, timedelta) else value for name, value in values.items()})
    assert words in said(desk.get(LIST))
    assert words in said(desk.get(reverse("mailroom:mailbox", args=[box.pk])))


def test_those_in_trouble_stand_first(desk):
    now = timezone.now()
    mailbox(name="A", looked_at=now)
    mailbox(name="B", email="b@example.com", failing_since=now, looked_at=now)
    assert [box.name for box, _health in desk.get(LIST).context["rows"]] == ["B", "A"]


def test_one_that_cannot_be_reached_cannot_be_counted_and_says_why(desk):
    box = mailbox(host="127.0.0.1", port=9, security="plain", secret=secrets.seal("x"))
    html = said(desk.post(reverse("mailroom:reconcile", args=[box.pk]), follow=True))
    assert "127.0.0.1" in html


def test_it_is_tried_out_step_by_step_and_each_fault_has_its_mend(desk, monkeypatch, settings):
    monkeypatch.setattr("mailroom.views.mailboxes.TEST_SECONDS", 0.1)
    settings.OUTBOX_SMTP = settings.OUTBOX_SMTP | {"host": "127.0.0.1", "port": 9}
    box = mailbox(host="127.0.0.1", port=9, security="plain", secret=secrets.seal("x"))
    response = desk.post(reverse("mailroom:test_mailbox", args=[box.pk]))
    findings = response.context["findings"]
    assert [finding.step for finding in findings if not finding.ok] == ["port", "send"]
    html = said(response)
    for finding in findings:
        assert escape(finding.title) in html
        assert escape(finding.words) in html
        assert escape(finding.mend) in html
    assert all(finding.mend for finding in findings if not finding.ok)


def test_what_came_through_a_mailbox_stays_when_it_is_taken_away(desk):
    box = mailbox()
    mail = raw_mail(mailbox=box)
    assert "is gone" in said(desk.post(reverse("mailroom:remove_mailbox", args=[box.pk]), follow=True))
    mail.refresh_from_db()
    assert mail.mailbox is None


def test_blocked_senders(desk):
    address = reverse("mailroom:blocked")
    assert "Nobody is blocked" in said(desk.get(address))
    desk.post(address, {"pattern": "@Spam.example", "note": "Pills"})
    html = said(desk.get(address))
    assert "@spam.example" in html
    assert "Pills" in html
    assert "Nothing blocked has “pigs” in it" in said(desk.get(address, {"q": "pigs"}))
    response = desk.post(address, {"pattern": "nonsense"})
    assert response.status_code == 422
    block = desk.get(address).context["blocks"][0]
    desk.post(reverse("mailroom:unblock", args=[block.pk]))
    assert "Nobody is blocked" in said(desk.get(address))
