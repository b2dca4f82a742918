"""Who may come in, and how often."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.actions.tokens import create_token, revoke_token
from accounts.models import ApiToken, RateLimit
from tests.conftest import PASSWORD

TICKETS = "/api/v1/tickets/"


def ask(authorization: str | None):
    headers = {} if authorization is None else {"authorization": authorization}
    return Client().get(TICKETS, headers=headers)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer mg_ mg_",
        "Basic YTpi",
        "Token x",
        "Bearer \xff\xfe",
        "x" * 5000,
    ],
)
def test_nobody_comes_in_without_a_token(db, authorization):
    answer = ask(authorization)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.json()["error"]["code"] == "not_signed_in"


def test_an_answer_is_kept_by_no_cache_and_names_the_methods(api):
    answer = api.head(TICKETS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Allow"] == "GET, HEAD, POST"


def test_a_token_ends_at_once_when_it_is_revoked(alice):
    token, raw = create_token(alice, by=alice, name="till")
    assert ask(f"Bearer {raw}").status_code == 200
    assert ask(f"bearer {raw}").status_code == 200
    revoke_token(token, by=alice)
    assert ask(f"Bearer {raw}").status_code == 401


def test_a_token_ends_when_it_expires_and_when_its_owner_leaves(alice, bob):
    token, raw = create_token(alice, by=alice, name="till")
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert ask(f"Bearer {raw}").status_code == 401
    _, raw = create_token(bob, by=bob, name="till")
    bob.is_active = False
    bob.save()
    assert ask(f"Bearer {raw}").status_code == 401


def test_the_database_holds_no_token_in_clear(alice):
    _, raw = create_token(alice, by=alice, name="till")
    assert ask(f"Bearer {raw}").status_code == 200
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', [f"%{raw[8:]}%"])
            assert cursor.fetchone() == (0,), table


def test_a_token_in_the_address_is_no_token(alice):
    _, raw = create_token(alice, by=alice, name="till")
    for name in ("token", "access_token", "authorization", "key"):
        assert Client().get(TICKETS, {name: raw}).status_code == 401


def test_a_signed_in_browser_reads_and_writes_only_with_its_csrf_token(alice, ticket):
    browser = APIClient(enforce_csrf_checks=True)
    browser.login(email=alice.email, password=PASSWORD)
    url = f"{TICKETS}{ticket.pk}/messages/"
    assert browser.get(url).status_code == 200
    words = {"body": "Sorry.", "client_id": "s-1"}
    refused = browser.post(url, words, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert ticket.messages.count() == 1
    browser.get("/api/v1/docs/?script=")
    csrf = browser.cookies["makegood_csrf"].value
    assert browser.post(url, words, format="json", headers={"X-CSRFToken": csrf}).status_code == 201
    again = browser.post(url, words, format="json", headers={"X-CSRFToken": csrf})
    assert (again.status_code, again.json()["by"]["you"]) == (200, True)


def test_too_many_requests_are_told_how_long_to_wait(api, as_, alice, bob, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    assert [api.get(TICKETS).status_code for _ in range(3)] == [200, 200, 429]
    answer = api.get(TICKETS)
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert answer.json()["error"]["code"] == "rate_limited"
    assert as_(alice).get(TICKETS).status_code == 200  # each token has its own
    RateLimit.objects.update(window_ends_at=timezone.now())
    assert api.get(TICKETS).status_code == 200


CLOSED = [
    ("get", "{ticket}"), ("patch", "{ticket}"), ("get", "{ticket}messages/"), ("post", "{ticket}messages/"),
    ("get", "{ticket}events/"), ("post", "{ticket}assign/"), ("post", "{ticket}resolve/"), ("post", "{ticket}reopen/"),
    ("post", "{ticket}snooze/"), ("post", "{ticket}wake/"), ("get", "{customer}"), ("patch", "{customer}"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_charlie_cannot_tell_the_unseen_from_the_unknown(as_, charlie, ticket, carla, alice, method, path):
    program = as_(charlie)
    body = {"body": "x", "priority": 4, "user": charlie.pk, "root_cause": "none", "name": "x", "until": "monday"}
    unseen = path.format(ticket=f"/api/v1/tickets/{ticket.pk}/", customer=f"/api/v1/customers/{carla.pk}/")
    unknown = path.format(ticket="/api/v1/tickets/999999/", customer="/api/v1/customers/999999/")
    events = ticket.events.count()
    answers = [getattr(program, method)(url, body if method != "get" else None) for url in (unseen, unknown)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    headers = [{name: value for name, value in answer.items() if name != "X-Request-ID"} for answer in answers]
    assert headers[0] == headers[1]
    assert ticket.events.count() == events


def test_charlies_lists_hold_nothing_of_the_workshop(as_, charlie, ticket, carla):
    program = as_(charlie)
    for query in (
        "",
        f"number={ticket.pk}",
        f"reference={ticket.reference}",
        "q=tyre",
        "view=all",
        "updated_after=2020-01-01",
    ):
        assert program.get(f"{TICKETS}?{query}").json()["results"] == [], query
    for query in ("", "q=carla", "email=carla@example.org"):
        assert program.get(f"/api/v1/customers/?{query}").json()["results"] == [], query
