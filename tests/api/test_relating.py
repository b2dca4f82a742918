"""Links, splitting, checklists and the trash, for programs."""

from __future__ import annotations

import pytest

from tests.api.test_schema import promised, schema  # noqa: F401  (a fixture)
from tickets.actions import link_ticket, open_ticket, post_message
from tickets.models import Ticket


@pytest.fixture
def other(dora, workshop) -> Ticket:
    return open_ticket(dora, by=dora, subject="The bell", body="It does not ring.", channel="api", team=workshop)


def test_links_are_made_said_and_taken_off(as_, alice, charlie, ticket, other, schema):  # noqa: F811
    api, at = as_(alice), f"/api/v1/tickets/{ticket.pk}/links/"
    made = api.post(at, {"other": other.pk, "kind": "child"})
    assert made.status_code == 200
    (link,) = made.json()["links"]
    assert (link["kind"], link["ticket"]["number"], link["ticket"]["subject"]) == ("child", other.pk, "The bell")
    promised(schema, "tickets/{number}/links/", "get", 200).validate(api.get(at).json())
    assert as_(charlie).get(at).status_code == 404
    assert api.post(f"{at}{link['id']}/remove/").json() == {"links": []}
    assert api.post(f"{at}{link['id']}/remove/").status_code == 404
    for wrong in ({"other": 999_999, "kind": "child"}, {"other": other.pk, "kind": "split"}, {"other": ticket.pk}):
        assert api.post(at, wrong).status_code == 400


def test_a_program_sees_no_more_of_the_other_than_its_person(as_, alice, charlie, ticket, other, shop):
    at = f"/api/v1/tickets/{ticket.pk}/links/"
    link_ticket(ticket, by=alice, other=other, kind="related")
    Ticket.objects.filter(pk=ticket.pk).update(team=shop)
    (link,) = as_(charlie).get(at).json()["links"]
    assert link["ticket"] is None
    assert as_(charlie).post(at, {"other": other.pk, "kind": "parent"}).status_code == 400


def test_a_message_is_split_off(as_, alice, charlie, ticket, carla, other):
    message = post_message(ticket, by=carla, body="And the invoice?")
    api, at = as_(alice), f"/api/v1/tickets/{ticket.pk}/split/"
    answer = api.post(at, {"message": message.pk, "subject": "The invoice"})
    assert (answer.status_code, answer.json()["subject"]) == (201, "The invoice")
    assert answer.json()["waiting_since"] is not None
    foreign = other.messages.get()
    for wrong in ({"message": foreign.pk, "subject": "x"}, {"message": 9_999_999, "subject": "x"}, {"subject": "x"}):
        assert api.post(at, wrong).status_code == 400
    assert as_(charlie).post(at, {"message": message.pk, "subject": "x"}).status_code == 404


def test_a_checklist_is_written_and_ticked(as_, alice, bob, charlie, ticket, schema):  # noqa: F811
    api, at = as_(alice), f"/api/v1/tickets/{ticket.pk}/checklist/"
    items = api.post(at, {"text": "- Call\n- Write\n- Ask"}).json()["items"]
    assert [item["text"] for item in items] == ["Call", "Write", "Ask"]
    ticked = as_(bob).patch(f"{at}{items[2]['id']}/", {"is_done": True, "move": -2, "text": "Ask first"}).json()
    assert (ticked["text"], ticked["is_done"], ticked["done_by"]["name"]) == ("Ask first", True, "Bob Bakker")
    answer = api.get(at).json()
    promised(schema, "tickets/{number}/checklist/", "get", 200).validate(answer)
    assert ([item["text"] for item in answer["items"]], answer["done"]) == (["Ask first", "Call", "Write"], 1)
    assert len(api.post(f"{at}{items[0]['id']}/remove/").json()["items"]) == 2
    assert api.patch(f"{at}{items[0]['id']}/", {"is_done": True}).status_code == 404
    assert api.post(at, {"text": "\n".join(map(str, range(60)))}).status_code == 400
    assert as_(charlie).get(at).status_code == 404
    assert as_(charlie).patch(f"{at}{items[1]['id']}/", {"is_done": True}).status_code == 404


def test_the_trash_is_a_view_and_only_reading_and_restoring_is_done_there(as_, alice, charlie, ticket):
    api, at = as_(alice), f"/api/v1/tickets/{ticket.pk}/"
    assert api.post(f"{at}trash/").json()["trashed_at"] is not None
    assert api.get("/api/v1/tickets/").json()["results"] == []
    for query in ("view=trash", "q=in:trash"):
        assert [row["number"] for row in api.get(f"/api/v1/tickets/?{query}").json()["results"]] == [ticket.pk]
        assert as_(charlie).get(f"/api/v1/tickets/?{query}").json()["results"] == []
    assert api.get(at).json()["number"] == ticket.pk
    assert as_(charlie).get(at).status_code == 404
    assert api.patch(at, {"priority": 4}).status_code == 404
    assert api.post(f"{at}messages/", {"body": "Hello"}).status_code == 404
    assert as_(charlie).post(f"{at}restore/").status_code == 404
    for _ in range(2):
        assert api.post(f"{at}restore/").json()["trashed_at"] is None
    assert len(api.get("/api/v1/tickets/").json()["results"]) == 1
