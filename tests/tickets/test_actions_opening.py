"""Conversations begin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Calendar
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import open_ticket, opening
from tickets.actions.posting import find_posted
from tickets.models import Event, Message, Ticket
from tickets.models.ticket import REFERENCE_LENGTH


def test_a_customers_first_message_opens_a_waiting_ticket(carla, workshop, desk_row):
    before = timezone.now()
    ticket = open_ticket(carla, by=carla, subject="Tyre", body="It is wrong", channel="email", team=workshop)
    ticket = again(ticket)
    assert log(ticket) == ["ticket.opened*", "message.posted*"]
    assert (ticket.last_seq, ticket.public_last_seq) == (2, 2)
    assert (ticket.status, ticket.priority, ticket.channel, ticket.team) == ("open", 2, "email", workshop)
    assert (ticket.subject, ticket.preview) == ("Tyre", "It is wrong")
    assert before <= ticket.waiting_since <= timezone.now()
    assert ticket.answer_due_at == ticket.waiting_since + timedelta(minutes=desk_row.promise_minutes)
    assert ticket.first_answered_at is None
    assert len(ticket.reference) == REFERENCE_LENGTH
    opened = Event.objects.get(ticket=ticket, seq=1)
    assert (opened.by_customer, opened.data) == (carla, {"channel": "email"})
    check_log(ticket)


def test_an_agents_first_message_makes_nobody_wait_and_answers_nobody(carla, alice, desk_row):
    ticket = again(open_ticket(carla, by=alice, subject="Rim", body="It is here", channel="email"))
    assert (ticket.waiting_since, ticket.first_answered_at) == (None, None)
    assert ticket.messages.get().by_user == alice
    assert ticket.follow_ups.get().kind == "unseen_answers"


def test_what_a_caller_said_is_a_note_and_the_next_word_is_the_first_answer(carla, alice, desk_row):
    from tickets.actions import post_message

    ticket = open_ticket(carla, by=alice, subject="Rim", body="Wants a rim", channel="phone", kind="note")
    assert log(ticket) == ["ticket.opened*", "message.posted"]
    assert not ticket.follow_ups.exists()
    post_message(ticket, by=alice, body="It is here")
    assert again(ticket).first_answered_at is not None


@pytest.mark.parametrize("by", ["carla"])
def test_a_customer_opens_with_no_note(request, carla, by, desk_row):
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied):
        open_ticket(carla, by=carla, body="Words", channel="form", kind="note")
    assert not Ticket.objects.exists()


def test_the_site_gives_its_team_and_its_opening_hours(carla, site, workshop, shop):
    site.calendar = Calendar.objects.create(name="Never on this day", hours={"0": [["09:00", "17:00"]]})
    site.save()
    saturday = timezone.now().replace(year=2026, month=11, day=21, hour=10)
    ticket = open_ticket(carla, by=carla, body="Hello", channel="chat", site=site, at=saturday)
    assert ticket.team == workshop
    assert again(ticket).answer_due_at.isoformat() == "2026-11-23T09:10:00+00:00"
    assert open_ticket(carla, by=carla, body="Hello", channel="chat", site=site, team=shop).team == shop


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("", "First line\nsecond", "First line"),
        ("  ", "\n\n Words  with   room ", "Words with room"),
        ("", "w" * 200, "w" * 80 + " …"),
        ("", "word " * 40, "word " * 16 + "…"),
        ("s" * 300, "Words", "s" * 200),
        ("a\nb\x00c", "Words", "a bc"),
        ("\ud800", "Words", "?"),
    ],
)
def test_a_subject_is_one_line_and_there_always_is_one(carla, desk_row, subject, body, expected):
    assert open_ticket(carla, by=carla, subject=subject, body=body, channel="form").subject == expected


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"body": " \n\x00 "}, "empty"),
        ({"body": "w" * 20_001}, "too_long"),
        ({"channel": "pigeon"}, "invalid"),
        ({"priority": 0}, "invalid"),
        ({"priority": 5}, "invalid"),
        ({"client_id": "c" * 65}, "invalid"),
        ({"client_id": "c\x00"}, "invalid"),
        ({"client_id": "c\ud800"}, "invalid"),
        ({"tags": [str(number) for number in range(21)]}, "invalid"),
    ],
)
def test_what_cannot_be_opens_nothing(carla, desk_row, wrong, code):
    with pytest.raises(ValidationError) as refused:
        open_ticket(**{"customer": carla, "by": carla, "body": "Words", "channel": "form"} | wrong)
    assert refused.value.code == code
    assert not Ticket.objects.exists()


def test_asking_twice_opens_once(carla, dora, desk_row):
    first, second = (open_ticket(carla, by=carla, body="Words", channel="chat", client_id="c1") for _ in range(2))
    assert first == second
    assert open_ticket(dora, by=dora, body="Words", channel="chat", client_id="c1") != first
    assert Message.objects.count() == 2


def test_a_twin_that_was_stored_since_we_looked_leaves_no_empty_ticket(carla, desk_row, monkeypatch):
    first = open_ticket(carla, by=carla, body="Words", channel="chat", client_id="c1")
    too_early = [{}]  # what the first look sees; the others see what is there
    monkeypatch.setattr(opening, "find_posted", lambda *asked: too_early.pop() if too_early else find_posted(*asked))
    assert open_ticket(carla, by=carla, body="Words", channel="chat", client_id="c1") == first
    assert Ticket.objects.count() == 1


def test_the_same_id_with_other_words_is_a_conflict(carla, desk_row):
    open_ticket(carla, by=carla, body="Words", channel="chat", client_id="c1")
    with pytest.raises(ValidationError) as refused:
        open_ticket(carla, by=carla, body="Other words", channel="chat", client_id="c1")
    assert refused.value.code == "conflict"
    assert Ticket.objects.count() == 1


def test_tags_priority_and_time_are_as_asked(carla, desk_row):
    at = timezone.now() - timedelta(days=40)
    ticket = again(
        open_ticket(carla, by=carla, body="Words", channel="api", priority=4, tags=["Tyre", "tyre", "x"], at=at)
    )
    assert (ticket.priority, ticket.created_at, ticket.updated_at, ticket.waiting_since) == (4, at, at, at)
    assert [tag.name for tag in ticket.tags.all()] == ["tyre", "x"]
    assert last(ticket).at == at


def test_references_are_not_guessed_from_each_other(carla, desk_row):
    references = {open_ticket(carla, by=carla, body="Words", channel="form").reference for _ in range(50)}
    assert len(references) == 50
    assert len({reference[:4] for reference in references}) > 45
