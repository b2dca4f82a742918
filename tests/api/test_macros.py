"""Macros through the API: what one sees, and what they do to a ticket."""

from __future__ import annotations

import pytest

from tests.tickets.looking import again, log
from tickets.actions import create_macro
from tickets.macros import read
from tickets.models import Macro, Message

MACROS = "/api/v1/macros/"


@pytest.fixture
def mine(alice) -> Macro:
    steps = [read("add_tags:loan"), read("note:Stand 3"), read("resolve:none")]
    return create_macro(by=alice, name="Loan wheel", body="Hello {{ customer.first_name }}", steps=steps, owner=alice)


@pytest.fixture
def teams_own(lea, workshop) -> Macro:
    return create_macro(by=lea, name="Stand", body="It is on stand 3.", owner=None, team=workshop)


def test_one_lists_what_one_sees(api, as_, bob, charlie, mine, teams_own):
    names = {who: [row["name"] for row in program.get(MACROS).json()["results"]]
             for who, program in {"alice": api, "bob": as_(bob), "charlie": as_(charlie)}.items()}  # fmt: skip
    assert names == {"alice": ["Loan wheel", "Stand"], "bob": ["Stand"], "charlie": []}
    assert [row["name"] for row in api.get(f"{MACROS}?q=hello").json()["results"]] == ["Loan wheel"]


def test_a_macro_is_as_it_was_written(api, mine, teams_own, workshop):
    assert api.get(f"{MACROS}{mine.pk}/").json() == {
        "id": mine.pk,
        "name": "Loan wheel",
        "is_private": True,
        "team": None,
        "kind": "reply",
        "body": "Hello {{ customer.first_name }}",
        "steps": [
            {"do": "add_tags", "value": "loan"},
            {"do": "note", "value": "Stand 3"},
            {"do": "resolve", "value": "none"},
        ],
        "used": 0,
        "used_at": None,
    }
    assert api.get(f"{MACROS}{teams_own.pk}/").json()["team"]["id"] == workshop.pk


def test_a_foreign_macro_is_not_there(as_, bob, charlie, mine, teams_own, ticket):
    assert as_(bob).get(f"{MACROS}{mine.pk}/").status_code == 404
    assert as_(charlie).get(f"{MACROS}{teams_own.pk}/").status_code == 404
    answer = as_(bob).post(f"/api/v1/tickets/{ticket.pk}/macro/", {"macro": mine.pk})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["macro"])


def test_its_steps_are_done_and_its_words_are_not_sent(api, ticket, mine):
    answer = api.post(f"/api/v1/tickets/{ticket.pk}/macro/", {"macro": mine.pk, "client_id": "1"})
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["status"], answer.json()["tags"]) == ("solved", ["loan"])
    assert log(ticket, after=2) == ["ticket.tagged", "message.posted", "ticket.resolved*"]
    assert Macro.objects.get().used == 1
    assert api.post(f"/api/v1/tickets/{ticket.pk}/macro/", {"macro": mine.pk, "client_id": "1"}).status_code == 200
    assert Message.objects.filter(kind="note").count() == 1


def test_all_of_it_or_nothing(api, ticket, mine):
    Macro.objects.update(steps=[read("priority:4"), read("assign:999999")])
    answer = api.post(f"/api/v1/tickets/{ticket.pk}/macro/", {"macro": mine.pk})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert "cannot be chosen any more" in str(answer.json())
    assert again(ticket).priority == 2


@pytest.mark.parametrize("body", [{}, {"macro": "x"}, {"macro": 10**30}, {"macro": None}, {"macro": 1, "x": 1},
                                  {"macro": 1, "client_id": "x" * 65}])  # fmt: skip
def test_rubbish_is_refused(api, ticket, body):
    assert api.post(f"/api/v1/tickets/{ticket.pk}/macro/", body).status_code == 400
