"""In which language somebody reads the workspace."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.utils.translation import get_language, override

from accounts.actions import invite_person, update_desk, update_profile
from accounts.forms import HoursForm
from accounts.languages import language_in_words
from accounts.models import Desk


def language_of(client: Client, path: str = "/accounts/login/", wanted: str = "") -> str:
    """What the page says it is in."""
    response = client.get(path, headers={"Accept-Language": wanted})
    language = response.headers["Content-Language"]
    assert f'<html lang="{language}"' in response.content.decode()
    assert "Accept-Language" in response.headers["Vary"]
    return language


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("de-AT,en;q=0.5", "de"),
        ("fr,de;q=0.8,en;q=0.5", "de"),
        ("en-US,de;q=0.9", "en"),
        ("ja", "en"),
        ("", "en"),
        ("*", "en"),
        ("../../etc/passwd,\x7f;q=x", "en"),
    ],
)
def test_before_signing_in_it_is_the_browser_s(client, desk_row, wanted, shown):
    assert language_of(client, wanted=wanted) == shown


@pytest.mark.django_db
def test_the_company_s_where_the_browser_wants_none_of_ours(client, adam, desk_row):
    update_desk(Desk.current(), by=adam, language="de")
    assert language_of(client, wanted="fr") == "de"
    assert language_of(client, wanted="en") == "en"


@pytest.mark.django_db
def test_what_somebody_chose_wins_over_the_browser(browser, alice, desk_row):
    chosen = {"name": alice.name, "time_zone": "", "capacity": 4, "public_name": ""}
    update_profile(alice, by=alice, **chosen, language="de")
    assert language_of(browser(alice), "/settings/profile/", "en") == "de"
    update_profile(alice, by=alice, **chosen, language="")
    assert language_of(browser(alice), "/settings/profile/", "en") == "en"


@pytest.mark.django_db
def test_the_api_speaks_english_to_programs(client, desk_row):
    response = client.get("/api/v1/tickets/", headers={"Accept-Language": "de"})
    assert "Content-Language" not in response.headers
    assert "Authentication credentials" in response.content.decode()


@pytest.mark.django_db
def test_the_words_of_scripts_can_be_fetched_by_language_only(client):
    assert client.get("/words/de.js").headers["Content-Type"].startswith("text/javascript")
    assert client.get("/words/fr.js").status_code == 404
    assert client.get("/words/..%2Fde.js").status_code == 404


@pytest.mark.django_db
def test_a_new_password_is_written_about_in_the_language_of_its_owner(client, alice, desk_row, monkeypatch):
    chosen = {"name": alice.name, "time_zone": "", "capacity": 4, "public_name": "", "language": "de"}
    update_profile(alice, by=alice, **chosen)
    spoken = []
    monkeypatch.setattr("accounts.auth.DefaultAccountAdapter.send_mail", lambda *args: spoken.append(get_language()))
    client.post("/accounts/password/reset/", {"email": alice.email}, headers={"Accept-Language": "en"})
    assert spoken == ["de"]


@pytest.mark.django_db
def test_an_invitation_is_written_in_the_company_s_language(adam, desk_row, monkeypatch):
    update_desk(Desk.current(), by=adam, language="de")
    spoken = []
    monkeypatch.setattr("accounts.emails.render_to_string", lambda *args: spoken.append(get_language()) or "Hallo")
    with override("en"):
        invite_person("nora@example.com", by=adam)
    assert (spoken, len(mail.outbox)) == (["de"], 1)


def test_the_days_of_the_week_are_called_as_the_reader_calls_them():
    with override("de"):
        assert [str(day.label) for day in HoursForm().days][:2] == ["Montag", "Dienstag"]


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de", "German"), ("de-AT", "German (AT)"), ("en-GB", "British English"), ("pt_BR", "Brazilian Portuguese"),
        ("zh-Hant", "Traditional Chinese"), ("zh", "Chinese"), ("xx", "xx"), ("", ""), ("<b>", "<b>"),
    ],
)  # fmt: skip
def test_a_language_is_told_in_words(locale, words):
    assert language_in_words(locale) == words


def test_a_language_is_told_in_the_reader_s():
    with override("de"):
        assert language_in_words("de-AT") == "Deutsch (AT)"
