"""The installation's own pages."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actions import create_token, deactivate_person
from accounts.models import Heartbeat
from tickets.models import Event, EventMark

pytestmark = pytest.mark.django_db


def test_the_front_door(client, alice, desk_row):
    assert client.get("/")["Location"] == "/accounts/login/"
    client.force_login(alice)
    assert client.get("/")["Location"] == "/inbox/"


def test_ready_says_what_is_missing(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == {"ok": True}
    assert answer.json()["worker"]["ok"] is False  # it never showed
    Heartbeat.objects.create(name="worker", at=timezone.now())
    assert client.get("/readyz").json()["worker"]["ok"] is True
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=3))
    assert client.get("/readyz").json()["worker"]["ok"] is False


def test_ready_when_all_is_well(client):
    Heartbeat.objects.create(name="worker", at=timezone.now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_ready_says_how_far_figures_are_behind_which_makes_nothing_unfit(client, ticket):
    Heartbeat.objects.create(name="worker", at=timezone.now())
    newest = ticket.events.latest("pk")
    mark = EventMark.objects.create(reader="reports", done_id=newest.pk, seen_id=newest.pk, seen_xid=0)
    said = client.get("/readyz").json()["reports"]
    assert said == {"ok": True, "seconds_behind": 0, "tickets_left": ticket.pk}
    EventMark.objects.filter(pk=mark.pk).update(done_id=newest.pk - 1)
    Event.objects.filter(pk=newest.pk).update(at=timezone.now() - timedelta(minutes=16))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["reports"]["ok"] is False
    assert answer.json()["reports"]["seconds_behind"] > 15 * 60


def test_ready_without_redis(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    Heartbeat.objects.create(name="worker", at=timezone.now())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["redis"]["ok"] is False


def test_metrics_are_for_who_may_see_reports(client, alice, lea, sue):
    assert client.get("/metrics").status_code == 404
    client.force_login(alice)
    assert client.get("/metrics").status_code == 404
    client.force_login(lea)
    assert b'django_http_requests_total_by_view_transport_method_created{method="GET"' in client.get("/metrics").content
    shown = client.get("/metrics").content.decode()
    assert "makegood_outbox_waiting 0.0" in shown
    assert "makegood_outbox_tries_no_server 0.0" in shown
    assert "makegood_reports_behind_seconds 0.0" in shown
    assert "makegood_reports_tickets_left 0.0" in shown
    _, raw = create_token(sue, by=sue, name="prometheus")
    robot = Client(headers={"Authorization": f"Bearer {raw}"})
    assert robot.get("/metrics").status_code == 200
    deactivate_person(sue, by=None)
    assert robot.get("/metrics").status_code == 404
    assert Client(headers={"Authorization": "Bearer mg_wrong"}).get("/metrics").status_code == 404


def test_what_there_is_not(client, alice):
    assert "There is nothing here" in client.get("/nowhere/").content.decode()
    answer = client.get("/api/v1/nowhere/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_form_from_elsewhere_is_explained(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/settings/availability/", {"availability": "away"})
    assert answer.status_code == 403
    assert "lay open too long" in answer.content.decode()


def test_an_error_of_ours_says_so_without_a_traceback(client, monkeypatch):
    def stumble(*args):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("accounts.models.Desk.load", stumble)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "written down" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_a_forged_host_is_refused(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
