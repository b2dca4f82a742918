"""Offers and approvals, for programs."""

from __future__ import annotations

import pytest

from recovery.models import Offer
from tests.api.test_schema import promised, schema  # noqa: F401  (a fixture)
from tests.recovery.offering import failed, sent

SAID = {"words": "The wrong tyre\n\nSorry.", "options": [{"kind": "credit", "words": "20 back", "value": "20"}]}


@pytest.fixture
def at(ticket, alice) -> str:
    failed(ticket, alice)
    return f"/api/v1/tickets/{ticket.pk}/offers/"


def test_an_offer_is_drafted_sent_and_withdrawn(as_, alice, charlie, at, schema):  # noqa: F811
    api = as_(alice)
    answer = api.post(at, SAID)
    assert answer.status_code == 201
    one = f"/api/v1/recovery/offers/{answer.json()['id']}/"
    assert api.post(f"{one}send/", {}).json()["state"] == "sent"
    told = api.get(one).json()
    promised(schema, "recovery/offers/{offer}/", "get", 200).validate(told)
    assert [entry["step"] for entry in told["ledger"]] == ["reserve"]
    listed = api.get("/api/v1/recovery/offers/", {"state": "sent"}).json()
    promised(schema, "recovery/offers/", "get", 200).validate(listed)
    assert [offer["id"] for offer in listed["results"]] == [told["id"]]
    assert api.get("/api/v1/recovery/offers/", {"ticket": 999}).json()["results"] == []
    assert api.post(f"{one}withdraw/", {"note": "A mistake"}).json()["state"] == "withdrawn"
    assert api.post(f"{one}send/", {}).status_code == 409
    assert as_(charlie).get(one).status_code == 404
    assert as_(charlie).post(f"{one}send/", {}).status_code == 404
    assert as_(charlie).get("/api/v1/recovery/offers/").json()["results"] == []


def test_beyond_the_limits_somebody_else_decides(as_, alice, lea, ticket, at, schema):  # noqa: F811
    wanted = SAID | {"options": [{"kind": "credit", "words": "60 back", "value": "60"}]}
    pk = as_(alice).post(at, wanted).json()["id"]
    one = f"/api/v1/recovery/offers/{pk}/"
    assert as_(alice).post(f"{one}send/", {}).json()["approval"]["reasons"] == ["€60.00 at once is more than €25.00."]
    assert as_(alice).get("/api/v1/recovery/approvals/").status_code == 403
    assert as_(alice).post(f"{one}approve/", {}).status_code == 403
    waiting = as_(lea).get("/api/v1/recovery/approvals/").json()
    promised(schema, "recovery/approvals/", "get", 200).validate(waiting)
    assert [one["offer"] for one in waiting["results"]] == [pk]
    assert as_(lea).post(f"{one}refuse/", {}).status_code == 400
    assert as_(lea).post(f"{one}refuse/", {"note": "Less"}).json()["state"] == "draft"
    as_(alice).post(f"{one}send/", {})
    assert as_(lea).post(f"{one}approve/", {}).json()["state"] == "sent"


def test_done_is_said_of_what_was_accepted(as_, alice, ticket):
    offer = sent(failed(ticket, alice), alice, "10")
    assert as_(alice).post(f"/api/v1/recovery/offers/{offer.pk}/done/", {}).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": []},
        {"options": [SAID["options"][0]] * 4},
        {"options": [{"kind": "bribe", "words": "x", "value": "1"}]},
        {"options": [{"kind": "credit", "words": "", "value": "1"}]},
        {"options": [{"kind": "credit", "words": "x", "value": "1", "remedy": 999}]},
        *({"options": [{"kind": "credit", "words": "x", "value": value}]} for value in
          ("NaN", "1e400", "-1", "0.001", "99999999999999999999", "150.01", None, [], {"a": 1})),
        {"words": ""},
        {"words": "x" * 5001},
        {"currency": "euro"},
        {"currency": "USD"},
        {"is_commercial": "perhaps"},
        {"offer": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(as_, alice, at, wrong):
    assert as_(alice).post(at, SAID | wrong).status_code == 400
    assert not Offer.objects.exists()


def test_a_commercial_offer_says_so(as_, alice, at):
    assert as_(alice).post(at, SAID | {"currency": "EUR", "is_commercial": True}).json()["is_commercial"] is True
