"""Hard conversations: abuse is noted, answered by a macro, and whoever read it is offered a pause."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.actions import take_breather
from accounts.models import User
from tickets.actions import post_message, resolve_ticket
from tickets.actions.abuse import mark_abuse
from tickets.actions.macros import apply_steps
from tickets.actions.reaching import push_to
from tickets.actions.standard_macros import CALMS, add_standard_macros
from tickets.models import Event, Macro, Notification, Ticket

pytestmark = pytest.mark.django_db
OFFER = "That was a hard one."


def page(client, user, ticket: Ticket) -> str:
    client.force_login(user)
    return client.get(f"/tickets/{ticket.number}/").content.decode()


def test_abuse_is_noted_once_for_what_was_said(ticket, alice, bob, carla):
    assert mark_abuse(ticket, by=alice) is not None
    assert mark_abuse(ticket, by=bob) is None
    post_message(ticket, by=carla, body="Once more")
    assert mark_abuse(ticket, by=alice) is not None
    assert not Event.objects.filter(type="abuse.marked", is_public=True).exists()


def test_customers_note_nothing(ticket, carla):
    with pytest.raises(PermissionDenied):
        mark_abuse(ticket, by=carla)


def test_the_macro_answers_and_notes(client, ticket, alice, lea, desk_row):
    calm, _stop = add_standard_macros(by=lea)
    apply_steps(ticket, by=alice, client_id="once", macros=[calm.pk], steps=calm.steps)
    assert Event.objects.get(type="abuse.marked").by_user == alice
    assert "noted abusive words" in page(client, lea, ticket)


def test_whoever_read_it_is_offered_a_pause_and_nobody_else(client, ticket, alice, bob):
    assert OFFER not in page(client, alice, ticket)
    mark_abuse(ticket, by=alice)
    assert OFFER in page(client, alice, ticket)
    assert OFFER not in page(client, bob, ticket)
    take_breather(alice, by=alice, minutes=5)
    assert OFFER not in page(client, alice, ticket)
    User.objects.update(breather_until=None)
    assert OFFER not in page(client, alice, ticket)  # they had one since


def test_it_is_offered_for_a_while_only(client, ticket, alice):
    mark_abuse(ticket, by=alice)
    Event.objects.filter(type="abuse.marked").update(at=timezone.now() - timedelta(minutes=31))
    assert OFFER not in page(client, alice, ticket)


@pytest.mark.parametrize(("score", "is_offered"), [(1, True), (2, True), (3, False)])
def test_a_bad_rating_of_ones_own_ticket(client, ticket, alice, bob, score, is_offered):
    Ticket.objects.filter(pk=ticket.pk).update(assignee=alice)
    last = Event.objects.filter(ticket=ticket).latest("seq")
    Event.objects.create(
        ticket=ticket,
        seq=last.seq + 1,
        public_prev=last.public_prev,
        type="rating.given",
        is_public=False,
        data={"score": score},
    )
    Ticket.objects.filter(pk=ticket.pk).update(last_seq=last.seq + 1)
    assert (OFFER in page(client, alice, ticket)) is is_offered
    assert OFFER not in page(client, bob, ticket)


def test_a_long_one_that_one_has_just_solved(client, ticket, alice, carla, monkeypatch):
    monkeypatch.setattr("tickets.queries.hardship.MANY_EVENTS", 5)
    for number in range(6):
        post_message(ticket, by=carla, body=f"And another thing {number}")
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert OFFER in page(client, alice, ticket)


def test_taking_it_there_takes_the_offer_away(client, alice):
    client.force_login(alice)
    answer = client.post("/settings/breather/", {"minutes": "5", "from": "hard"}, headers={"HX-Request": "true"})
    assert 'id="hard" hx-swap-oob="delete"' in answer.content.decode()


def test_colleagues_see_it_without_a_word_about_it(client, ticket, alice, bob):
    take_breather(bob, by=bob, minutes=10)
    assert "Bob Bakker (on a breather)" in page(client, alice, ticket)


def test_nothing_is_pushed_meanwhile(ticket, alice, bob, settings):
    post_message(ticket, by=bob, body="Look at this", kind="note")
    now = timezone.now()
    Notification.objects.get_or_create(
        user=alice, ticket=ticket, event=ticket.events.latest("seq"), defaults={"kind": "mentioned"}
    )
    Notification.objects.filter(user=alice).update(push_due_at=now - timedelta(seconds=1))
    take_breather(alice, by=alice, minutes=10)
    alice.refresh_from_db()
    assert push_to(alice) == 0
    assert Notification.objects.get(user=alice).push_due_at == alice.breather_until


def test_the_standard_macros_are_added_once_in_the_companys_language(client, lea, alice, desk_row):
    client.force_login(lea)
    assert "Add the standard macros" in client.get("/settings/macros/").content.decode()
    desk_row.language = "de"
    desk_row.save()
    for _twice in range(2):
        client.post("/settings/macros/standard/")
    macros = Macro.objects.filter(steps__contains=[CALMS])
    assert (macros.count(), {macro.owner for macro in macros}) == (2, {None})
    assert "I want to help" not in {macro.name for macro in macros}
    assert "/settings/macros/standard/" not in client.get("/settings/macros/").content.decode()
    client.force_login(alice)
    assert client.post("/settings/macros/standard/").status_code == 403
