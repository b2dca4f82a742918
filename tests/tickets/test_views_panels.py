"""Panels: what an administrator sets, what their system is told, and what agents see of its answer."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.test import Client

from tests.tickets.test_fetching import Answers, system  # noqa: F401  (a fixture)
from tickets.actions.panels import change_panel, create_panel
from tickets.models import Panel
from tickets.panel_data import ShapeError, read_panel

pytestmark = pytest.mark.django_db
ORDERS = {
    "sections": [{"title": "Order 17", "rows": [{"label": "Paid", "value": "€ 42", "href": "https://shop.example/17"}]}]
}


def at(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def answers(monkeypatch):
    """What the company's system answers; says what it was asked."""
    said: dict[str, object] = {"answer": ORDERS, "asked": []}

    def say(handler: Answers) -> None:
        said["asked"].append(handler.path)  # type: ignore[attr-defined]
        handler.say(json.dumps(said["answer"]).encode())

    monkeypatch.setattr(Answers, "say_panel", say, raising=False)
    return said


@pytest.fixture
def orders(adam, system) -> Panel:  # noqa: F811
    return create_panel(by=adam, name="Orders", url=f"{system}/panel?shop=1", kind="data")


@pytest.fixture
def page(adam) -> Panel:
    return create_panel(by=adam, name="Shop", url="https://shop.example/desk?a=1", kind="page", height=300)


def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]


def test_its_system_is_told_whose_ticket_it_is_and_who_looks(ticket, alice, carla, orders, answers, settings):
    answer = at(alice).get(f"/tickets/{ticket.number}/panels/{orders.pk}/")
    assert '<a href="https://shop.example/17" target="_blank" rel="noopener noreferrer">€ 42</a>' in answer.text
    (asked,) = answers["asked"]
    assert parse_qs(urlsplit(asked).query)["shop"] == ["1"]
    said = jwt.decode(token_of(asked), orders.secret, algorithms=["HS256"], audience="127.0.0.1")
    assert said["ticket"] == ticket.reference
    assert said["customer"] == {
        "id": carla.pk, "external_ids": [], "email": "carla@example.org", "is_verified": True,
    }  # fmt: skip
    assert said["agent"]["id"] == alice.pk
    assert said["exp"] - said["iat"] == 60
    assert str(ticket.number) not in json.dumps({key: said[key] for key in ("ticket", "sub")}) or ticket.number < 10


def test_what_was_said_is_kept_a_minute_for_each_who_looks(ticket, alice, bob, orders, answers, adam):
    for user in (alice, alice, bob):
        at(user).get(f"/tickets/{ticket.number}/panels/{orders.pk}/")
    assert len(answers["asked"]) == 2
    change_panel(orders, by=adam, name="Orders", url=orders.url + "&b=2", kind="data")
    at(alice).get(f"/tickets/{ticket.number}/panels/{orders.pk}/")
    assert len(answers["asked"]) == 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([], "an object"),
        ({"sections": {}}, "sections must be a list"),
        ({"sections": [{"rows": [{"value": 1}]}]}, "sections[0].rows[0].label must be text"),
        ({"sections": [{"rows": [{"label": "a", "value": []}]}]}, "value must be text"),
        ({"sections": [{"rows": [{"label": "a", "value": 1, "href": "javascript:alert(1)"}]}]}, "href"),
        ({"sections": [], "updated_at": "soon"}, "updated_at"),
    ],
)
def test_an_answer_of_another_shape_is_said_calmly(ticket, alice, orders, answers, answer, why):
    answers["answer"] = answer
    shown = at(alice).get(f"/tickets/{ticket.number}/panels/{orders.pk}/")
    assert shown.status_code == 200
    assert "Nothing to show right now" in shown.text
    assert why in shown.text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "\u202egnp.exe",
    "a\x00b",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_its_system_says_is_text_and_nothing_else(ticket, alice, orders, answers, text):
    answers["answer"] = {"sections": [{"title": text, "rows": [{"label": text, "value": text}]}]}
    shown = at(alice).get(f"/tickets/{ticket.number}/panels/{orders.pk}/").text
    assert "<script" not in shown
    assert "<img" not in shown
    assert "\x00" not in shown
    assert "49" not in shown


