"""Programs' keys: shown once, hashed at rest, gone at once."""

import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from accounts.actions import create_token, deactivate_person, revoke_token
from accounts.models import ApiToken
from accounts.tokens import digest

pytestmark = pytest.mark.django_db


def test_a_key_is_shown_once_and_kept_as_a_digest(browser, alice):
    inside = browser(alice)
    answer = inside.post("/settings/tokens/", {"name": "nightly export", "days": "30"})
    raw = answer.context["new_token"]
    assert raw in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert raw not in inside.get("/settings/profile/").content.decode()
    token = ApiToken.objects.get()
    assert token.digest == digest(raw)
    assert raw not in str({field.name: getattr(token, field.name) for field in ApiToken._meta.fields})
    assert token.expires_at is not None
    assert ApiToken.objects.authenticate(raw) == alice


def test_a_revoked_key_stops_at_once(browser, alice):
    token, raw = create_token(alice, by=alice, name="script")
    browser(alice).post(f"/settings/tokens/{token.pk}/revoke/")
    assert ApiToken.objects.authenticate(raw) is None


def test_nobody_revokes_or_makes_another_person_s_key(browser, alice, bob, adam):
    token, raw = create_token(alice, by=alice, name="script")
    assert browser(bob).post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    with pytest.raises(PermissionDenied):
        revoke_token(token, by=bob)
    for by in (bob, adam):
        with pytest.raises(PermissionDenied):
            create_token(alice, by=by, name="mine now")
    assert ApiToken.objects.authenticate(raw) == alice
    revoke_token(token, by=adam)
    assert ApiToken.objects.authenticate(raw) is None


def test_an_expired_key_is_no_key(alice, time_machine):
    time_machine.move_to("2020-01-01T00:00:00Z", tick=False)
    _, raw = create_token(alice, by=alice, name="short", days=30)
    assert ApiToken.objects.authenticate(raw) is None  # the database's own clock is what counts


@pytest.mark.parametrize("raw", ["", "mg_", "mg_x", "é" * 50, "\ud800", "\x00", " "])
def test_rubbish_is_no_key(alice, raw):
    create_token(alice, by=alice, name="script")
    assert ApiToken.objects.authenticate(raw) is None


def test_the_command_prints_a_key_once(alice):
    out = io.StringIO()
    call_command("create_api_token", "ALICE@example.com", stdout=out)
    assert ApiToken.objects.authenticate(out.getvalue().strip()) == alice


def test_the_command_makes_none_for_who_is_not_here_or_switched_off(alice, adam):
    deactivate_person(alice, by=adam)
    for email in ("nobody@example.com", alice.email):
        with pytest.raises(CommandError):
            call_command("create_api_token", email)
    assert not ApiToken.objects.exists()


def test_there_is_an_end_to_how_many(alice, monkeypatch):
    monkeypatch.setattr("accounts.actions.tokens.MAX_TOKENS", 1)
    create_token(alice, by=alice, name="one")
    with pytest.raises(ValidationError):
        create_token(alice, by=alice, name="two")
