"""Who is told of what: exactly those whom it concerns, exactly once, even if the worker dies."""

from __future__ import annotations

from datetime import time, timedelta
from time import monotonic, sleep

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections, transaction
from django.utils import timezone

from tests.conftest import make_user
from tests.tickets.looking import last
from tickets.actions import (
    assign_ticket,
    change_notification_settings,
    follow_ticket,
    forget_notifications,
    invite_agent,
    join_ticket,
    mark_seen,
    merge_ticket,
    notify,
    open_ticket,
    post_message,
    rate_ticket,
    read_notifications,
    resolve_ticket,
    set_status,
    snooze_ticket,
    subscribe_browser,
    sweep_events,
    tag_ticket,
    transfer_ticket,
    unfollow_ticket,
    wake_ticket,
)
from tickets.actions.notifying import MOST_BROWSERS
from tickets.actions.scheduling import hold_reply, schedule_reply
from tickets.jobs import notify_all, notify_of
from tickets.models import Event, EventMark, Notification, NotificationSettings, PushSubscription, Ticket
from tickets.queries.concerning import mentioned_in_vain
from tickets.queries.notifications import count_unread, told_page

pytestmark = pytest.mark.django_db
KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


def tell_all(ticket: Ticket) -> None:
    """What a worker does after each commit."""
    notify_of(list(Event.objects.filter(ticket=ticket).values_list("pk", flat=True)))


def told(user) -> list[str]:
    """What they were told, oldest first."""
    return list(Notification.objects.filter(user=user).order_by("event").values_list("kind", flat=True))


# --- Who hears of what ---


def test_a_customers_words_reach_whoever_works_on_it(ticket, carla, alice, bob, lea):
    assign_ticket(ticket, by=alice, user=alice)
    invite_agent(ticket, by=alice, user=bob)
    invite_agent(ticket, by=alice, user=lea)
    join_ticket(ticket, by=bob)
    Notification.objects.all().delete()
    post_message(ticket, by=carla, body="Hello? @Lea Lind")
    notify(last(ticket))
    assert (told(alice), told(bob), told(lea)) == (["replied"], ["replied"], [])


def test_nobody_hears_of_their_own_acts(ticket, alice, lea):
    follow_ticket(ticket, by=alice)
    assign_ticket(ticket, by=alice, user=alice)
    post_message(ticket, by=alice, body="@Alice Arden, remember", kind="note")
    post_message(ticket, by=alice, body="On its way")
    resolve_ticket(ticket, by=alice, root_cause=None)
    tell_all(ticket)
    assert told(alice) == []
    assert not Notification.objects.exists()


def test_who_gets_a_ticket_hears_of_it_once(ticket, alice, bob, shop):
    assign_ticket(ticket, by=alice, user=bob)
    tell_all(ticket)
    assert told(bob) == ["assigned"]
    assign_ticket(ticket, by=alice, team=shop)  # he has it as before
    transfer_ticket(ticket, by=bob, user=alice, note="He knows you")
    tell_all(ticket)
    assert (told(alice), told(bob)) == (["assigned"], ["assigned"])


def test_an_invitation_a_rating_and_what_comes_back(ticket, carla, alice, bob, charlie):
    assign_ticket(ticket, by=None, user=alice)
    invite_agent(ticket, by=alice, user=charlie)
    snooze_ticket(ticket, by=bob, until=timezone.now() + timedelta(hours=1))
    Ticket.objects.filter(pk=ticket.pk).update(snoozed_until=timezone.now() - timedelta(seconds=1))
    wake_ticket(ticket, by=None)
    resolve_ticket(ticket, by=bob, root_cause=None)
    rate_ticket(ticket, by=carla, score=5)
    tell_all(ticket)
    assert told(charlie) == ["invited"]
    assert told(alice) == ["assigned", "woke", "rated"]  # and not of what was said before she had it
    assert told(bob) == ["woke"]


