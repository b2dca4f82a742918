"""Who a guest is and what they say at the end, over plain HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.models import RateLimit
from chat.models import Visitor, WidgetSettings
from customers.models import Customer
from outbox.models import Mail
from tests.tickets.looking import last, log
from tickets.actions import post_message
from tickets.models import Event, Rating

pytestmark = pytest.mark.django_db


def call(path: str, body: Any = None, token: str = "") -> Any:
    client = Client(headers={"Authorization": f"Bearer {token}"}, enforce_csrf_checks=True)
    return client.post(path, json.dumps(body or {}), content_type="application/json")


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def path(chat_ticket) -> str:
    return f"/widget/tickets/{chat_ticket.reference}/"


# --- The end -------------------------------------------------------------------------------


def test_a_guest_leaves(chat_ticket, carlas_token, path):
    for _ in range(2):
        assert call(f"{path}end/", token=carlas_token).json() == {}
    assert log(chat_ticket).count("chat.ended*") == 1


def test_a_guest_rates_and_thinks_better_of_it(chat_ticket, carlas_token, path):
    assert call(f"{path}rating/", {"score": 2, "comment": "Slow"}, carlas_token).json() == {}
    assert call(f"{path}rating/", {"score": 4}, carlas_token).json() == {}
    rating = Rating.objects.get(ticket=chat_ticket)
    assert (rating.score, rating.comment) == (4, "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (422, "invalid")),
        ({"score": 0}, (422, "invalid")),
        ({"score": 6}, (422, "invalid")),
        ({"score": "5"}, (422, "invalid")),
        ({"score": True}, (422, "invalid")),
        ({"score": 4.5}, (422, "invalid")),
        ({"score": [5]}, (422, "invalid")),
        ({"score": 5, "comment": ["x"]}, (400, "invalid")),
        ({"score": 5, "comment": "x" * 2001}, (413, "too_long")),
    ],
)
def test_what_is_no_rating_is_refused(chat_ticket, carlas_token, path, body, expected):
    assert error(call(f"{path}rating/", body, carlas_token)) == expected
    assert not Rating.objects.exists()


def test_a_site_that_asks_for_no_rating_and_offers_no_copy_takes_none(site, chat_ticket, carlas_token, path):
    WidgetSettings.objects.create(site=site, asks_rating=False, offers_copy=False)
    assert error(call(f"{path}rating/", {"score": 5}, carlas_token)) == (403, "forbidden")
    assert error(call(f"{path}copy/", {}, carlas_token)) == (403, "forbidden")


@pytest.mark.parametrize("door", ["end", "rating", "copy"])
def test_nobody_closes_a_foreign_conversation(chat_ticket, carla, dora_token, guest_token, path, door):
    seq = chat_ticket.last_seq
    for token in (dora_token, guest_token):
        foreign = call(f"{path}{door}/", {"score": 1}, token)
        unknown = call(f"/widget/tickets/0000000000000/{door}/", {"score": 1}, token)
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert error(call(f"{path}{door}/", {"score": 1}, "x")) == (401, "not_signed_in")
    assert (log(chat_ticket, after=seq), Mail.objects.count()) == ([], 0)


def test_a_blocked_customer_says_no_more(chat_ticket, carla, carlas_token, path):
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    for door in ("end", "rating", "copy"):
        assert error(call(f"{path}{door}/", {"score": 1}, carlas_token)) == (403, "forbidden")


# --- The copy ------------------------------------------------------------------------------


def test_a_copy_goes_to_the_proved_address_and_to_no_other(chat_ticket, carlas_token, path):
    """Threat 20: whatever the request names."""
    for body in ({}, {"email": "eve@example.com"}, {"to": "eve@example.com", "address": "eve@example.com"}):
        answer = call(f"{path}copy/", body, carlas_token)
        assert answer.json() == {"state": "sent", "email": "carla@example.org"}
    assert [list(mail.recipients.values_list("email", flat=True)) for mail in Mail.objects.all()] == [
        ["carla@example.org"]
    ]
    assert last(chat_ticket).type == "copy.mailed"


def test_without_a_proved_address_it_says_so(site, guest_token):
    ref = call("/widget/tickets/", {"client_id": "c", "body": "Hi"}, guest_token).json()["ref"]
    call("/widget/contact/", {"email": "typed@example.org"}, guest_token)
    assert error(call(f"/widget/tickets/{ref}/copy/", {}, guest_token)) == (409, "unverified")
    assert not Mail.objects.exists()


def test_the_sixth_copy_of_a_day_is_too_much(chat_ticket, carla, carlas_token, path):
    for number in range(5):
        post_message(chat_ticket, by=carla, body=f"{number}")
        assert call(f"{path}copy/", {}, carlas_token).status_code == 200
    post_message(chat_ticket, by=carla, body="more")
    answer = call(f"{path}copy/", {}, carlas_token)
    assert error(answer) == (429, "rate_limited")
    assert answer["Retry-After"]


# --- The code ------------------------------------------------------------------------------


def mailed_code(email: str) -> str:
    found = re.search(r"^ {4}(\d{6})$", Mail.objects.get(recipients__email=email).text, re.MULTILINE)
    assert found
    return found[1]


def test_from_no_address_to_a_copy(site, guest_token):
    ref = call("/widget/tickets/", {"client_id": "c", "body": "Hi"}, guest_token).json()["ref"]
    assert call("/widget/code/", {"email": "New@Example.org"}, guest_token).json() == {"email": "new@example.org"}
    code = mailed_code("new@example.org")
    wrong = {"email": "new@example.org", "code": f"{(int(code) + 1) % 10**6:06}"}
    assert error(call("/widget/verify/", wrong, guest_token)) == (422, "invalid")
    answer = call("/widget/verify/", {"email": "new@example.org", "code": code}, guest_token).json()
    assert answer["email"] == "new@example.org"
    assert error(call(f"/widget/tickets/{ref}/copy/", {}, guest_token)) == (401, "not_signed_in")
    sent = call(f"/widget/tickets/{ref}/copy/", {}, answer["token"]).json()
    assert sent == {"state": "sent", "email": "new@example.org"}


def test_the_answer_to_asking_is_always_the_same(site, carla, dora, dora_token, guest_token):
    """Nobody learns by it who is a customer, nor whether a code is on its way."""
    call("/widget/tickets/", {"client_id": "c", "body": "Hi"}, guest_token)
    answers = [
        call("/widget/code/", {"email": email}, token)
        for email in ("carla@example.org", "nobody@example.org", "carla@example.org")
        for token in (guest_token, dora_token)
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json() for answer in answers] == [
        {"email": email} for email in ("carla@example.org", "nobody@example.org", "carla@example.org") for _ in range(2)
    ]


def test_so_is_the_answer_to_a_wrong_code(site, carla, guest_token):
    call("/widget/tickets/", {"client_id": "c", "body": "Hi"}, guest_token)
    call("/widget/code/", {"email": "carla@example.org"}, guest_token)
    answers = {
        call("/widget/verify/", {"email": email, "code": "12"}, guest_token).content
        for email in ("carla@example.org", "nobody@example.org")
    }
    assert len(answers) == 1


def test_before_the_first_words_there_is_nothing_to_prove(site, guest_token):
    assert error(call("/widget/code/", {"email": "new@example.org"}, guest_token)) == (403, "forbidden")
    body = {"email": "new@example.org", "code": "123456"}
    assert error(call("/widget/verify/", body, guest_token)) == (403, "forbidden")


def test_another_customers_address_is_a_conflict(site, carlas_token, dora, chat_ticket):
    call("/widget/code/", {"email": "dora@example.org"}, carlas_token)
    body = {"email": "dora@example.org", "code": mailed_code("dora@example.org")}
    assert error(call("/widget/verify/", body, carlas_token)) == (409, "conflict")


@pytest.mark.parametrize("door", ["code", "verify", "identify"])
def test_trying_is_limited_for_a_browser_and_for_an_address(site, settings, carlas_token, dora_token, door):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {door: (3, 60)}
    body = {"email": "new@example.org", "code": "0", "token": "x"}
    codes = [call(f"/widget/{door}/", body, carlas_token).status_code for _ in range(5)]
    assert codes[2] != 429
    assert codes[3:] == [429, 429]
    assert RateLimit.objects.filter(key__startswith=f"guest:{door}:").count() == (1 if door == "identify" else 2)
    other = call(f"/widget/{door}/", body, dora_token).status_code
    assert (other == 429) == (door != "identify")


# --- The signature -------------------------------------------------------------------------


def test_a_signature_over_http(site, sign, chat_ticket, guest_token):
    ref = call("/widget/tickets/", {"client_id": "c", "body": "Me again"}, guest_token).json()["ref"]
    answer = call("/widget/identify/", {"token": sign(email="carla@example.org")}, guest_token).json()
    assert answer["viewer"].items() >= {"kind": "customer", "name": "Carla Cortez", "you": True}.items()
    assert [ticket["ref"] for ticket in answer["tickets"]] == [ref, chat_ticket.reference]
    assert set(answer["tickets"][0]) == {"ref", "last"}
    started = call("/widget/start/", {"site": site.key}, answer["token"]).json()
    assert (started["token"], len(started["tickets"])) == (answer["token"], 2)
    assert call("/widget/start/", {"site": site.key}, guest_token).json()["tickets"] == []
    repeated = call("/widget/identify/", {"token": sign()}, answer["token"]).json()
    assert repeated["token"] == answer["token"]


@pytest.mark.parametrize("proof", [None, 7, [], {}, "", "x", "a.b.c", "e" * 9000, "\ud800"])
def test_whatever_is_wrong_with_it_the_answer_is_one(site, carlas_token, proof):
    expected = call("/widget/identify/", {"token": "wrong"}, carlas_token)
    answer = call("/widget/identify/", {"token": proof}, carlas_token)
    assert (answer.status_code, answer.content) == (403, expected.content)


def test_a_token_in_the_address_is_nobodys(site, carlas_token, chat_ticket, path):
    """Threat 11: addresses are logged and passed on; what stands there proves nothing."""
    client = Client()
    for name in ("token", "authorization", "access_token"):
        assert client.post(f"{path}end/?{name}={carlas_token}").status_code == 401
        assert client.get(f"{path}events/?{name}={carlas_token}").status_code == 401
    assert Event.objects.filter(type="chat.ended").count() == 0


def test_what_is_said_with_a_token_that_was_changed_meanwhile_is_not_refused_for_ever(
    site, carlas_token, chat_ticket, monkeypatch, path
):
    """403 would be final for the widget; 401 makes it start again and send its words again."""

    def changed_meanwhile(*args: Any, **kwargs: Any) -> None:
        Visitor.objects.all().delete()
        raise PermissionDenied

    monkeypatch.setattr("chat.views.conversation.post_message", changed_meanwhile)
    answer = call(f"{path}messages/", {"client_id": "c", "body": "x"}, carlas_token)
    assert error(answer) == (401, "not_signed_in")
