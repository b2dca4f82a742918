"""Cases, for programs."""

from __future__ import annotations

import pytest

from recovery.actions import open_case
from recovery.models import Case, Failure
from tests.api.test_schema import promised, schema  # noqa: F401  (a fixture)
from tickets.actions import assign_ticket, open_ticket

AT = "/api/v1/recovery/cases/"


@pytest.fixture
def case(ticket, alice):
    assign_ticket(ticket, by=alice, user=alice)
    return open_case(ticket, by=alice, trigger="rating", why={"score": 1, "comment": "never again"})


def test_a_case_is_opened_and_seen_through(as_, alice, lea, ticket, schema):  # noqa: F811
    api = as_(alice)
    made = api.post(f"/api/v1/tickets/{ticket.pk}/case/", {"note": "They sounded lost"}).json()
    promised(schema, "tickets/{number}/case/", "post", 200).validate(made)
    assert (made["state"], made["reason"], made["ticket"]) == ("detected", "They sounded lost", ticket.pk)
    at = f"{AT}{made['id']}/"
    assert api.get(at).json() == made
    for do, body, state in (
        ("take", {}, "detected"),
        ("contact", {"by_phone": True}, "contacted"),
        ("verify", {"note": "She rides"}, "verified"),
        ("close", {}, "closed"),
        ("again", {"note": "Flat again"}, "detected"),
    ):
        answer = api.post(f"{at}{do}/", body)
        assert (answer.status_code, answer.json()["state"]) == (200, state), do
        promised(schema, "recovery/cases/{id}/" + do + "/", "post", 200).validate(answer.json())
    assert api.get(at).json()["is_second_failure"] is True
    assert api.get(at).json()["owner"] == lea.pk


def test_lists_by_what_one_asks_for(as_, alice, charlie, case, dora, workshop, schema):  # noqa: F811
    other = open_case(
        open_ticket(dora, by=dora, body="Mine", channel="email", team=workshop), by=alice, trigger="agent"
    )
    for query, found in {
        "": [other.pk, case.pk],
        "?trigger=rating": [case.pk],
        "?state=open": [other.pk, case.pk],
        "?state=closed": [],
        f"?owner={alice.pk}&ticket={case.ticket_id}": [case.pk],
        "?is_second_failure=true": [],
    }.items():
        answer = as_(alice).get(AT + query).json()
        assert [row["id"] for row in answer["results"]] == found, query
    promised(schema, "recovery/cases/", "get", 200).validate(answer)
    assert as_(charlie).get(AT).json()["results"] == []
    assert as_(charlie).get(f"{AT}{case.pk}/").status_code == 404
    for wrong in ("?state=asleep", "?owner=me", "?owner=0", "?who=me"):
        assert as_(alice).get(AT + wrong).status_code == 400, wrong


@pytest.mark.parametrize(
    ("do", "body", "status"),
    [
        ("close", {}, 400),
        ("close", {"note": 7}, 400),
        ("take", {"user": 999_999}, 400),
        ("take", {"user": "bob"}, 400),
        ("again", {}, 400),
        ("contact", {"when": "yesterday"}, 400),
    ],
)
def test_what_cannot_be_is_refused(as_, alice, case, do, body, status):
    assert as_(alice).post(f"{AT}{case.pk}/{do}/", body).status_code == status
    assert Case.objects.get().state == "detected"
    assert not Failure.objects.exists()