def test_a_held_reply_is_told_to_its_author(ticket, alice, bob, settings):
    settings.UNDO_SEND_SECONDS = 10
    reply = schedule_reply(ticket, by=alice, body="On its way", client_id="r1", begun_seq=ticket.last_seq)
    hold_reply(reply, by=bob)
    tell_all(ticket)
    assert told(alice) == ["held"]


FOLLOWED = [
    (lambda ticket, cast: post_message(ticket, by=cast["bob"], body="A thought", kind="note"), True),
    (lambda ticket, cast: post_message(ticket, by=cast["carla"], body="Hello?"), True),
    (lambda ticket, cast: assign_ticket(ticket, by=cast["bob"], user=cast["bob"]), True),
    (lambda ticket, cast: resolve_ticket(ticket, by=cast["bob"], root_cause=None), True),
    (lambda ticket, cast: set_status(ticket, by=cast["bob"], status="pending"), True),
    (lambda ticket, cast: tag_ticket(ticket, by=cast["bob"], tags=["tyre"]), False),
]


@pytest.mark.parametrize(("act", "is_told"), FOLLOWED)
def test_who_follows_hears_of_what_matters(ticket, alice, bob, carla, act, is_told):
    follow_ticket(ticket, by=alice)
    act(ticket, {"bob": bob, "carla": carla})
    tell_all(ticket)
    assert told(alice) == ["followed"] * is_told


def test_a_customer_who_reopens_is_told_of_once(ticket, carla, alice):
    resolve_ticket(ticket, by=None, root_cause=None)
    follow_ticket(ticket, by=alice)
    post_message(ticket, by=carla, body="It is flat again")
    tell_all(ticket)
    assert told(alice) == ["followed"]


def test_who_follows_no_longer_or_only_later_is_not_told(ticket, alice, bob, carla):
    follow_ticket(ticket, by=alice)
    assert follow_ticket(ticket, by=alice) is False
    assert unfollow_ticket(ticket, by=alice) is True
    assert unfollow_ticket(ticket, by=alice) is False
    post_message(ticket, by=carla, body="Hello?")
    follow_ticket(ticket, by=bob)
    tell_all(ticket)
    assert not Notification.objects.exists()


# --- Mentions ---


def test_a_mention_reaches_people_and_teams(ticket, alice, bob, lea, workshop):
    post_message(ticket, by=alice, body="@bob bakker: @Workshop should look", kind="note")
    notify(last(ticket))
    assert (told(alice), told(bob), told(lea)) == ([], ["mentioned"], ["mentioned"])


def test_two_of_one_name_are_both_meant(ticket, alice, bob, workshop):
    other = make_user("Robert Bakker", "agent", workshop)
    type(other).objects.filter(pk=other.pk).update(name="Bob Bakker")
    post_message(ticket, by=alice, body="@Bob Bakker", kind="note")
    notify(last(ticket))
    assert told(bob) == told(other) == ["mentioned"]


def test_a_mention_in_a_reply_is_only_a_word(ticket, alice, bob):
    post_message(ticket, by=alice, body="Ask @Bob Bakker")
    tell_all(ticket)
    assert told(bob) == []


def test_a_mention_gives_no_access_and_tells_nothing(ticket, alice, charlie):
    post_message(ticket, by=alice, body="@Charlie Chen, is it yours?", kind="note")
    tell_all(ticket)
    assert told(charlie) == []
    assert not Ticket.objects.visible_to(charlie).exists()
    assert mentioned_in_vain(ticket, "@Charlie Chen @Alice Arden") == [charlie]


def test_a_mention_weighs_more_than_following_and_comes_once(ticket, alice, bob):
    follow_ticket(ticket, by=bob)
    post_message(ticket, by=alice, body="@Bob Bakker @Bob Bakker @Workshop", kind="note")
    tell_all(ticket)
    tell_all(ticket)
    assert told(bob) == ["mentioned"]


def test_changing_a_note_tells_only_who_is_mentioned_anew(ticket, alice, bob, lea):
    note = post_message(ticket, by=alice, body="@Bob Bakker", kind="note")
    tell_all(ticket)
    note.body = "@Bob Bakker @Lea Lind"
    note.save()
    for _ in range(2):
        with transaction.atomic():
            record_edit(Ticket.objects.select_for_update().get(pk=ticket.pk), alice, note.pk)
        tell_all(ticket)
    assert (told(bob), told(lea)) == (["mentioned"], ["mentioned"])