def test_a_page_is_framed_by_itself_and_the_workspace_allows_no_foreign_frame(ticket, alice, page):
    browser = at(alice)
    whole = browser.get(f"/tickets/{ticket.number}/")
    assert f'src="/tickets/{ticket.number}/panels/{page.pk}/frame/"' in whole.text
    assert "shop.example" not in whole["Content-Security-Policy"] + whole.text
    framed = browser.get(f"/tickets/{ticket.number}/panels/{page.pk}/frame/")
    assert "frame-src 'self' https://shop.example;" in framed["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert 'sandbox="allow-scripts allow-forms allow-popups"' in framed.text
    assert "token" not in framed.text


def test_the_door_leads_there_with_a_token_of_its_own_each_time(ticket, alice, page):
    browser, door = at(alice), f"/tickets/{ticket.number}/panels/{page.pk}/page/"
    first, second = browser.get(door), browser.get(door)
    assert first["Location"].startswith("https://shop.example/desk?a=1&token=")
    assert first["Location"] != second["Location"]
    assert "no-store" in first["Cache-Control"]
    said = jwt.decode(token_of(first["Location"]), page.secret, algorithms=["HS256"], audience="shop.example")
    assert said["ticket"] == ticket.reference
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token_of(first["Location"]), "x" * 32, algorithms=["HS256"], audience="shop.example")


def test_charlie_and_other_teams_tickets_have_none(ticket, alice, charlie, shop, adam, page):
    assert at(charlie).get(f"/tickets/{ticket.number}/panels/{page.pk}/page/").status_code == 404
    change_panel(page, by=adam, name="Shop", url=page.url, kind="page", team=shop)
    assert at(alice).get(f"/tickets/{ticket.number}/panels/{page.pk}/page/").status_code == 404
    assert "own-panel" not in at(alice).get(f"/tickets/{ticket.number}/").text
    change_panel(page, by=adam, name="Shop", url=page.url, kind="page", is_shown=False)
    assert at(alice).get(f"/tickets/{ticket.number}/panels/{page.pk}/page/").status_code == 404


def test_a_dead_system_does_not_touch_the_ticket(ticket, alice, adam, django_assert_max_num_queries):
    dead = create_panel(by=adam, name="Orders", url="http://127.0.0.1:1/", kind="data")
    browser = at(alice)
    browser.get(f"/tickets/{ticket.number}/")
    with django_assert_max_num_queries(16):
        assert "Orders" in browser.get(f"/tickets/{ticket.number}/").text
    assert "cannot be reached" in browser.get(f"/tickets/{ticket.number}/panels/{dead.pk}/").text


def test_its_secret_is_shown_once(adam):
    browser = at(adam)
    words = {"name": "Orders", "url": "https://shop.example/panel", "kind": "data", "height": "240", "is_shown": "on"}
    made = browser.post("/settings/panels/new/", words)
    panel = Panel.objects.get()
    assert panel.secret in made.text
    assert panel.secret not in browser.get(f"/settings/panels/{panel.pk}/").text
    renewed = browser.post(f"/settings/panels/{panel.pk}/secret/")
    assert panel.secret not in renewed.text
    panel.refresh_from_db()
    assert panel.secret in renewed.text
    assert 'audience="shop.example"' in renewed.text
    assert browser.post(f"/settings/panels/{panel.pk}/", words | {"name": "Shop"}).status_code == 302
    assert browser.post(f"/settings/panels/{panel.pk}/", words | {"url": "ftp://x"}).status_code == 422
    browser.post(f"/settings/panels/{panel.pk}/move/", {"to": "up"})
    browser.post(f"/settings/panels/{panel.pk}/delete/")
    assert not Panel.objects.exists()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://user:pw@shop.example/", "//shop.example", "https://a b/"]
)
def test_an_address_that_is_none_is_refused(adam, url):
    words = {"name": "Orders", "url": url, "kind": "data", "height": "240"}
    assert at(adam).post("/settings/panels/new/", words).status_code == 422
    assert not Panel.objects.exists()


def test_it_is_tried_with_a_made_up_customer(adam, orders, page, answers):
    browser = at(adam)
    assert "€ 42" in browser.get(f"/settings/panels/{orders.pk}/try/").text
    said = jwt.decode(token_of(answers["asked"][0]), orders.secret, algorithms=["HS256"], audience="127.0.0.1")
    assert said["customer"]["email"] == "carla@example.org"
    answers["answer"] = 5
    assert "It must be an object" in browser.get(f"/settings/panels/{orders.pk}/try/").text
    assert browser.get(f"/settings/panels/{page.pk}/try/")["Location"].startswith("https://shop.example/desk?")


def test_every_kind_of_value_is_shown():
    rows = [{"label": str(value), "value": value} for value in (True, False, None, 3, 2.5, "x" * 600)]
    shown = read_panel({"sections": [{"rows": rows}], "updated_at": "2026-11-22T08:00:00+01:00", "more": 1})
    values = [row.value for row in shown.sections[0].rows]
    assert values[:5] == ["Yes", "No", "–", "3", "2.5"]
    assert len(values[5]) == 500
    assert shown.updated_at is not None
    with pytest.raises(ShapeError):
        read_panel({"sections": [{"rows": []}] * 21})
