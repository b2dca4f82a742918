"""The widget's doors over plain HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import Site
from chat.models import Visitor
from customers.models import Address
from tickets.actions import post_message
from tickets.models import Event, Message, Ticket

pytestmark = pytest.mark.django_db


def call(path: str, body: Any = None, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = Client(headers=headers, enforce_csrf_checks=True)
    if body is None:
        return client.get(path)
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(path, raw, content_type="application/json")


def test_a_visit_begins_and_is_renewed(site, chat_ticket, carlas_token):
    new = call("/widget/start/", {"site": site.key, "locale": "de"}).json()
    assert (new["tickets"], new["site"]["name"]) == ([], "Bellwether Cycles")
    assert Visitor.objects.filter(locale="de").count() == 1
    assert new["token"] not in json.dumps(list(Visitor.objects.values()), default=str)  # kept as a digest only
    again = call("/widget/start/", {"site": site.key}, carlas_token).json()
    assert again["token"] == carlas_token
    assert again["tickets"] == [{"ref": chat_ticket.reference, "last": 2}]


def test_a_token_is_good_on_its_own_site_only(site, carlas_token):
    other = Site.objects.create(name="Elsewhere", key="elsewhere")
    answer = call("/widget/start/", {"site": other.key}, carlas_token).json()
    assert answer["token"] != carlas_token


@pytest.mark.parametrize("body", ["{", "[]", "7", b"\xff\xfe", {"site": 5}, {"site": None}, {"site": "x" * 999}, {}])
def test_a_start_that_makes_no_sense_is_refused(site, body):
    response = call("/widget/start/", body)
    assert response.status_code in (400, 413)
    assert response.json()["error"]["detail"]


def test_an_unknown_site_is_not_found(site):
    assert call("/widget/start/", {"site": "nope\x00"}).status_code == 404
    assert call("/widget/frame/?site=nope").status_code == 404
    assert call("/widget/frame/?site=%00").status_code == 404


def test_starting_is_limited_by_address(site, settings):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {"start": (2, 60)}
    codes = [call("/widget/start/", {"site": site.key}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_a_conversation_without_sockets(site, guest_token, alice):
    first = call("/widget/tickets/", {"client_id": "c1", "body": "Hello?"}, guest_token).json()
    assert call("/widget/tickets/", {"client_id": "c1", "body": "Hello?"}, guest_token).json() == first
    path = f"/widget/tickets/{first['ref']}/"
    second = call(f"{path}messages/", {"client_id": "c2", "body": "Anyone?"}, guest_token).json()
    assert second == {"client_id": "c2", "ref": first["ref"], "seq": 3}
    ticket = Ticket.objects.get(reference=first["ref"])
    post_message(ticket, by=alice, body="canary", kind="note")
    post_message(ticket, by=alice, body="Here!")
    events = call(f"{path}events/?after=2", token=guest_token).json()["events"]
    assert [(event["seq"], event["prev"]) for event in events] == [(3, 2), (6, 3)]
    assert events[1]["event"]["message"]["body"] == "Here!"
    assert call(f"{path}messages/", {"client_id": "c2", "body": "Other"}, guest_token).status_code == 409
    assert Message.objects.count() == 4


def test_nobody_reads_or_writes_a_foreign_conversation(chat_ticket, dora_token, guest_token):
    path = f"/widget/tickets/{chat_ticket.reference}/"
    for token in (dora_token, guest_token):
        assert call(f"{path}events/", token=token).status_code == 404
        assert call(f"{path}messages/", {"client_id": "x", "body": "hi"}, token).status_code == 404
        unknown = call("/widget/tickets/0000000000000/events/", token=token)
        assert unknown.content == call(f"{path}events/", token=token).content
    for token in ("", "wrong", "x" * 5000):
        assert call(f"{path}events/", token=token).status_code == 401


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 40, "²", ""])
def test_a_position_must_be_a_number(chat_ticket, carlas_token, after):
    response = call(f"/widget/tickets/{chat_ticket.reference}/events/?after={after}", token=carlas_token)
    assert response.status_code == 400


def test_an_address_is_noted_as_claimed_and_opens_nothing(site, guest_token, dora):
    call("/widget/tickets/", {"client_id": "c1", "body": "Hello?"}, guest_token)
    answer = call("/widget/contact/", {"email": "Dora@Example.org", "name": "Dora"}, guest_token)
    assert answer.json() == {"email": "dora@example.org"}
    claimed = Address.objects.get(proof="claimed")
    assert claimed.customer != dora
    assert call("/widget/contact/", {"email": "not an address"}, guest_token).status_code == 422
    call("/widget/contact/", {"email": "dora@example.org"}, guest_token)  # said before: nothing new
    assert Event.objects.filter(type="address.left", by_customer=claimed.customer, is_public=False).count() == 1


def test_the_frame_is_shown_by_the_sites_own_pages_only(site):
    site.allowed_origins = ["https://shop.example"]
    site.save()
    response = call(f"/widget/frame/?site={site.key}")
    assert "frame-ancestors https://shop.example" in response["Content-Security-Policy"]
    assert "X-Frame-Options" not in response
    assert not response.cookies


def test_in_development_our_own_shop_page_may_show_it_too(site, settings):
    site.allowed_origins = ["https://shop.example"]
    site.save()
    settings.DEBUG, settings.SOCKET_ORIGINS = True, ["http://127.0.0.1:8000"]
    policy = call(f"/widget/frame/?site={site.key}")["Content-Security-Policy"]
    assert "frame-ancestors https://shop.example http://127.0.0.1:8000;" in policy + ";"


def test_the_loader_comes_with_a_tag_and_without_a_cookie():
    response = call("/widget/embed.js")
    assert response["Content-Type"].startswith("text/javascript")
    assert not response.cookies
    again = Client(headers={"If-None-Match": response["ETag"]}).get("/widget/embed.js")
    assert again.status_code == 304


def test_the_loader_is_light_on_the_wire():
    response = Client(headers={"Accept-Encoding": "gzip"}).get("/widget/embed.js")
    assert response["Content-Encoding"] == "gzip"
    assert len(response.content) <= 6 * 1024
