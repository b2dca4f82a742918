"""What went wrong on a ticket, for programs."""

from __future__ import annotations

import pytest

from recovery.actions import mark_hassle
from recovery.models import Failure, HassleMark
from tests.api.test_schema import promised, schema  # noqa: F401  (a fixture)
from tickets.actions import link_ticket, open_ticket

SAID = {"kind": "product", "severity": 3, "value": "59.90", "currency": "EUR", "loss": "3", "is_our_fault": True}


def test_a_failure_is_noted_read_and_taken_back(as_, alice, charlie, ticket, schema):  # noqa: F811
    api, at = as_(alice), f"/api/v1/tickets/{ticket.pk}/failure/"
    assert api.get(at).json()["failure"] is None
    made = api.post(at, SAID).json()
    assert (made["failure"]["value"], made["total"], made["suggested"], made["cap"]) == (
        "59.9000",
        "3.0000",
        "4.0000",
        "89.8500",
    )
    answer = api.get(at).json()
    promised(schema, "tickets/{number}/failure/", "get", 200).validate(answer)
    assert as_(charlie).get(at).status_code == 404
    assert as_(charlie).post(at, SAID).status_code == 404
    assert api.post(f"{at}withdraw/").json()["failure"] is None
    assert api.post(f"{at}withdraw/").status_code == 200


def test_without_a_loss_it_goes_by_severity(as_, alice, ticket):
    said = {name: value for name, value in SAID.items() if name != "loss"}
    as_(alice).post(f"/api/v1/tickets/{ticket.pk}/failure/", said)
    assert str(Failure.objects.get().loss) == "29.9500"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "weather"},
        {"severity": 0},
        {"severity": "grave"},
        {"value": "-1"},
        {"value": "NaN"},
        {"value": "1e99"},
        {"loss": "60"},
        {"currency": "euro"},
        {"currency": "JPY"},
        {"is_our_fault": "perhaps"},
        {"note": 7},
        {"cause": "weather"},
    ],
)
def test_what_cannot_be_is_refused(as_, alice, ticket, wrong):
    assert as_(alice).post(f"/api/v1/tickets/{ticket.pk}/failure/", SAID | wrong).status_code == 400
    assert not Failure.objects.exists()


def test_a_trip_is_marked_and_unmarked(as_, alice, charlie, ticket, schema, carla):  # noqa: F811
    api = as_(alice)
    at = f"/api/v1/tickets/{ticket.pk}/messages/{ticket.messages.get().pk}/hassle/"
    answer = api.post(at, {"part": "trip"}).json()
    promised(schema, "tickets/{number}/messages/{id}/hassle/", "post", 200).validate(answer)
    (part,) = answer["parts"]
    assert (part["part"], part["amount"], part["evidence"][0]["seq"]) == ("trip", "15.0000", 2)
    assert api.post(at, {"part": "waiting"}).status_code == 400
    assert as_(charlie).post(at, {"part": "trip"}).status_code == 404
    other = open_ticket(carla, by=carla, body="Another", channel="email", team=ticket.team)
    foreign = f"/api/v1/tickets/{ticket.pk}/messages/{other.messages.get().pk}/hassle/"
    assert api.post(foreign, {"part": "trip"}).status_code == 404
    assert api.post(at, {"part": "trip", "is_marked": False}).json()["parts"] == []
    assert not HassleMark.objects.exists()


def test_what_happened_elsewhere_counts_but_is_not_shown(as_, alice, sue, ticket, carla, shop):
    theirs = open_ticket(carla, by=carla, body="A secret", channel="email", team=shop)
    link_ticket(ticket, by=sue, other=theirs, kind="duplicate")
    mark_hassle(theirs.messages.get(), by=sue, part="trip")
    (part,) = as_(alice).get(f"/api/v1/tickets/{ticket.pk}/failure/").json()["parts"]
    assert (part["amount"], part["evidence"]) == ("15.0000", [])
