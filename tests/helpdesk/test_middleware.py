"""What the desk says while its database is away, and that it comes back by itself."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psycopg2
import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client

from helpdesk.middleware import DatabaseDown
from helpdesk.views import broken

ROOT = Path(__file__).resolve().parent.parent.parent
OPEN_PAGES = ["/", "/accounts/login/", "/start/"]
PAGES = [*OPEN_PAGES, "/settings/profile/", "/settings/people/", "/inbox/"]
PROGRAMS = [("get", "/api/v1/tickets/"), ("post", "/widget/start/")]


@pytest.fixture(scope="module", params=["production", "debug"])
def answers(request):
    """What every kind of page answers while nothing listens where Postgres should be."""
    asked = [("get", path) for path in [*PAGES, "/healthz", "/readyz"]] + PROGRAMS
    script = [sys.executable, "-m", "tests.helpdesk.without_database", request.param, json.dumps(asked)]
    done = subprocess.run(script, cwd=ROOT, env=os.environ | {"DEBUG": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("who", ["anonymous", "signed in"])
def test_pages_say_so_plainly(answers, who):
    for path in PAGES:
        answer = answers[f"get {path} {who}"]
        if who == "anonymous" and path not in OPEN_PAGES:
            assert answer["status"] == 302, path  # the way to the sign-in needs no database
            continue
        assert (answer["status"], answer["retry"]) == (503, "5"), path
        assert "Back in a moment" in answer["body"]
        assert "Traceback" not in answer["body"]


@pytest.mark.parametrize("who", ["anonymous", "signed in"])
def test_programs_are_told_in_json(answers, who):
    for method, path in PROGRAMS:
        answer = answers[f"{method} {path} {who}"]
        assert (answer["status"], answer["retry"]) == (503, "5"), path
        assert answer["type"] == "application/json"
        assert json.loads(answer["body"])["error"]["code"] == "unavailable"


@pytest.mark.parametrize("who", ["anonymous", "signed in"])
def test_it_is_alive_but_not_ready(answers, who):
    assert answers[f"get /healthz {who}"]["status"] == 200
    ready = answers[f"get /readyz {who}"]
    assert ready["status"] == 503
    if ready["type"] == "application/json":  # without a session; with one, the session is what cannot be read
        assert json.loads(ready["body"])["database"]["ok"] is False


def test_a_cut_connection_is_made_anew_and_nobody_sees_a_traceback(live):
    def ask():
        try:
            with urllib.request.urlopen(live + "/accounts/login/") as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        begun = cursor.fetchone()[0]
        assert ask() == 200
        # Only the server's: other tests' threads keep connections, too.
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_start > %s",
            [begun],
        )
        assert cursor.fetchone()[0] > 0
    assert ask() in (200, 503)
    assert ask() == 200


def test_what_fails_outside_a_view_is_answered_alike(rf):
    """A session that cannot be saved, say: Django has made a 500 of it before our middleware could see it."""
    try:
        raise OperationalError("server closed the connection unexpectedly")
    except OperationalError:
        answer = broken(rf.get("/inbox/"))
    assert answer.status_code == 503
    try:
        raise ValueError("our own mistake")
    except ValueError:
        answer = broken(rf.get("/inbox/"))
    assert answer.status_code == 500
    assert "our own mistake" not in answer.content.decode()


@pytest.mark.django_db
def test_a_view_that_loses_the_database_is_answered(client, monkeypatch, settings):
    def lost(*args, **kwargs):
        raise OperationalError from psycopg2.OperationalError("SSL connection has been closed unexpectedly")

    monkeypatch.setattr("accounts.models.Desk.load", lost)
    for debug in (True, False):
        settings.DEBUG = debug
        assert client.get("/start/").status_code == 503


def test_without_the_database_it_is_said_in_the_browser_s_language(rf):
    class Nobody:
        @property
        def is_authenticated(self) -> bool:
            raise OperationalError("gone")

    request = rf.get("/inbox/", headers={"Accept-Language": "de-AT,en;q=0.5"})
    request.user = Nobody()
    answer = DatabaseDown(lambda _request: HttpResponse())(request)
    assert answer.status_code == 503
    assert '<html lang="de">' in answer.content.decode()


def test_alive_asks_nobody(client, django_assert_num_queries):
    client.cookies["makegood_session"] = "x" * 32
    answer: HttpResponse = client.get("/healthz", headers={"Host": "10.0.0.7"})  # a probe knows no host name
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_alive_makes_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        Client().get("/healthz")
