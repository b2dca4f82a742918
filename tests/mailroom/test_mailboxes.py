"""Setting up mailboxes: what cannot be is refused with the field it is about, and secrets are kept encrypted."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from mailroom import secrets
from mailroom.actions.mailboxes import change_mailbox, remove_mailbox, save_mailbox
from mailroom.models import Mailbox, RawMail
from mailroom.queries.receiving import recipient
from tests.mailroom.looking import raw_mail
from tickets.tokens import reply_address

pytestmark = pytest.mark.django_db

IMAP = {"name": "Support", "email": "support@example.com", "host": "imap.example.com", "password": "hunter2 ☂"}


def make(**values: object) -> Mailbox:
    return save_mailbox(None, by=None, values=IMAP | values)


def wrong(**values: object) -> set[str]:
    """The fields that are complained about."""
    with pytest.raises(ValidationError) as caught:
        make(**values)
    return set(caught.value.message_dict)


def test_what_is_not_said_follows(adam):
    mailbox = save_mailbox(None, by=adam, values=IMAP)
    assert (mailbox.port, mailbox.security, mailbox.login, mailbox.folder) == (
        993,
        "tls",
        "support@example.com",
        "INBOX",
    )
    assert make(email="b@example.com", security="starttls").port == 143


def test_a_secret_is_kept_encrypted_and_an_empty_one_changes_nothing():
    mailbox = make()
    assert "hunter2" not in mailbox.secret
    change_mailbox(mailbox, by=None, name="Help", password="")
    mailbox.refresh_from_db()
    assert (mailbox.name, secrets.unseal(mailbox.secret)) == ("Help", "hunter2 ☂")
    change_mailbox(mailbox, by=None, password="new")
    mailbox.refresh_from_db()
    assert secrets.unseal(mailbox.secret) == "new"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": " "}, {"name"}),
        ({"name": "x" * 81}, {"name"}),
        ({"email": "nobody"}, {"email"}),
        ({"host": ""}, {"host"}),
        ({"host": "imap.example.com/x"}, {"host"}),
        ({"host": "imap.example.com\r\nX"}, {"host"}),
        ({"login": "a\r\nb LOGOUT"}, {"login"}),
        ({"folder": 'IN"BOX\n'.strip() + "\nx"}, {"folder"}),
        ({"port": "70000"}, {"port"}),
        ({"port": "imap"}, {"port"}),
        ({"password": ""}, {"password"}),
        ({"security": "none"}, {"security"}),
        ({"access": "pop3", "security": "ssl"}, {"access", "security"}),
        ({"afterwards": "move"}, {"move_to"}),
        ({"afterwards": "move", "move_to": "inbox"}, {"move_to"}),
        ({"aliases": ["help"]}, {"aliases"}),
        ({"aliases": [f"a{n}@example.com" for n in range(51)]}, {"aliases"}),
        ({"access": "hook", "provider": "nobody", "provider_secret": "x"}, {"provider"}),
        ({"access": "hook", "provider": "postmark"}, {"provider_secret"}),
    ],
)
def test_what_cannot_be_is_said_of_its_field(values, fields):
    assert wrong(**values) == fields


@pytest.mark.parametrize("host", ["93.184.215.14", "no-such-host.invalid"])
def test_without_encryption_only_a_server_nearby_will_do(host):
    assert wrong(host=host, security="plain") == {"security"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "192.168.7.8"])
def test_a_server_nearby_may_do_without(host):
    assert make(host=host, security="plain").port == 143


def test_an_address_belongs_to_one_mailbox():
    first = make(aliases=["Help@Example.com"])
    assert first.aliases == ["help@example.com"]
    assert wrong(email="SUPPORT@example.com") == {"email"}
    assert wrong(email="help@example.com") == {"email"}
    assert wrong(email="b@example.com", aliases=["support@example.com"]) == {"aliases"}
    change_mailbox(first, by=None, name="Its own addresses stay its own")


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="uid_validity"):
        save_mailbox(None, by=None, values=IMAP | {"uid_validity": 3})


@pytest.mark.parametrize("change", [{"host": "mail.example.com"}, {"login": "other"}, {"folder": "Sales"}])
def test_another_folder_begins_anew(change):
    mailbox = make()
    Mailbox.objects.update(uid_validity=7, last_uid=9, imported_until=4, failures=3, failing_since=timezone.now())
    kept = raw_mail(mailbox=mailbox, uid_validity=7, uid=9)
    change_mailbox(mailbox, by=None, **change)
    mailbox.refresh_from_db()
    assert (mailbox.uid_validity, mailbox.last_uid, mailbox.imported_until, mailbox.failures) == (None, 0, 0, 0)
    assert RawMail.objects.get(pk=kept.pk).uid is None


def test_other_changes_do_not():
    mailbox = make()
    Mailbox.objects.update(uid_validity=7, last_uid=9)
    change_mailbox(mailbox, by=None, name="Help", password="new", afterwards="nothing")
    mailbox.refresh_from_db()
    assert (mailbox.uid_validity, mailbox.last_uid) == (7, 9)


def test_one_that_is_taken_away_leaves_its_mails(adam):
    mailbox = make()
    kept = raw_mail(mailbox=mailbox)
    remove_mailbox(mailbox, by=adam)
    kept.refresh_from_db()
    assert kept.mailbox is None


def test_only_who_runs_the_mailboxes_changes_them(alice, sue):
    mailbox = make()
    for who in (alice, sue):
        with pytest.raises(PermissionDenied):
            save_mailbox(None, by=who, values=IMAP | {"email": "b@example.com"})
        with pytest.raises(PermissionDenied):
            change_mailbox(mailbox, by=who, name="Mine")
        with pytest.raises(PermissionDenied):
            remove_mailbox(mailbox, by=who)
    assert Mailbox.objects.get().name == "Support"


def test_whom_an_address_is():
    first, second = make(), make(email="sales@example.com", aliases=["shop@example.com"])
    make(email="sales+bikes@example.com")
    assert recipient("<Support@Example.com>").mailbox == first  # type: ignore[union-attr]
    assert recipient("shop+x@example.com").mailbox == second  # type: ignore[union-attr]
    assert recipient("sales+bikes@example.com").mailbox.email == "sales+bikes@example.com"  # type: ignore[union-attr]
    signed = reply_address("abcdefghjkmnp", "old@example.net")
    assert recipient(signed) is not None, "an address that our mails named leads here, whatever became of its mailbox"
    assert recipient(signed).mailbox is None  # type: ignore[union-attr]
    for nobody in ("", "support", "@example.com", "support@", "other@example.com", "old+x@example.net"):
        assert recipient(nobody) is None
