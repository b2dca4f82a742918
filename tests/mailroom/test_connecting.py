"""Mailboxes at Google and Microsoft, against stand-ins: connected with PKCE, renewed, and said in words if it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts import outward
from accounts.outward import exchange
from mailroom import secrets
from mailroom.actions import connecting
from mailroom.actions.connecting import access_token, begin_connecting, finish_connecting
from mailroom.actions.fetching import account_of
from mailroom.actions.mailboxes import save_mailbox
from mailroom.collecting import CollectError, Collector
from mailroom.models import Mailbox, SignIn
from tests.mailroom.imap_server import ImapServer
from tests.mailroom.oauth_server import OAuthServer

pytestmark = pytest.mark.django_db

BACK = "https://desk.example.com/settings/email/connected/"


@pytest.fixture
def server(monkeypatch, settings) -> Iterator[OAuthServer]:
    """Stands in for both providers; that it speaks http, on this machine, is the one thing that is let pass for it."""
    monkeypatch.setattr(outward, "is_allowed", lambda _scheme, _port: True)
    monkeypatch.setattr(outward, "is_public", lambda _address: True)
    settings.OAUTH_CLIENTS = {
        name: {"id": f"{name}-id", "secret": f"{name}-secret", "tenant": "bellwether"}
        for name in ("google", "microsoft")
    }
    with OAuthServer() as running:
        for sign_in, provider in list(connecting.PROVIDERS.items()):
            monkeypatch.setitem(connecting.PROVIDERS, sign_in, dataclasses.replace(provider, token=running.url))
        yield running


def make_mailbox(sign_in: str = "google") -> Mailbox:
    return save_mailbox(None, by=None, values={"name": "Support", "email": "support@example.com", "sign_in": sign_in})


def connect(mailbox: Mailbox, server: OAuthServer) -> Mailbox:
    leaving = begin_connecting(mailbox, by=None, back=BACK)
    return finish_connecting(mailbox, by=None, kept=leaving.kept, **server.consent(leaving.url))


@pytest.mark.parametrize(
    ("sign_in", "host", "place"),
    [
        ("google", "imap.gmail.com", "https://accounts.google.com/o/oauth2/v2/auth?"),
        ("microsoft", "outlook.office365.com", "https://login.microsoftonline.com/bellwether/oauth2/v2.0/authorize?"),
    ],
)
def test_an_account_is_connected(server, sign_in, host, place):
    mailbox = make_mailbox(sign_in)
    assert (mailbox.host, mailbox.port, mailbox.security, mailbox.login) == (host, 993, "tls", "support@example.com")
    leaving = begin_connecting(mailbox, by=None, back=BACK)
    assert leaving.url.startswith(place)
    assert f"client_id={sign_in}-id" in leaving.url
    assert leaving.kept["verifier"] not in leaving.url
    finish_connecting(mailbox, by=None, kept=leaving.kept, **server.consent(leaving.url))
    assert server.asked[0]["redirect_uri"] == BACK
    assert server.asked[0]["client_secret"] == f"{sign_in}-secret"
    mailbox.refresh_from_db()
    assert "access-1" not in mailbox.secret
    assert access_token(mailbox) == "access-1"
    assert len(server.asked) == 1, "it is still good"


def test_the_token_signs_in_at_the_server(server, monkeypatch):
    mailbox = connect(make_mailbox(), server)
    with ImapServer() as imap:
        imap.tokens.add("access-1")
        account = dataclasses.replace(account_of(mailbox), host="127.0.0.1", port=imap.port, security="plain")
        with Collector(account) as collector:
            assert collector.folder is not None
        imap.tokens.clear()
        with pytest.raises(CollectError, match="not let in any more") as caught:
            Collector(account).__enter__()
    assert caught.value.step == "sign_in"
    assert "Connect the account again" in caught.value.mend


@pytest.mark.parametrize("rotates", [False, True])
def test_a_token_is_renewed_before_it_ends(server, rotates):
    server.rotates = rotates
    mailbox = connect(make_mailbox(), server)
    for number in (2, 3):
        with time_machine.travel(timezone.now() + timedelta(hours=number), tick=True):
            assert access_token(Mailbox.objects.get()) == f"access-{number}"
            assert access_token(Mailbox.objects.get()) == f"access-{number}"
    assert [asked["grant_type"] for asked in server.asked] == ["authorization_code", "refresh_token", "refresh_token"]
    assert mailbox.pk == Mailbox.objects.get().pk


def test_what_another_process_renewed_is_taken(server):
    mailbox = connect(make_mailbox(), server)
    stale = Mailbox.objects.get()
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        access_token(mailbox)
        assert access_token(stale) == "access-2"
    assert server.given == 2


def test_a_permission_that_was_taken_away_is_said(server):
    mailbox = connect(make_mailbox("microsoft"), server)
    server.refresh = "another"
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True), pytest.raises(CollectError) as caught:
        account_of(mailbox)
    assert caught.value.words == "The account is not connected with Microsoft: Token has been revoked."
    assert caught.value.mend == "Connect it again."


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_provider_in_trouble_is_asked_again(server, status):
    mailbox = connect(make_mailbox(), server)
    server.refusal = (status, {"error": "busy"})
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        with pytest.raises(CollectError) as caught:
            access_token(mailbox)
        assert "tried again by itself" in caught.value.mend
        server.refusal = None
        assert access_token(mailbox) == "access-2"


def test_an_account_that_was_never_connected_is_said(server):
    with pytest.raises(CollectError, match="never been connected"):
        account_of(make_mailbox())
    assert not server.asked


def test_a_stolen_code_is_worth_nothing_without_the_verifier(server):
    mailbox = make_mailbox()
    theirs, ours = (begin_connecting(mailbox, by=None, back=BACK) for _ in range(2))
    brought = server.consent(theirs.url)
    with pytest.raises(ValidationError, match="another try"):
        finish_connecting(mailbox, by=None, kept=ours.kept, **brought)
    with pytest.raises(ValidationError, match="verifier is wrong"):
        finish_connecting(mailbox, by=None, kept=ours.kept, state=ours.kept["state"], code=brought["code"])
    with pytest.raises(ValidationError, match="another try"):
        finish_connecting(mailbox, by=None, kept={}, state="", code=brought["code"])
    assert Mailbox.objects.get().secret == ""


def test_an_answer_for_another_mailbox_is_refused(server):
    first = make_mailbox()
    second = save_mailbox(None, by=None, values={"name": "B", "email": "b@example.com", "sign_in": "google"})
    leaving = begin_connecting(first, by=None, back=BACK)
    with pytest.raises(ValidationError, match="another try"):
        finish_connecting(second, by=None, kept=leaving.kept, **server.consent(leaving.url))


def test_only_who_runs_the_mailboxes_connects_them(server, alice, adam):
    mailbox = make_mailbox()
    with pytest.raises(PermissionDenied):
        begin_connecting(mailbox, by=alice, back=BACK)
    leaving = begin_connecting(mailbox, by=adam, back=BACK)
    with pytest.raises(PermissionDenied):
        finish_connecting(mailbox, by=alice, kept=leaving.kept, **server.consent(leaving.url))


def test_without_a_registration_nothing_begins(settings):
    settings.OAUTH_CLIENTS = {name: {"id": "", "secret": "", "tenant": ""} for name in ("google", "microsoft")}
    with pytest.raises(ValidationError, match="not registered"):
        begin_connecting(make_mailbox(), by=None, back=BACK)


def test_a_password_that_was_kept_before_is_no_token(server):
    mailbox = make_mailbox()
    mailbox.secret = secrets.seal("hunter2")
    mailbox.save()
    with pytest.raises(CollectError, match="never been connected"):
        access_token(mailbox)


def test_every_way_to_sign_in_without_a_password_is_known():
    assert set(connecting.PROVIDERS) == set(SignIn) - {SignIn.PASSWORD}


@pytest.mark.parametrize("answer", [[], "x", 3, None])
def test_an_answer_of_any_shape_is_no_token(server, monkeypatch, answer):
    monkeypatch.setattr(server, "answer", lambda _asked: (200, answer))
    assert exchange(server.url, {"a": "b"}) == (200, {})
    with pytest.raises(ValidationError):
        connect(make_mailbox(), server)


def test_the_way_out_leads_only_outside():
    with pytest.raises(outward.ForbiddenAddressError):
        exchange("http://127.0.0.1:1/token", {})
    with pytest.raises(outward.ForbiddenAddressError):
        exchange("https://127.0.0.1/token", {})
