"""What is told, what was promised on a ticket, a breather, and what was no hassle: by the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery.models import HassleDismissal, Telling, TellingRow
from tickets.actions import assign_ticket, transfer_ticket
from tickets.actions.promises import Terms, give_promise
from tickets.models import Event, PromiseRun, RootCause

pytestmark = pytest.mark.django_db


@pytest.fixture
def telling(ticket, carla, dora, sue) -> Telling:
    now = timezone.now()
    cause = RootCause.objects.create(
        name="Wrong size", slug="wrong-size", change="We measure twice.", fixed_at=now, state="fixed"
    )
    found = Telling.objects.create(cause=cause, by=sue, words="We measure twice.", since=now, send_at=now)
    rows = [(carla, "told", now), (dora, "left_out", now)]
    for customer, state, at in rows:
        TellingRow.objects.create(telling=found, customer=customer, ticket=ticket, state=state, done_at=at)
    return found


# --- Tellings ---
def test_who_was_told_is_counted_and_not_named(as_, sue, telling, carla):
    (one,) = as_(sue).get("/api/v1/recovery/tellings/").json()["results"]
    assert (one["root_cause"], one["words"], one["told"], one["waiting"], one["left_out"]) == (
        "wrong-size",
        "We measure twice.",
        1,
        0,
        1,
    )
    assert one == as_(sue).get(f"/api/v1/recovery/tellings/{telling.pk}/").json()
    assert carla.name not in str(one)


def test_a_mail_on_its_way_is_waited_for(as_, sue, telling):
    TellingRow.objects.filter(state="told").update(done_at=None)
    one = as_(sue).get(f"/api/v1/recovery/tellings/{telling.pk}/").json()
    assert (one["told"], one["waiting"]) == (0, 1)


def test_tellings_reach_over_all_teams_so_agents_and_leads_do_not_see_them(as_, alice, lea, telling):
    for user in (alice, lea):
        assert as_(user).get("/api/v1/recovery/tellings/").status_code == 403
        assert as_(user).get(f"/api/v1/recovery/tellings/{telling.pk}/").status_code == 403


# --- Promises ---
def test_what_was_promised_on_a_ticket(as_, alice, charlie, ticket):
    given = give_promise(by=None, words="Ten minutes", terms=Terms("next_answer", 10))
    began, now = ticket.events.latest("seq"), timezone.now()
    PromiseRun.objects.create(
        promise=given, ticket=ticket, began=began, began_at=now, due_at=now, broken_at=now, state="broken"
    )
    address = f"/api/v1/tickets/{ticket.pk}/promises/"
    (one,) = as_(alice).get(address).json()["results"]
    assert (one["promise"], one["words"], one["measure"]) == (given.pk, "Ten minutes", "next_answer")
    assert (one["state"], one["is_paused"], one["ended_at"]) == ("broken", False, None)
    assert as_(charlie).get(address).status_code == 404
    PromiseRun.objects.update(due_at=None, left=timedelta(minutes=3), state="running", broken_at=None)
    assert as_(alice).get(address).json()["results"][0]["is_paused"]


# --- A breather ---
def test_a_breather_is_taken_and_ended_by_whoever_takes_it(as_, alice, bob):
    mine, theirs = as_(alice), as_(bob)
    assert mine.get("/api/v1/breather/").json() == {"until": None}
    taken = mine.post("/api/v1/breather/", {"minutes": 10}).json()
    alice.refresh_from_db()
    assert alice.breather_until is not None
    assert taken["until"].startswith(alice.breather_until.strftime("%Y-%m-%dT%H:%M"))
    assert theirs.get("/api/v1/breather/").json() == {"until": None}
    assert mine.post("/api/v1/breather/end/").json() == {"until": None}
    assert mine.post("/api/v1/breather/end/").json() == {"until": None}


@pytest.mark.parametrize("body", [{}, {"minutes": 7}, {"minutes": 0}, {"minutes": "x"}, {"minutes": 5, "user": 1}])
def test_no_other_length_and_nobody_elses(as_, alice, body):
    assert as_(alice).post("/api/v1/breather/", body).status_code == 400
    alice.refresh_from_db()
    assert alice.breather_until is None


# --- What was no hassle ---
def test_what_was_no_hassle_is_dismissed_and_counted_again(as_, alice, bob, charlie, ticket):
    assign_ticket(ticket, by=alice, user=alice, team=ticket.team)
    transfer_ticket(ticket, by=alice, user=bob)
    event = Event.objects.filter(ticket=ticket, type="ticket.handed_over").latest("seq")
    address, said = f"/api/v1/tickets/{ticket.pk}/hassle/", {"part": "transfer", "seq": event.seq}
    mine = as_(alice)
    assert mine.post(address, said).status_code == 400  # it takes a reason
    gap = mine.post(address, said | {"reason": "Same desk"}).json()
    assert (gap["hassle"], gap["parts"][0]["evidence"][0]["dismissed"]) == ("0.0000", "Same desk")
    assert mine.get(f"/api/v1/tickets/{ticket.pk}/failure/").json() == gap
    again = mine.post(address, said | {"is_dismissed": False}).json()
    assert again["parts"][0]["evidence"][0]["dismissed"] is None
    assert not HassleDismissal.objects.exists()
    assert as_(charlie).post(address, said | {"reason": "No"}).status_code == 404
    assert mine.post(address, said | {"seq": 999_999, "reason": "No"}).status_code == 404