def record_edit(ticket: Ticket, by, message: int) -> None:
    """As whatever lets people change a note records it."""
    from_seq = ticket.last_seq + 1
    Event.objects.create(
        ticket=ticket, seq=from_seq, public_prev=ticket.public_last_seq, type="note.edited", is_public=False,
        by_user=by, data={"message": message},
    )  # fmt: skip
    Ticket.objects.filter(pk=ticket.pk).update(last_seq=from_seq)


# --- What may be seen ---


def test_what_may_no_longer_be_seen_is_not_shown(ticket, carla, alice, shop):
    assign_ticket(ticket, by=None, user=alice)
    tell_all(ticket)
    assert count_unread(alice) == 1
    transfer_ticket(ticket, by=None, team=shop)
    assert count_unread(alice) == 0
    assert told_page(alice).groups == []


def test_the_deactivated_and_the_trash_are_told_nothing(ticket, alice, bob, carla):
    follow_ticket(ticket, by=alice)
    follow_ticket(ticket, by=bob)
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    post_message(ticket, by=carla, body="Hello?")
    notify(last(ticket))
    assert (told(alice), told(bob)) == (["followed"], [])
    post_message(ticket, by=carla, body="Anybody?")
    Ticket.objects.filter(pk=ticket.pk).update(trashed_at=timezone.now())
    notify(last(ticket))
    assert told(alice) == ["followed"]


# --- Reading ---


def test_reading_the_ticket_is_reading_what_was_told_of_it(ticket, alice, bob, carla):
    assign_ticket(ticket, by=bob, user=alice)
    tell_all(ticket)
    seq = last(ticket).seq
    post_message(ticket, by=carla, body="Hello?")
    tell_all(ticket)
    assert count_unread(alice) == 2
    mark_seen(ticket, by=bob, seq=seq + 5)
    mark_seen(ticket, by=alice, seq=seq)
    assert count_unread(alice) == 1
    mark_seen(ticket, by=alice, seq=seq + 1)
    assert count_unread(alice) == 0
    assert not Notification.objects.filter(user=alice).exclude(mail_due_at=None).exists()


def test_reading_a_ticket_reads_those_that_were_merged_into_it(ticket, alice, bob, carla, workshop):
    other = open_ticket(carla, by=carla, body="Also", channel="email", team=workshop)
    assign_ticket(ticket, by=bob, user=alice)
    tell_all(ticket)
    merge_ticket(ticket, by=bob, into=other)
    mark_seen(other, by=alice, seq=100)
    assert count_unread(alice) == 0


def test_who_has_it_in_front_of_them_is_told_nothing_new(ticket, alice, carla):
    assign_ticket(ticket, by=None, user=alice)
    subscribe_browser(alice, by=alice, endpoint="https://push.example/a", **KEYS)
    post_message(ticket, by=carla, body="Hello?")
    mark_seen(ticket, by=alice, seq=last(ticket).seq)
    tell_all(ticket)
    row = Notification.objects.get(event=last(ticket))
    assert row.read_at is not None
    assert (row.push_due_at, row.mail_due_at) == (None, None)


def test_one_reads_only_what_is_ones_own(ticket, alice, bob, lea, carla):
    follow_ticket(ticket, by=alice)
    follow_ticket(ticket, by=bob)
    post_message(ticket, by=carla, body="Hello?")
    tell_all(ticket)
    theirs = Notification.objects.get(user=bob)
    assert read_notifications([theirs.pk, 2**62], by=alice) == 0
    assert read_notifications(by=alice) == 1
    assert read_notifications(by=alice) == 0
    assert read_notifications(by=bob, ticket=ticket) == 1


