"""The sign-in, its limits, and when sessions end."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.test import Client

from accounts.actions import activate_person, create_token, deactivate_person, set_role
from accounts.models import ApiToken
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client, user, password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": user.email, "password": password}, **extra)


def is_in(client: Client) -> bool:
    return client.get("/settings/profile/").status_code == 200


def test_a_person_signs_in_with_an_address_in_any_case(client, alice):
    answer = client.post(LOGIN, {"login": "ALICE@Example.com", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)


def test_a_wrong_password_and_an_unknown_address_are_told_apart_by_nothing(client, alice):
    wrong = client.post(LOGIN, {"login": alice.email, "password": "wrong horse battery"})
    unknown = client.post(LOGIN, {"login": "nobody@example.com", "password": "wrong horse battery"})
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_twenty_wrong_passwords_lock_that_account_and_nobody_else(client, alice, bob):
    answers = [sign_in(client, alice, "wrong horse battery").status_code for _ in range(20)]
    assert answers[:10] == [200] * 10
    assert answers[10:] == [429] * 10
    assert sign_in(client, alice)["Retry-After"]  # not even with the right one
    assert sign_in(Client(), bob).status_code == 302  # from the same address


def test_one_address_may_not_try_for_ever(client, alice, bob, charlie, lea, sue, adam):
    people = [alice, bob, charlie, lea, sue, adam]
    answers = [sign_in(client, people[n % 6], "wrong horse battery").status_code for n in range(61)]
    assert answers[-1] == 429
    assert sign_in(Client(REMOTE_ADDR="198.51.100.7"), alice).status_code == 302


def test_nobody_escapes_the_limit_by_naming_another_address(client, alice):
    answers = [
        sign_in(client, alice, "wrong horse battery", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code
        for n in range(11)
    ]
    assert answers[-1] == 429


def test_the_session_is_a_new_one_after_signing_in(client, alice):
    client.get(LOGIN)
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    client.cookies["makegood_session"] = before
    sign_in(client, alice)
    assert client.session.session_key != before
    old = Client()
    old.cookies["makegood_session"] = before
    assert not is_in(old)


def test_who_does_not_stay_signed_in_is_out_when_the_browser_closes(client, alice):
    sign_in(client, alice)
    assert client.cookies["makegood_session"]["max-age"] == ""
    other = Client()
    other.post(LOGIN, {"login": alice.email, "password": PASSWORD, "remember": "on"})
    assert other.cookies["makegood_session"]["max-age"] == 14 * 24 * 3600


def test_a_new_password_ends_every_other_session(browser, alice):
    here, there = browser(alice), browser(alice)
    new = "another sentence entirely"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_in(here)
    assert not is_in(there)


def test_a_deactivated_person_is_out_at_once_and_stays_out(browser, alice, adam):
    inside = browser(alice)
    _, raw = create_token(alice, by=alice, name="script")
    deactivate_person(alice, by=adam)
    assert not is_in(inside)
    assert ApiToken.objects.authenticate(raw) is None
    activate_person(alice, by=adam)
    assert not is_in(inside)  # an old cookie does not come back to life
    assert ApiToken.objects.authenticate(raw) is None
    assert is_in(browser(alice))


def test_a_deactivated_person_cannot_sign_in(client, alice, adam):
    deactivate_person(alice, by=adam)
    sign_in(client, alice)
    assert not is_in(client)
    assert SESSION_KEY not in client.session


def test_a_lost_role_counts_at_once(browser, adam, sue):
    inside = browser(adam)
    set_role(sue, by=adam, role="admin")
    assert inside.get("/settings/people/").status_code == 200
    set_role(adam, by=sue, role="agent")
    assert inside.get("/settings/people/").status_code == 403


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "%5cevil.example",
        "https:evil.example",
        "https://evil.example/",
        "\thttps://evil.example",
        "http://testserver@evil.example/",
        "javascript:alert(1)",
    ],
)
def test_the_way_on_after_signing_in_never_leaves_this_host(client, alice, place):
    answer = client.post(LOGIN, {"login": alice.email, "password": PASSWORD, "next": place})
    assert answer.status_code == 302
    assert answer["Location"] in ("/", "%5cevil.example")  # the second is a path of our own


def test_the_way_on_leads_to_the_page_that_was_asked_for(client, alice):
    answer = client.post(LOGIN, {"login": alice.email, "password": PASSWORD, "next": "/customers/?q=ann"})
    assert answer["Location"] == "/customers/?q=ann"


# --- A forgotten password ------------------------------------------------------------------

RESET = "/accounts/password/reset/"


def test_a_forgotten_password_is_set_anew_by_mail_once(client, browser, alice, link_in_mail):
    inside = browser(alice)
    assert client.post(RESET, {"email": alice.email})["Location"] == "/accounts/password/reset/done/"
    link = link_in_mail()
    page = client.get(link, follow=True)
    new = "another sentence entirely"
    action = page.redirect_chain[-1][0]
    assert client.post(action, {"password1": new, "password2": new}).status_code == 302
    assert not is_in(inside)
    assert is_in(browser(alice, new))
    assert "spent" in Client().get(link, follow=True).content.decode()


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, alice):
    known = client.post(RESET, {"email": alice.email})
    unknown = client.post(RESET, {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in mail.outbox] == [[alice.email]]


def test_who_is_switched_off_or_only_invited_gets_no_link(client, alice, adam):
    deactivate_person(alice, by=adam)
    client.post(RESET, {"email": alice.email})
    assert mail.outbox == []


def test_the_link_names_our_own_address_whatever_the_request_says(client, alice, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post(RESET, {"email": alice.email}, headers={"Host": "evil.example"})
    assert "evil.example" not in mail.outbox[0].body
    assert settings.SITE_URL + "/accounts/password/reset/key/" in mail.outbox[0].body


def test_the_link_is_too_old_after_an_hour(client, alice, link_in_mail, time_machine):
    time_machine.move_to("2026-11-21T10:00:00Z", tick=False)
    client.post(RESET, {"email": alice.email})
    link = link_in_mail()
    time_machine.move_to("2026-11-21T10:59:00Z", tick=False)
    assert "Set a password" in Client().get(link, follow=True).content.decode()
    time_machine.move_to("2026-11-21T11:00:02Z", tick=False)
    assert "spent" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize("tail", ["", "%20", "1-", "1-%20/", "x-y/", "999999-abc/", "zzzzzzzzzzzzzz-abc/"])
def test_a_made_up_link_opens_nothing(client, alice, tail):
    page = client.get("/accounts/password/reset/key/" + tail, follow=True)
    assert page.status_code in (200, 404)
    assert "password1" not in page.content.decode()


# --- What allauth offers and we do not -----------------------------------------------------


@pytest.mark.parametrize(
    "path", ["signup/", "email/", "confirm-email/", "password/set/", "login/code/confirm/", "2fa/"]
)
def test_there_is_no_way_in_but_ours(client, db, path):
    assert client.get(f"/accounts/{path}").status_code == 404
