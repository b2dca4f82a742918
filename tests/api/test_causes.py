"""Root causes, as programs read them."""

from __future__ import annotations

import pytest

from tickets.actions.causes import add_cause, archive_cause, look_after_cause

pytestmark = pytest.mark.django_db


def test_a_program_learns_what_a_ticket_can_be_solved_with(as_, alice, sue):
    delivery = add_cause(by=sue, name="Delivery")
    depot = add_cause(by=sue, name="Left at the depot", parent=delivery)
    archive_cause(add_cause(by=sue, name="Long ago"), by=sue, is_archived=True)
    look_after_cause(depot, by=sue, state="fixed", owner=alice, change="They ring first.")
    first, second = as_(alice).get("/api/v1/root-causes/").json()["results"]
    assert (first["slug"], first["parent"], first["state"], first["owner"]) == ("delivery", None, "open", None)
    assert (second["parent"], second["state"], second["change"]) == ("delivery", "fixed", "They ring first.")
    assert second["owner"] == {"id": alice.pk, "name": alice.name}
    assert second["fixed_at"] is not None
    assert as_(alice).get("/api/v1/root-causes/?q=x").status_code == 400