def test_what_was_read_long_ago_is_forgotten_but_mentions(ticket, alice, bob):
    follow_ticket(ticket, by=bob)
    post_message(ticket, by=alice, body="On its way")
    post_message(ticket, by=alice, body="@Bob Bakker", kind="note")
    tell_all(ticket)
    read_notifications(by=bob)
    assert forget_notifications(older_than=timezone.now() - timedelta(days=1)) == 0
    assert forget_notifications(older_than=timezone.now() + timedelta(days=1)) == 1
    assert told(bob) == ["mentioned"]


# --- Wishes ---


def test_wishes_decide_by_which_ways_it_is_due(ticket, alice, bob, carla):
    subscribe_browser(alice, by=alice, endpoint="https://push.example/a", **KEYS)
    assign_ticket(ticket, by=bob, user=alice)
    tell_all(ticket)
    row = Notification.objects.get(user=alice)
    assert row.push_due_at
    assert row.mail_due_at
    assert row.mail_due_at - timezone.now() <= timedelta(hours=1)
    change_notification_settings(alice, by=alice, ways={"replied": ["mail"], "assigned": []})
    post_message(ticket, by=carla, body="Hello?")
    tell_all(ticket)
    row = Notification.objects.get(user=alice, kind="replied")
    assert row.push_due_at is None
    assert row.mail_due_at
    assert count_unread(alice) == 0  # both kinds are not wanted in the desk
    assert told_page(alice).groups == []


def test_in_quiet_hours_nothing_is_pushed_and_mail_waits(ticket, alice, bob):
    subscribe_browser(alice, by=alice, endpoint="https://push.example/a", **KEYS)
    clock = timezone.now().astimezone(alice.zone)
    until = (clock + timedelta(hours=3)).time().replace(second=0, microsecond=0)
    begin = (clock - timedelta(hours=1)).time().replace(second=0, microsecond=0)
    change_notification_settings(alice, by=alice, ways={}, quiet_from=begin, quiet_until=until)
    assign_ticket(ticket, by=bob, user=alice)
    tell_all(ticket)
    row = Notification.objects.get(user=alice)
    assert row.push_due_at is None
    assert row.mail_due_at
    assert row.mail_due_at.astimezone(alice.zone).time() == until


@pytest.mark.parametrize(
    "wrong",
    [
        {"ways": {"gossip": ["app"]}},
        {"ways": {"replied": ["fax"]}},
        {"ways": {}, "quiet_from": time(20)},
        {"ways": {}, "quiet_from": time(20), "quiet_until": time(20)},
        {"ways": {}, "digest": "yearly"},
    ],
)
def test_wishes_that_cannot_be_are_refused(alice, wrong):
    with pytest.raises(ValidationError):
        change_notification_settings(alice, by=alice, **wrong)
    assert not NotificationSettings.objects.exists()


def test_wishes_and_browsers_are_ones_own(alice, bob):
    with pytest.raises(PermissionDenied):
        change_notification_settings(alice, by=bob, ways={})
    with pytest.raises(PermissionDenied):
        subscribe_browser(alice, by=bob, endpoint="https://push.example/a", **KEYS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "javascript:alert(1)"},
        {"endpoint": "https://push.example/" + "a" * 1000},
        {"p256dh": "AAAA"},
        {"p256dh": "ä"},
        {"auth": "AAAA"},
        {"auth": "=" * 22},
    ],
)
def test_a_browser_that_cannot_be_reached_is_refused(alice, wrong):
    with pytest.raises(ValidationError):
        subscribe_browser(alice, by=alice, **{"endpoint": "https://push.example/a", **KEYS, **wrong})
    assert not PushSubscription.objects.exists()


def test_a_browser_belongs_to_whoever_switched_it_on_last(alice, bob):
    subscribe_browser(alice, by=alice, endpoint="https://push.example/a", **KEYS)
    subscribe_browser(bob, by=bob, endpoint="https://push.example/a", **KEYS)
    assert PushSubscription.objects.get().user == bob
    for number in range(MOST_BROWSERS + 3):
        subscribe_browser(bob, by=bob, endpoint=f"https://push.example/{number}", **KEYS)
    assert bob.push_subscriptions.count() == MOST_BROWSERS


