"""Words on a ticket: what they change, when they are said twice, many at once, or too late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from tests.tickets.looking import again, check_log, last, log
from tickets.actions import Post, open_ticket, post_message, post_messages, resolve_ticket, set_status
from tickets.models import Event, Message, Ticket

# --- What they change ---


def test_an_answer_ends_the_waiting_and_the_first_one_is_remembered(ticket, alice, bob):
    before = timezone.now()
    post_message(ticket, by=alice, body="Sorry!")
    first = again(ticket)
    assert (first.waiting_since, first.answer_due_at) == (None, None)
    assert before <= first.first_answered_at <= timezone.now()
    post_message(ticket, by=bob, body="We look into it.")
    assert again(ticket).first_answered_at == first.first_answered_at
    assert again(ticket).preview == "We look into it."
    event = last(ticket)
    assert (event.type, event.seq, event.public_prev, event.prev, event.is_public) == ("message.posted", 4, 3, 3, True)
    assert (event.message.body, event.message.by_user, event.by_user) == ("We look into it.", bob, bob)


def test_a_note_is_the_teams_and_changes_nothing_for_the_customer(ticket, alice, carla):
    before = again(ticket)
    note = post_message(ticket, by=alice, body="She is right", kind="note")
    after = again(ticket)
    assert (after.last_seq, after.public_last_seq) == (3, 2)
    assert (after.waiting_since, after.preview, after.first_answered_at) == (before.waiting_since, before.preview, None)
    assert (last(ticket).is_public, last(ticket).public_prev) == (False, 2)
    assert note not in Message.objects.visible_to(carla)
    assert last(ticket) not in Event.objects.visible_to(carla)
    assert not ticket.follow_ups.exists()


def test_the_customers_clock_starts_with_their_first_unanswered_message(ticket, carla, alice):
    since = again(ticket).waiting_since
    post_message(ticket, by=carla, body="Hello?")
    assert again(ticket).waiting_since == since
    post_message(ticket, by=alice, body="Here")
    post_message(ticket, by=carla, body="Thanks, but")
    assert again(ticket).waiting_since > since


@pytest.mark.parametrize("status", ["pending", "on_hold"])
def test_a_customer_who_writes_needs_us_again(ticket, carla, alice, status):
    set_status(ticket, by=alice, status=status)
    post_message(ticket, by=carla, body="And?")
    assert log(ticket, after=3) == ["status.changed", "message.posted*"]
    changed = Event.objects.get(ticket=ticket, seq=4)
    assert (changed.data, changed.by_customer) == ({"from": status, "to": "open"}, carla)
    assert again(ticket).status == "open"
    check_log(ticket)


def test_the_system_writes_without_answering_for_us(ticket):
    post_message(ticket, by=None, body="We are closed until Monday.")
    assert again(ticket).waiting_since is not None
    assert again(ticket).first_answered_at is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("  a\r\nb\rc\x00d \n", "a\nb\rcd"),
        ("\ud83d half", "? half"),
        ("👩‍🚒 مرحبا", "👩‍🚒 مرحبا"),
        ("w" * 20_000, "w" * 20_000),
        ("line\r\n" * 4000, ("line\n" * 4000).strip()),
    ],
)
def test_words_are_kept_as_they_were_meant(ticket, carla, said, kept):
    assert post_message(ticket, by=carla, body=said).body == kept
    assert last(ticket).message.body == kept


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"body": ""}, "empty"),
        ({"body": " \x00\r\n"}, "empty"),
        ({"body": "w" * 20_001}, "too_long"),
        ({"kind": "shout"}, "invalid"),
        ({"client_id": "c" * 65}, "invalid"),
        ({"client_id": "\x00"}, "invalid"),
        ({"client_id": "\ud800"}, "invalid"),
        ({"client_id": "a\nb"}, "invalid"),
    ],
)
def test_what_cannot_be_said_changes_nothing(ticket, alice, wrong, code):
    with pytest.raises(ValidationError) as refused:
        post_message(ticket, **{"by": alice, "body": "Words"} | wrong)
    assert refused.value.code == code
    assert log(ticket) == ["ticket.opened*", "message.posted*"]


# --- Twice ---


def test_the_same_id_is_the_same_message(ticket, carla):
    first, second = (post_message(ticket, by=carla, body="Words", client_id="c1") for _ in range(2))
    assert first == second
    assert second.event.seq == 3
    assert again(ticket).last_seq == 3


def test_without_an_id_the_same_words_are_two_messages(ticket, carla):
    first, second = (post_message(ticket, by=carla, body="Words") for _ in range(2))
    assert first != second


@pytest.mark.parametrize("other", [{"body": "Other"}, {"kind": "note"}])
def test_the_same_id_for_something_else_is_a_conflict(ticket, alice, other):
    post_message(ticket, by=alice, body="Words", client_id="c1")
    with pytest.raises(ValidationError) as refused:
        post_message(ticket, **{"by": alice, "body": "Words", "client_id": "c1"} | other)
    assert refused.value.code == "conflict"
    assert again(ticket).last_seq == 3


def test_an_id_is_its_authors_own(ticket, carla, alice, bob):
    said = {post_message(ticket, by=by, body="Words", client_id="c1").pk for by in (carla, alice, bob)}
    assert len(said) == 3


def test_an_id_used_on_another_ticket_answers_that_message(ticket, chat_ticket, carla):
    first = post_message(ticket, by=carla, body="Words", client_id="c1")
    assert post_message(chat_ticket, by=carla, body="Words", client_id="c1") == first
    assert again(chat_ticket).last_seq == 2


def test_whoever_answers_a_chat_has_it_from_then_on(chat_ticket, alice, bob):
    post_message(chat_ticket, by=alice, body="Hello!")
    post_message(chat_ticket, by=bob, body="Hello from me too!")
    assert again(chat_ticket).assignee == alice
    taken = chat_ticket.events.get(type="ticket.assigned")
    assert (taken.seq, taken.by_user, taken.is_public) == (3, alice, False)
    assert (taken.data["reason"], taken.data["user"]) == ("replied", {"from": None, "to": alice.name, "id": alice.pk})


def test_a_note_takes_nothing_and_mail_is_assigned_on_purpose_only(ticket, chat_ticket, alice):
    post_message(chat_ticket, by=alice, body="Ask the depot.", kind="note")
    post_message(ticket, by=alice, body="On its way.")
    assert (again(chat_ticket).assignee, again(ticket).assignee) == (None, None)


# --- Many ---


def test_a_batch_goes_to_many_tickets_in_the_order_asked(ticket, chat_ticket, alice, carla):
    posts = [
        Post(chat_ticket, by=carla, body="one"),
        Post(ticket, by=alice, body="two"),
        Post(chat_ticket, by=alice, body="three", kind="note"),
        Post(chat_ticket, by=alice, body="four"),
        Post(ticket, by=carla, body="five", client_id="c5"),
    ]
    answers = post_messages(posts)
    assert [message.body for message in answers] == ["one", "two", "three", "four", "five"]
    assert [message.event.seq for message in answers] == [3, 3, 4, 6, 4]
    assert [message.ticket for message in answers] == [post.ticket for post in posts]
    assert Event.objects.get(message=answers[3]).public_prev == 3
    assert again(chat_ticket).preview == "four"
    assert again(ticket).waiting_since is not None
    assert again(chat_ticket).waiting_since is None
    check_log(ticket)
    check_log(chat_ticket)


def test_a_message_twice_in_a_batch_is_stored_once(ticket, carla):
    first, second, third = post_messages(
        [Post(ticket, by=carla, body="one", client_id="c1"), Post(ticket, by=carla, body="two"),
         Post(ticket, by=carla, body="one", client_id="c1")]
    )  # fmt: skip
    assert first == third != second
    assert again(ticket).last_seq == 4


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"body": ""}, ValidationError),
        ({"kind": "shout"}, ValidationError),
        ({"client_id": "x" * 65}, ValidationError),
        ({"client_id": "c1", "body": "other words"}, ValidationError),
        ({"by": "dora"}, PermissionDenied),
    ],
)
def test_one_bad_message_fails_the_whole_batch(request, ticket, chat_ticket, carla, bad, error):
    if "by" in bad:
        bad = bad | {"by": request.getfixturevalue(bad["by"])}
    good = Post(ticket, by=carla, body="good", client_id="c1")
    last_one = Post(**{"ticket": ticket, "by": carla, "body": "bad"} | bad)
    with pytest.raises(error):
        post_messages([good, Post(chat_ticket, by=carla, body="good"), last_one])
    assert (again(ticket).last_seq, again(chat_ticket).last_seq) == (2, 2)
    assert Message.objects.count() == 2
    check_log(ticket)


def test_an_empty_batch_is_nothing(db):
    assert post_messages([]) == []


def test_a_batch_costs_the_same_however_long_it_is(chat_ticket, carla, dora, site, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(count: int) -> int:
        posts = [Post(chat_ticket, by=carla, body=f"{n}", client_id=f"{count}-{n}") for n in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            post_messages(posts)
        return len(queries)

    assert cost(20) == cost(2)


# --- The bell ---


@pytest.fixture
def bells(monkeypatch):
    rung = []
    monkeypatch.setattr("tickets.events._ring", rung.append)
    return rung


def test_the_bell_rings_once_for_each_ticket_after_commit_and_carries_no_words(
    ticket, chat_ticket, carla, bells, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        post_messages([Post(chat_ticket, by=carla, body="a"), Post(chat_ticket, by=carla, body="b"),
                       Post(ticket, by=carla, body="c")])  # fmt: skip
        assert bells == []
    assert bells == [{carla.pk: {str(chat_ticket.pk): (3, 4), str(ticket.pk): (3, 3)}}]


def test_history_rings_nobody_and_mails_nobody(ticket, alice, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        post_message(ticket, by=alice, body="Long ago", at=timezone.now() - timedelta(days=9))
    assert bells == []
    assert not ticket.follow_ups.exists()


def test_subscribers_get_the_ids_of_events_after_commit(
    ticket, alice, settings, monkeypatch, bells, django_capture_on_commit_callbacks
):
    told = []
    settings.EVENT_SUBSCRIBERS = ["some.task"]
    monkeypatch.setattr("tickets.events.nudge", lambda *args: told.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        post_message(ticket, by=alice, body="Words", kind="note")
    assert told == [("some.task", [last(ticket).pk])]


# --- Too late ---


def solved(ticket: Ticket, ago: timedelta) -> Ticket:
    resolve_ticket(ticket, by=None, root_cause=None, at=timezone.now() - ago)
    return again(ticket)


def test_a_reply_within_the_time_reopens(ticket, carla):
    solved(ticket, timedelta(days=13, hours=23))
    message = post_message(ticket, by=carla, body="Again!")
    assert message.ticket == ticket
    assert log(ticket, after=3) == ["ticket.reopened*", "message.posted*"]
    ticket = again(ticket)
    assert (ticket.status, ticket.solved_at) == ("open", None)
    assert ticket.waiting_since is not None
    assert Event.objects.get(ticket=ticket, seq=4).by_customer == carla
    check_log(ticket)


def test_the_time_is_exact_and_is_the_companys(ticket, carla, desk_row):
    now = timezone.now()
    resolve_ticket(ticket, by=None, root_cause=None, at=now - timedelta(days=desk_row.reopen_days))
    assert post_message(ticket, by=carla, body="On the last second", at=now).ticket == ticket
    desk_row.reopen_days = 1
    desk_row.save()
    resolve_ticket(ticket, by=None, root_cause=None, at=now - timedelta(days=1, microseconds=1))
    assert post_message(ticket, by=carla, body="Too late", at=now).ticket != ticket


def test_a_reply_too_late_opens_a_linked_ticket_and_leaves_the_old_one(chat_ticket, carla, workshop, site):
    before = solved(chat_ticket, timedelta(days=15))
    message = post_message(chat_ticket, by=carla, body="Again!", client_id="c1")
    new = again(message.ticket)
    assert (new.continues, new.subject, new.channel, new.team, new.site, new.customer) == (
        chat_ticket, before.subject, "chat", workshop, site, carla,
    )  # fmt: skip
    assert log(new) == ["ticket.opened*", "message.posted*"]
    assert Event.objects.get(ticket=new, seq=1).data == {"channel": "chat", "continues": chat_ticket.pk}
    assert new.waiting_since is not None
    assert Ticket.objects.filter(pk=chat_ticket.pk).values().get() == Ticket.objects.filter(pk=before.pk).values().get()
    assert again(chat_ticket).last_seq == before.last_seq
    assert post_message(chat_ticket, by=carla, body="Again!", client_id="c1") == message
    check_log(new)


def test_further_late_replies_go_to_the_same_linked_ticket(ticket, carla):
    solved(ticket, timedelta(days=15))
    messages = [post_message(ticket, by=carla, body=body) for body in ("Again!", "And again!")]
    batch = post_messages([Post(ticket, by=carla, body="x", client_id="c1")] * 2 + [Post(ticket, by=carla, body="y")])
    assert {message.ticket for message in [*messages, *batch]} == {messages[0].ticket}
    assert Ticket.objects.count() == 2
    assert log(messages[0].ticket) == ["ticket.opened*"] + ["message.posted*"] * 4
    check_log(messages[0].ticket)


def test_people_here_write_on_a_solved_ticket_without_reopening_it(ticket, alice):
    solved(ticket, timedelta(days=40))
    assert post_message(ticket, by=alice, body="One more thing").ticket == ticket
    assert again(ticket).status == "solved"


def test_a_stranger_cannot_open_a_ticket_by_being_late(ticket, dora):
    solved(ticket, timedelta(days=15))
    with pytest.raises(PermissionDenied):
        post_message(ticket, by=dora, body="Hello")
    assert Ticket.objects.count() == 1


def test_charlie_and_dora_see_none_of_it(ticket, alice, charlie, dora):
    post_message(ticket, by=alice, body="Sorry!")
    for viewer in (charlie, dora, None):
        assert not Ticket.objects.visible_to(viewer).exists()
        assert not Message.objects.visible_to(viewer).exists()
        assert not Event.objects.visible_to(viewer).exists()


def test_a_customer_sees_replies_and_no_notes_on_their_own_tickets(ticket, carla, dora, alice):
    theirs = open_ticket(dora, by=dora, body="Mine", channel="form")
    post_message(ticket, by=alice, body="Canary", kind="note")
    post_message(theirs, by=alice, body="Canary")
    assert "Canary" not in [message.body for message in Message.objects.visible_to(carla)]
    assert "Canary" in [message.body for message in Message.objects.visible_to(dora)]


def test_what_is_meant_as_markdown_is_said_so(ticket, alice):
    assert post_message(ticket, by=alice, body="**Hello**").format == "plain"
    message = post_message(ticket, by=alice, body="**Hello**", format="markdown")
    message.refresh_from_db()
    assert (message.body, message.format) == ("**Hello**", "markdown")


@pytest.mark.parametrize("form", ["markdown", "html", ""])
def test_a_customer_writes_as_it_is_typed(ticket, carla, form):
    with pytest.raises(ValidationError) as refused:
        post_message(ticket, by=carla, body="Hello", format=form)
    assert refused.value.code == "invalid"


def test_the_list_shows_markdown_without_its_signs(ticket, alice):
    post_message(ticket, by=alice, body="Hello **Carla**,\n\n- see [this](https://x.example)", format="markdown")
    assert again(ticket).preview == "Hello Carla, - see this (https://x.example)"
