"""From hand to hand: taken, handed over with a word, worked on together, left again; each said once."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    assign_ticket,
    invite_agent,
    join_ticket,
    leave_ticket,
    post_message,
    release_ticket,
    resolve_ticket,
    take_chat,
    transfer_ticket,
)
from tickets.models import Collaborator, Ticket


def test_whoever_takes_a_chat_has_it_and_the_customer_learns_who_came(chat_ticket, alice, workshop):
    take_chat(chat_ticket, by=alice)
    assert log(chat_ticket, after=2) == ["ticket.assigned", "agent.joined*"]
    assert chat_ticket.events.get(type="ticket.assigned").data == {
        "user": {"from": None, "to": "Alice Arden", "id": alice.pk},
        "team": {"from": "Workshop", "to": "Workshop", "id": workshop.pk},
        "reason": "accepted",
    }
    assert again(chat_ticket).assignee == alice
    assert again(chat_ticket).waiting_since is not None, "she came; she has not answered yet"
    take_chat(chat_ticket, by=alice)
    assert len(log(chat_ticket, after=2)) == 2
    check_log(chat_ticket)


def test_what_somebody_has_cannot_be_taken_and_one_is_told_who(chat_ticket, alice, bob):
    take_chat(chat_ticket, by=alice)
    with pytest.raises(ValidationError) as refused:
        take_chat(chat_ticket, by=bob)
    assert (refused.value.code, refused.value.messages) == ("conflict", ["Alice has it."])
    assert again(chat_ticket).assignee == alice


def test_only_a_chat_that_goes_on_can_be_taken(ticket, chat_ticket, alice):
    resolve_ticket(chat_ticket, by=None, root_cause=None)
    for what, code in ((ticket, "invalid"), (chat_ticket, "closed")):
        with pytest.raises(ValidationError) as refused:
            take_chat(what, by=alice)
        assert refused.value.code == code


def test_handing_over_to_somebody_says_it_with_the_note_in_one_event(ticket, alice, bob, workshop):
    assign_ticket(ticket, by=alice, user=alice)
    transfer_ticket(ticket, by=alice, user=bob, note=" She needs it\non Monday. ")
    assert log(ticket, after=3) == ["ticket.handed_over"]
    assert last(ticket).data == {
        "user": {"from": "Alice Arden", "to": "Bob Bakker", "id": bob.pk},
        "team": {"from": "Workshop", "to": "Workshop", "id": workshop.pk},
        "note": "She needs it on Monday.",
    }
    assert again(ticket).assignee == bob
    transfer_ticket(ticket, by=alice, user=bob, note="Once more")  # a second click
    assert len(log(ticket, after=3)) == 1
    check_log(ticket)


def test_a_chat_handed_to_a_team_is_nobodys_and_waits_for_us_again(chat_ticket, alice, shop):
    post_message(chat_ticket, by=alice, body="Let me ask the shop.")
    assert again(chat_ticket).waiting_since is None
    transfer_ticket(chat_ticket, by=alice, team=shop)
    after = again(chat_ticket)
    assert (after.assignee, after.team) == (None, shop)
    assert after.waiting_since is not None
    assert after.answer_due_at > after.waiting_since


def test_a_letter_handed_to_a_team_does_not_wait_for_us_if_it_did_not_before(ticket, alice, shop):
    post_message(ticket, by=alice, body="We will see to it.")
    transfer_ticket(ticket, by=alice, team=shop)
    assert again(ticket).waiting_since is None


def test_handing_over_needs_somebody_who_works_here_and_a_ticket_that_goes_on(ticket, alice, bob, shop):
    bob.is_active = False
    bob.save()
    for whom in ({}, {"user": alice, "team": shop}, {"user": bob}):
        with pytest.raises(ValidationError) as refused:
            transfer_ticket(ticket, by=alice, **whom)
        assert refused.value.code == "invalid"
    resolve_ticket(ticket, by=alice, root_cause=None)
    with pytest.raises(ValidationError, match="Reopen it first"):
        transfer_ticket(ticket, by=alice, team=shop)


def test_whoever_is_asked_in_sees_it_from_then_on_and_joins_once(ticket, alice, charlie):
    def sees() -> bool:
        return Ticket.objects.visible_to(charlie).filter(pk=ticket.pk).exists()

    assert not sees()
    for _ in range(2):
        invite_agent(ticket, by=alice, user=charlie, note="You know these tyres.")
    assert sees()
    assert log(ticket, after=2) == ["agent.invited"]
    assert last(ticket).data == {
        "user": {"id": charlie.pk, "name": "Charlie Chen"},
        "note": "You know these tyres.",
    }
    for _ in range(2):
        join_ticket(ticket, by=charlie)
    assert log(ticket, after=3) == ["agent.joined*"]
    invited = Collaborator.objects.get(ticket=ticket)
    assert (invited.invited_by, invited.joined_at is not None) == (alice, True)
    check_log(ticket)


def test_leaving_is_said_to_the_customer_only_if_coming_was(ticket, alice, charlie):
    invite_agent(ticket, by=alice, user=charlie)
    assert leave_ticket(ticket, by=charlie)  # says no
    invite_agent(ticket, by=alice, user=charlie)
    join_ticket(ticket, by=charlie)
    assert leave_ticket(ticket, by=charlie)
    assert not leave_ticket(ticket, by=charlie)
    said = ["agent.invited", "agent.left", "agent.invited", "agent.joined*", "agent.left*"]
    assert log(ticket, after=2) == said
    assert not Ticket.objects.visible_to(charlie).filter(pk=ticket.pk).exists()


def test_an_invitation_can_be_taken_back(ticket, alice, charlie):
    invite_agent(ticket, by=alice, user=charlie)
    assert leave_ticket(ticket, by=alice, user=charlie)
    assert last(ticket).data == {"user": {"id": charlie.pk, "name": "Charlie Chen"}}
    assert not Ticket.objects.visible_to(charlie).filter(pk=ticket.pk).exists()


def test_nobody_is_asked_into_what_they_have_or_asks_themselves(ticket, alice, bob):
    assign_ticket(ticket, by=alice, user=bob)
    assert invite_agent(ticket, by=alice, user=bob) is None
    assert join_ticket(ticket, by=bob) is None
    with pytest.raises(ValidationError, match="here already"):
        invite_agent(ticket, by=alice, user=alice)
    bob.is_active = False
    bob.save()
    with pytest.raises(ValidationError, match="no longer works here"):
        invite_agent(ticket, by=alice, user=bob)
    assert log(ticket, after=2) == ["ticket.assigned"]


def test_one_may_join_without_being_asked(ticket, lea):
    join_ticket(ticket, by=lea)
    assert log(ticket, after=2) == ["agent.joined*"]


def test_what_nobody_has_is_not_taken_from_anybody(ticket, alice):
    assign_ticket(ticket, by=alice, user=alice)
    for _ in range(2):
        release_ticket(ticket, by=None, reason="vanished")
    assert log(ticket, after=3) == ["ticket.assigned"]
    assert last(ticket).data["reason"] == "vanished"
    assert last(ticket).data["user"] == {"from": "Alice Arden", "to": None, "id": None}


def test_who_has_left_the_company_can_do_none_of_it(chat_ticket, alice, bob, shop):
    alice.is_active = False
    alice.save()
    for act in (
        lambda: take_chat(chat_ticket, by=alice),
        lambda: transfer_ticket(chat_ticket, by=alice, team=shop),
        lambda: invite_agent(chat_ticket, by=alice, user=bob),
        lambda: join_ticket(chat_ticket, by=alice),
        lambda: leave_ticket(chat_ticket, by=alice),
        lambda: release_ticket(chat_ticket, by=alice, reason="x"),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert log(chat_ticket, after=2) == []


@pytest.mark.parametrize(
    ("door", "body", "status"),
    [
        ("transfer", {"to": "user:{bob}", "note": "Yours"}, 303),
        ("transfer", {"to": "team:{shop}"}, 303),
        ("transfer", {"to": "team:0"}, 422),
        ("transfer", {"to": "user:٣"}, 422),
        ("transfer", {"to": "desk:1"}, 422),
        ("transfer", {}, 422),
        ("invite", {"user": "{charlie}", "note": "Please"}, 303),
        ("invite", {"user": "x"}, 422),
    ],
)
def test_the_forms_on_the_page(client, ticket, alice, bob, charlie, shop, door, body, status):
    client.force_login(alice)
    known = {"bob": bob.pk, "shop": shop.pk, "charlie": charlie.pk}
    filled = {name: value.format(**known) for name, value in body.items()}
    assert client.post(f"/tickets/{ticket.number}/{door}/", filled).status_code == status
    assert (last(ticket).type in ("ticket.handed_over", "agent.invited")) is (status == 303)


def test_an_invitation_is_answered_on_the_page(client, ticket, alice, charlie):
    client.force_login(charlie)
    where = f"/tickets/{ticket.number}"
    assert client.post(f"{where}/join/").status_code == 404, "not asked, not theirs"
    invite_agent(ticket, by=alice, user=charlie)
    assert client.post(f"{where}/join/")["Location"] == f"{where}/"
    gone = client.post(f"{where}/leave/")
    assert (gone.status_code, gone["Location"]) == (303, "/inbox/")
    assert client.get(f"{where}/").status_code == 404
