"""Follow-ups, for programs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.api.test_schema import promised, schema  # noqa: F401  (a fixture)
from tickets.actions.follow_up_templates import create_template
from tickets.models import FollowUp


@pytest.fixture
def address(ticket) -> str:
    return f"/api/v1/tickets/{ticket.pk}/follow-ups/"


TASK = {"kind": "task", "body": "Call the depot", "due_at": "friday 9", "unless": ["solved"]}


def test_one_is_planned_changed_and_called_off(as_, alice, bob, charlie, address, schema):  # noqa: F811
    api = as_(alice)
    made = api.post(address, TASK | {"assignee": bob.pk, "client_id": "a"})
    assert made.status_code == 201
    promised(schema, "tickets/{number}/follow-ups/", "post", 201).validate(made.json())
    assert api.post(address, TASK | {"client_id": "a"}).json()["id"] == made.json()["id"]
    assert api.post(address, TASK | {"client_id": "a", "body": "x"}).status_code == 409
    due_at = datetime.fromisoformat(made.json()["due_at"]).astimezone(ZoneInfo("Europe/Amsterdam"))
    assert f"{due_at:%a %H:%M}" == "Fri 09:00"
    one = f"{address}{made.json()['id']}/"
    changed = api.patch(one, {"due_at": "2027-06-01T09:00:00Z", "assignee": None, "unless": []}).json()
    assert (changed["due_at"], changed["assignee"], changed["unless"]) == ("2027-06-01T09:00:00.000Z", None, [])
    assert api.patch(one, {"is_done": True}).json()["state"] == "done"
    assert api.patch(one, {"is_done": False}).json()["state"] == "scheduled"
    assert api.post(f"{one}call-off/").json()["state"] == "cancelled"
    assert api.patch(one, {"body": "x"}).status_code == 409
    answer = api.get(address).json()
    promised(schema, "tickets/{number}/follow-ups/", "get", 200).validate(answer)
    assert [row["state"] for row in answer["results"]] == ["cancelled"]
    promised(schema, "tickets/{number}/follow-ups/{id}/", "get", 200).validate(api.get(one).json())
    for who in (charlie,):
        assert as_(who).get(address).status_code == 404
        assert as_(who).patch(one, {"body": "x"}).status_code == 404
        assert as_(who).post(f"{one}now/").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"due_at": "soonish"}, {"due_at": 5}, {"kind": "after_solving"}, {"unless": ["rain"]}, {"assignee": 999_999},
     {"body": ""}, {"body": "x" * 5001}, {"more": 1}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(as_, alice, address, wrong):
    assert as_(alice).post(address, TASK | wrong).status_code == 400
    assert not FollowUp.objects.planned().exists()


def test_a_message_is_sent_now(as_, alice, ticket, address):
    made = as_(alice).post(address, {"kind": "message", "body": "Is it there?", "due_at": "in 3 days"}).json()
    assert as_(alice).post(f"{address}{made['id']}/now/").json()["state"] == "done"
    assert ticket.messages.latest("pk").body == "Is it there?"


def test_lists_hold_what_one_sees(as_, alice, charlie, sue, ticket, address, workshop, schema):  # noqa: F811
    as_(alice).post(address, TASK)
    create_template(by=sue, name="Depot", kind="task", body="Call the depot", when="friday 9", team=workshop)
    for query, count in (("", 1), ("?whose=teams", 1), ("?whose=all&state=scheduled", 1), ("?state=due", 0)):
        answer = as_(alice).get(f"/api/v1/follow-ups/{query}").json()
        promised(schema, "follow-ups/", "get", 200).validate(answer)
        assert len(answer["results"]) == count
    assert as_(charlie).get("/api/v1/follow-ups/?whose=all").json()["results"] == []
    assert as_(charlie).get("/api/v1/follow-up-templates/").json()["results"] == []
    answer = as_(alice).get("/api/v1/follow-up-templates/").json()
    promised(schema, "follow-up-templates/", "get", 200).validate(answer)
    assert answer["results"][0]["name"] == "Depot"
    assert as_(alice).get("/api/v1/follow-ups/?whose=hers").status_code == 400
