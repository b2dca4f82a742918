"""People come by invitation, and its link works once."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client

from accounts.actions import accept_invitation, activate_person, invite_again, invite_person, withdraw_invitation
from accounts.invitations import find, token_for
from accounts.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
CHOSEN = {"name": "Nora Nagy", "password": "a sentence of my own"}


@pytest.fixture
def nora(adam, workshop) -> User:
    return invite_person("Nora@Example.com", by=adam, role="lead", teams=[workshop])


def test_an_administrator_invites_and_they_come_in_with_name_and_password(browser, adam, workshop, link_in_mail):
    form = {"email": "nora@example.com", "role": "lead", "teams": [workshop.pk]}
    assert browser(adam).post("/settings/people/invite/", form)["Location"] == "/settings/people/"
    assert mail.outbox[0].to == ["nora@example.com"]
    client = Client()
    link = link_in_mail()
    assert "nora@example.com" in client.get(link).content.decode()
    assert client.post(link, CHOSEN)["Location"] == "/"
    nora = User.objects.get(email="nora@example.com")
    assert (nora.name, nora.role, list(nora.teams.all()), nora.is_active) == ("Nora Nagy", "lead", [workshop], True)
    assert client.get("/settings/profile/").status_code == 200
    assert Client().get(link).status_code == 410  # spent


def test_before_they_accept_they_are_nobody(nora, client):
    assert nora.is_invited
    assert not nora.has_perm("tickets.view")
    client.post("/accounts/login/", {"login": nora.email, "password": "!"})
    assert client.get("/settings/profile/").status_code == 302


@pytest.mark.parametrize("role", ["alice", "lea", "sue"])
def test_only_who_manages_people_invites(request, browser, role):
    user = request.getfixturevalue(role)
    with pytest.raises(PermissionDenied):
        invite_person("x@example.com", by=user)
    assert (
        browser(user).post("/settings/people/invite/", {"email": "x@example.com", "role": "admin"}).status_code == 403
    )
    assert mail.outbox == []


def test_an_address_that_is_here_already_is_refused_and_the_form_keeps_it(browser, adam, alice):
    answer = browser(adam).post("/settings/people/invite/", {"email": "ALICE@example.com", "role": "agent"})
    assert answer.status_code == 422
    assert "ALICE@example.com" in answer.content.decode()
    assert User.objects.count() == 2
    assert mail.outbox == []


def test_a_second_mail_makes_the_first_link_useless(nora, adam):
    first = token_for(nora)
    second = token_for(invite_again(nora, by=adam))
    assert find(first) is None
    assert find(second) == nora
    assert len(mail.outbox) == 2


def test_a_withdrawn_invitation_is_dead(nora, adam, browser):
    token = token_for(nora)
    browser(adam).post(f"/settings/people/{nora.pk}/withdraw/")
    assert not User.objects.filter(email="nora@example.com").exists()
    assert Client().get(f"/invitations/{token}/").status_code == 410


def test_who_has_come_cannot_be_withdrawn_or_invited_again(alice, adam):
    for act in (withdraw_invitation, invite_again):
        with pytest.raises(ValidationError):
            act(alice, by=adam)
    assert mail.outbox == []


def test_switching_on_is_no_way_around_the_password(nora, adam):
    with pytest.raises(ValidationError):
        activate_person(nora, by=adam)


def test_it_works_for_seven_days(nora, time_machine):
    time_machine.move_to("2026-11-21T10:00:00Z", tick=False)
    token = token_for(nora)
    time_machine.move_to("2026-11-28T09:59:00Z", tick=False)
    assert find(token) == nora
    time_machine.move_to("2026-11-28T10:00:02Z", tick=False)
    assert find(token) is None


@pytest.mark.django_db(transaction=True)
def test_it_works_once_even_if_three_use_it_at_the_same_time(nora):
    token = token_for(nora)

    def accept(name):
        try:
            accept_invitation(token, name=name, password=f"a sentence of {name}")
        except ValidationError as error:
            return error.code
        finally:
            connection.close()
        return "in"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(accept, ["Nora", "Mallory", "Trent"])) == ["in", "spent", "spent"]
    nora.refresh_from_db()
    assert nora.check_password(f"a sentence of {nora.name}")


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "%20", lambda t: "", lambda t: "x", lambda t: t.swapcase()]
)
def test_a_changed_link_opens_nothing(nora, change):
    tampered = change(token_for(nora))
    assert Client().get(f"/invitations/{tampered}/").status_code in (404, 410)
    assert find(tampered.replace("%20", " ")) is None


def test_a_weak_password_is_refused_and_the_link_stays_good_and_unlogged(nora, caplog):
    link = f"/invitations/{token_for(nora)}/"
    answer = Client().post(link, {"name": "Nora", "password": "12345"})
    assert "too short" in answer.content.decode()
    assert link not in caplog.text
    assert Client().get(link).status_code == 200


def test_the_link_names_our_own_address_whatever_the_request_says(browser, adam, settings):
    inside = browser(adam)
    settings.ALLOWED_HOSTS = ["*"]
    inside.post(
        "/settings/people/invite/", {"email": "n@example.com", "role": "agent"}, headers={"Host": "evil.example"}
    )
    assert re.findall(r"https?://[^/\s]+", mail.outbox[0].body) == [settings.SITE_URL]


def test_a_signed_in_person_who_accepts_for_another_becomes_that_other(nora, browser, alice):
    client = browser(alice)
    client.post(f"/invitations/{token_for(nora)}/", CHOSEN)
    assert client.get("/settings/profile/").context["request"].user == nora


def test_the_password_is_not_kept_in_clear(nora):
    accept_invitation(token_for(nora), **CHOSEN)
    assert CHOSEN["password"] not in User.objects.get(pk=nora.pk).password
    assert CHOSEN["password"] != PASSWORD


def test_without_teams_nobody_is_asked_for_teams(browser, adam):
    inside = browser(adam)
    assert b'name="teams"' not in inside.get("/settings/people/").content
    inside.post("/settings/people/invite/", {"email": "nora@example.com", "role": "agent"})
    nora = User.objects.get(email="nora@example.com")
    assert inside.post(f"/settings/people/{nora.pk}/", {}).status_code == 302