# --- Exactly once ---


@pytest.fixture
def mark(transactional_db) -> EventMark:
    EventMark.objects.all().delete()
    sweep_events()
    return EventMark.objects.get()


def wait_for_mark(event: Event) -> int:
    """Sweep until the mark has reached an event, which waits for other transactions, of other tests' databases too;
    returns how many were told meanwhile."""
    told_meanwhile, end = 0, monotonic() + 30
    while EventMark.objects.get().done_id < event.pk:
        assert monotonic() < end
        told_meanwhile += notify_all()
        sleep(0.05)
    return told_meanwhile


def test_what_a_dead_worker_left_is_told_by_the_sweep(mark, ticket, alice, bob, carla):
    """The nudge is lost between the commit and the job: nobody ran it."""
    assign_ticket(ticket, by=bob, user=alice)
    post_message(ticket, by=carla, body="Hello?")
    assert told(alice) == []
    assert notify_all() == 2
    assert told(alice) == ["assigned", "replied"]
    assert wait_for_mark(last(ticket)) == 0


def test_a_worker_that_dies_within_tells_all_or_nobody(mark, ticket, alice, bob, carla, monkeypatch):
    follow_ticket(ticket, by=alice)
    follow_ticket(ticket, by=bob)
    post_message(ticket, by=carla, body="Hello?")
    with monkeypatch.context() as patch:
        patch.setattr("tickets.actions.notifying.tell_sockets", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            notify_of([last(ticket).pk])
    assert not Notification.objects.exists()
    notify_all()
    assert told(alice) == told(bob) == ["followed"]


def test_an_event_that_is_committed_late_is_not_passed_over(mark, ticket, alice, bob, carla, workshop):
    """Its key is lower than those that were seen and told meanwhile: only a mark that waits for it is right."""
    other = open_ticket(carla, by=carla, body="Also", channel="email", team=workshop)
    follow_ticket(ticket, by=alice)
    follow_ticket(other, by=alice)
    late = connections["default"].copy()
    try:
        late.set_autocommit(False)
        with late.cursor() as cursor:
            cursor.execute("SELECT last_seq FROM tickets_ticket WHERE number = %s FOR UPDATE", [ticket.pk])
            seq = cursor.fetchone()[0] + 1
            cursor.execute(
                "INSERT INTO tickets_event (ticket_id, seq, public_prev, type, is_public, data, at, by_user_id)"
                " VALUES (%s, %s, %s, 'agent.joined', true, '{}', now(), %s) RETURNING id",
                [ticket.pk, seq, seq - 1, bob.pk],
            )
            late_id = cursor.fetchone()[0]
        post_message(other, by=carla, body="Hello?")
        for _ in range(4):
            notify_all()
        assert Notification.objects.filter(event=last(other)).count() == 1
        assert late_id < last(other).pk
        assert EventMark.objects.get().done_id < late_id
        late.commit()
    finally:
        late.close()
    notify_all()
    assert Notification.objects.filter(event=late_id).count() == 1
    assert wait_for_mark(last(other)) == 0


def test_one_bad_event_does_not_hold_up_the_others(mark, ticket, alice, bob, carla, monkeypatch):
    follow_ticket(ticket, by=alice)
    post_message(ticket, by=carla, body="Hello?")
    bad = last(ticket).pk
    post_message(ticket, by=carla, body="Anybody?")

    def notify_but(event):
        if event.pk == bad:
            raise RuntimeError
        return notify(event)

    monkeypatch.setattr("tickets.actions.notifying.notify", notify_but)
    assert notify_all() == 1


def test_history_is_told_to_nobody(mark, ticket, alice, carla):
    follow_ticket(ticket, by=alice)
    post_message(ticket, by=carla, body="Hello?")
    EventMark.objects.all().delete()  # as when it is taken into use
    assert notify_all() == 0
    assert notify_all() == 0


def test_the_database_counts_transactions_as_we_think(mark):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()), pg_snapshot_xmax(pg_current_snapshot())")
        oldest, following = cursor.fetchone()
    assert int(oldest) <= int(following)
