"""The company's own fields and statuses by the API."""

from __future__ import annotations

import pytest

from customers.models import Customer
from tickets.actions.shaping import archive_field, create_field, create_status
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def size(sue, workshop):
    return create_field(by=sue, name="Size", kind="choice", team=workshop, is_needed=True, options=["Small", "Large"])


def test_fields_and_statuses_are_listed(as_, alice, sue, size):
    create_status(by=sue, name="Waiting for parts", status="on_hold")
    old = create_field(by=sue, name="Old", kind="text")
    archive_field(old, by=sue, is_archived=True)
    (field,) = as_(alice).get("/api/v1/fields/").json()["results"]
    assert (field["slug"], field["kind"], field["team"]["slug"], field["is_needed"]) == (
        "size",
        "choice",
        "workshop",
        True,
    )
    assert [option["key"] for option in field["options"]] == ["small", "large"]
    (status,) = as_(alice).get("/api/v1/statuses/").json()["results"]
    assert (status["name"], status["status"]) == ("Waiting for parts", "on_hold")


def test_a_patch_fills_what_it_names(as_, alice, ticket, size, sue):
    create_field(by=sue, name="Weight", kind="number")
    create_field(by=sue, name="Warranty", kind="yes_no")
    url = f"/api/v1/tickets/{ticket.number}/"
    answer = patch(as_, alice, url, {"fields": {"size": "Large", "weight": 12.5, "warranty": False}})
    assert answer.json()["fields"] == {"size": "large", "weight": "12.5", "warranty": False}
    answer = patch(as_, alice, url, {"fields": {"weight": None}})
    assert answer.json()["fields"] == {"size": "large", "warranty": False}


def test_a_ticket_is_opened_with_what_is_filled(as_, alice, workshop, size, sue, desk_row):
    create_field(by=sue, name="Weight", kind="number")
    wanted = {"customer": {"email": "eve@example.org"}, "subject": "Bell", "body": "Hello", "team": workshop.pk}
    answer = as_(alice).post("/api/v1/tickets/", wanted | {"fields": {"size": "Large", "weight": 12.5}}, format="json")
    assert answer.status_code == 201, answer.json()
    assert answer.json()["fields"] == {"size": "large", "weight": "12.5"}
    filled = Event.objects.filter(type="field.changed")
    assert {event.by_user for event in filled} == {alice}


WRONG = [{"size": "Huge"}, {"nothing": 1}, {"size": ["small"]}, {"size": {"a": 1}}, {"weight": True}, {"weight": 1e300}]


@pytest.mark.parametrize("fields", [*WRONG, [], "x", None, {str(number): 1 for number in range(101)}, {"size": "\x00"}])
def test_what_is_wrong_changes_nothing(as_, alice, ticket, size, sue, fields):
    create_field(by=sue, name="Weight", kind="number")
    answer = patch(as_, alice, f"/api/v1/tickets/{ticket.number}/", {"priority": 4, "fields": fields})
    if fields == {"size": "\x00"}:  # NUL is nothing, and nothing was there
        assert answer.status_code in (200, 400)
        return
    assert answer.status_code == 400
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.fields) == (2, {})


@pytest.mark.parametrize("fields", [*WRONG, [], "x", None, {str(number): 1 for number in range(101)}])
def test_nothing_is_opened_with_what_is_wrong(as_, alice, workshop, size, sue, desk_row, fields):
    create_field(by=sue, name="Weight", kind="number")
    wanted = {"customer": {"email": "eve@example.org"}, "subject": "Bell", "body": "Hello", "team": workshop.pk}
    answer = as_(alice).post("/api/v1/tickets/", wanted | {"fields": fields}, format="json")
    assert answer.status_code == 400
    assert not Ticket.objects.exists()
    assert not Customer.objects.filter(addresses__email="eve@example.org").exists()


def test_a_status_of_ones_own_brings_its_status(as_, alice, ticket, sue):
    parts = create_status(by=sue, name="Waiting for parts", status="on_hold")
    url = f"/api/v1/tickets/{ticket.number}/"
    said = patch(as_, alice, url, {"named_status": parts.pk}).json()
    assert (said["status"], said["named_status"]["name"]) == ("on_hold", "Waiting for parts")
    said = patch(as_, alice, url, {"named_status": None}).json()
    assert (said["status"], said["named_status"]) == ("on_hold", None)
    assert patch(as_, alice, url, {"status": "open", "named_status": parts.pk}).status_code == 400
    assert patch(as_, alice, url, {"named_status": 999_999}).status_code == 400


def test_solving_says_what_is_missing_and_takes_a_word(as_, alice, ticket, size, sue):
    refunded = create_status(by=sue, name="Refunded", status="solved")
    url = f"/api/v1/tickets/{ticket.number}/"
    wanted = {"root_cause": "none", "named_status": refunded.pk}
    refused = as_(alice).post(f"{url}resolve/", wanted, format="json")
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "needed"
    assert "Size" in refused.json()["error"]["detail"]
    patch(as_, alice, url, {"fields": {"size": "small"}})
    solved = as_(alice).post(f"{url}resolve/", wanted, format="json").json()
    assert (solved["status"], solved["named_status"]["name"]) == ("solved", "Refunded")
    assert Ticket.objects.get(pk=ticket.pk).named_status == refunded


def test_charlie_fills_nothing(as_, charlie, ticket, size):
    assert patch(as_, charlie, f"/api/v1/tickets/{ticket.number}/", {"fields": {"size": "small"}}).status_code == 404


def patch(as_, user, url: str, wanted):
    return as_(user).patch(url, wanted, format="json")
