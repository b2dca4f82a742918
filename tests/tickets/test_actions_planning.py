"""Follow-ups that somebody plans: what is planned, what makes it pointless, and what happens when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.actions import deactivate_person
from accounts.models import Calendar
from outbox.models import Mail
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    assign_ticket,
    change_follow_up,
    complete_task,
    do_follow_up_now,
    drop_follow_up,
    drop_pointless,
    merge_ticket,
    notify,
    open_ticket,
    plan_follow_up,
    post_message,
    redact_message,
    reopen_ticket,
    resolve_ticket,
    restore_follow_up,
    restore_ticket,
    snooze_ticket,
    trash_ticket,
    undo_merge,
)
from tickets.actions.undoing import BeforeSolving
from tickets.jobs import run_due_follow_ups
from tickets.models import FollowUp, Message, Notification, ReadMark
from tickets.queries.follow_ups import MINE, TEAMS, count_due, due_page, planned_for, why_pointless, zone_of

FRIDAY = timedelta(days=3)
pytestmark = pytest.mark.django_db


def in_days(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def plan(ticket, by, **asked) -> FollowUp:
    return plan_follow_up(
        ticket, by=by, **({"kind": "message", "body": "Has the tyre arrived?", "due_at": in_days(3)} | asked)
    )


def strike(row: FollowUp) -> FollowUp:
    """Its time has come, and the clock looks."""
    FollowUp.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    run_due_follow_ups()
    row.refresh_from_db()
    return row


@pytest.fixture
def answered(ticket, alice):
    """A ticket that waits for nobody."""
    post_message(ticket, by=alice, body="The right one leaves today.")
    run_due_follow_ups()  # it leaves by mail
    return again(ticket)


@pytest.fixture
def asked(answered, alice) -> FollowUp:
    return plan(
        answered, alice, body="Hello {{ customer.first_name }}, has the tyre arrived?", unless=["customer_writes"]
    )


@pytest.fixture
def task(answered, alice) -> FollowUp:
    return plan(answered, alice, kind="task", body="Call the depot")


# --- Planning ------------------------------------------------------------------------------


def test_what_is_planned_is_on_the_ticket_and_on_its_timeline(answered, alice):
    row = plan(answered, alice, kind="task", body="Call the depot", unless=["solved", "customer_writes"])
    assert (row.state, row.by, row.unless, row.is_task) == ("scheduled", alice, ["customer_writes", "solved"], True)
    assert (row.anchor_seq, row.time_zone) == (answered.last_seq, "Europe/Amsterdam")
    assert (last(answered).type, last(answered).is_public) == ("follow_up.planned", False)
    assert last(answered).data == {
        "follow_up": row.pk, "kind": "task", "note": "Call the depot", "due_at": row.due_at.isoformat(),
    }  # fmt: skip


def test_the_words_of_a_message_are_in_no_event(asked, answered):
    assert set(last(answered).data) == {"follow_up", "kind", "due_at"}


def test_it_is_planned_once_under_its_id(answered, alice, dora):
    row = plan(answered, alice, client_id="once")
    assert plan(answered, alice, client_id="once") == row
    assert log(answered, after=answered.last_seq) == ["follow_up.planned"]
    with pytest.raises(ValidationError) as error:
        plan(answered, alice, client_id="once", body="Something else")
    assert error.value.code == "conflict"
    other = open_ticket(dora, by=dora, body="Hello?", channel="email")
    with pytest.raises(ValidationError):
        plan(other, alice, client_id="once")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"kind": "after_solving"}, "invalid"),
        ({"body": "  "}, "empty"),
        ({"body": "x" * 5001}, "too_long"),
        ({"due_at": datetime(2020, 1, 1, tzinfo=UTC)}, "invalid"),
        ({"due_at": datetime(2120, 1, 1, tzinfo=UTC)}, "invalid"),
        ({"unless": ["it rains"]}, "invalid"),
        ({"client_id": "x" * 65}, "invalid"),
    ],
)
def test_what_cannot_be_planned_is_refused(answered, alice, wrong, code):
    with pytest.raises(ValidationError) as error:
        plan(answered, alice, **wrong)
    assert error.value.code == code
    assert not FollowUp.objects.planned().exists()


def test_only_who_works_here_plans(answered, carla):
    with pytest.raises(PermissionDenied):
        plan(answered, carla)


def test_a_task_is_given_to_somebody_who_sees_the_ticket(answered, alice, bob, charlie):
    assert plan(answered, alice, kind="task", assignee=bob).assignee == bob
    for wrong in ({"kind": "task", "assignee": charlie}, {"kind": "message", "assignee": bob}):
        with pytest.raises(ValidationError):
            plan(answered, alice, **wrong)


def test_a_ticket_has_fifty_at_most_and_none_in_the_trash(answered, alice):
    rows = [FollowUp(ticket=answered, kind="task", body="x", due_at=in_days(1), anchor_seq=0, dedupe_key=f"k{n}")
            for n in range(50)]  # fmt: skip
    FollowUp.objects.bulk_create(rows)
    with pytest.raises(ValidationError):
        plan(answered, alice)
    FollowUp.objects.all().delete()
    trash_ticket(answered, by=alice)
    with pytest.raises(ValidationError) as error:
        plan(answered, alice)
    assert error.value.code == "trashed"


def test_their_clock_is_their_own_then_their_sites_then_the_companys(chat_ticket, site, carla):
    assert zone_of(chat_ticket) == ZoneInfo("Europe/Amsterdam")
    site.calendar = Calendar.objects.create(name="Shop", time_zone="Europe/London", hours={})
    chat_ticket.site = site
    assert zone_of(chat_ticket) == ZoneInfo("Europe/London")
    chat_ticket.customer.time_zone = "America/New_York"
    assert zone_of(chat_ticket) == ZoneInfo("America/New_York")
    chat_ticket.customer.time_zone = "Mars/Olympus"
    assert zone_of(chat_ticket) == ZoneInfo("Europe/London")


# --- A message falls due -------------------------------------------------------------------


def test_a_message_leaves_in_the_name_of_whoever_planned_it(asked, answered, alice):
    assert strike(asked).state == "done"
    message = answered.messages.latest("pk")
    assert (message.by_user, message.body) == (alice, "Hello Carla, has the tyre arrived?")
    assert log(answered, after=asked.anchor_seq)[:3] == ["follow_up.planned", "message.posted*", "follow_up.done"]
    done = answered.events.get(type="follow_up.done")
    assert done.data == {"follow_up": asked.pk, "kind": "message", "message": message.pk}
    run_due_follow_ups()
    mail = Mail.objects.filter(kind="reply").latest("created_at")
    assert "has the tyre arrived?" in mail.text
    assert mail.recipients.get().email == "carla@example.org"
    check_log(answered)


def test_it_leaves_once_and_not_before_its_time(asked, answered):
    assert run_due_follow_ups() == 0
    assert asked.state == "scheduled"
    strike(asked)
    strike(asked)
    assert answered.messages.filter(body__contains="arrived").count() == 1


def test_in_a_chat_it_is_shown_even_without_an_address(site, alice):
    from customers.actions import create_guest

    guest = create_guest()
    chat = open_ticket(guest, by=guest, body="Hello?", channel="chat", site=site)
    post_message(chat, by=alice, body="Hello!")
    assert strike(plan(chat, alice)).state == "done"
    assert last(chat).type == "follow_up.done"


def test_what_a_customer_is_called_is_text_and_no_link(answered, alice, carla):
    type(carla).objects.filter(pk=carla.pk).update(name="[evil](https://evil.example)")
    strike(plan(answered, alice, body="Hello {{ customer.name }}"))
    assert "\\[evil\\]" in answered.messages.latest("pk").body


@pytest.mark.parametrize(
    ("unless", "happens", "why"),
    [
        ("customer_writes", lambda t, c, a, b: post_message(t, by=c, body="It came."), "the customer wrote"),
        ("we_answer", lambda t, c, a, b: post_message(t, by=b, body="It is there."), "one of us answered"),
        ("solved", lambda t, c, a, b: resolve_ticket(t, by=a, root_cause=None), "the ticket was solved"),
    ],
)
def test_what_has_become_pointless_is_cancelled(answered, alice, bob, carla, unless, happens, why):
    others = {"customer_writes", "we_answer", "solved", "reopened"} - {unless}
    row, kept = (
        plan(answered, alice, unless=[unless]),
        plan(answered, alice, kind="task", unless=others - {"we_answer"}),
    )
    post_message(answered, by=bob, body="Ask the depot", kind="note")
    happens(answered, carla, alice, bob)
    assert strike(row).state == "cancelled"
    assert row.reason == why
    assert strike(kept).state == "due"
    assert not answered.messages.filter(body__contains="arrived").exists()
    cancelled = answered.events.get(type="follow_up.cancelled")
    assert (cancelled.data["reason"], cancelled.by) == (why, None)


def test_reopening_cancels_what_it_should(answered, alice):
    resolve_ticket(answered, by=alice, root_cause=None)
    row = plan(answered, alice, unless=["reopened"])
    reopen_ticket(answered, by=alice)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("cancelled", "the ticket was reopened")


def test_a_customer_who_reopens_by_writing_counts_as_both(answered, alice, carla):
    resolve_ticket(answered, by=alice, root_cause=None)
    row = plan(answered, alice, unless=["reopened"])
    post_message(answered, by=carla, body="It is flat again")
    assert strike(row).reason == "the ticket was reopened"


def test_solving_that_is_undone_was_none(answered, alice):
    row = plan(answered, alice, unless=["solved", "reopened"])
    before = BeforeSolving(status="open", root_cause=None, waiting_since=None, answer_due_at=None,
                           snoozed_at=None, snoozed_until=None)  # fmt: skip
    resolve_ticket(answered, by=alice, root_cause=None)
    row.refresh_from_db()
    assert row.state == "cancelled"
    reopen_ticket(answered, by=alice, as_before=before)
    row.refresh_from_db()
    assert (row.state, row.reason, why_pointless(row, again(answered))) == ("scheduled", "", "")
    assert strike(row).state == "done"


def test_who_writes_long_after_solving_has_written(answered, alice, carla, desk_row):
    row = plan(answered, alice, unless=["customer_writes"])
    resolve_ticket(answered, by=alice, root_cause=None, at=timezone.now() - timedelta(days=30))
    new = post_message(answered, by=carla, body="And the bell?").ticket
    assert new.pk != answered.pk
    assert strike(row).reason == "the customer wrote"


def test_pointless_ones_are_found_within_seconds_without_asking_when_somebody_posts(
    asked, task, answered, carla, django_assert_num_queries
):
    drop_pointless()  # a new reader begins here
    post_message(answered, by=carla, body="It came.")
    assert drop_pointless() == 1
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("cancelled", "the customer wrote")
    assert drop_pointless() == 0
    task.refresh_from_db()
    assert task.state == "scheduled"


def test_a_message_does_not_pass_for_the_answer_to_what_somebody_has_just_written(answered, alice, carla):
    row = plan(answered, alice)
    post_message(answered, by=carla, body="Where is it?")
    assert strike(row).state == "cancelled"
    assert "waits for an answer" in row.reason
    assert last(answered).type == "follow_up.held"
    notify(last(answered))
    assert Notification.objects.filter(kind="due").values_list("user", flat=True).get() == alice.pk


def test_it_leaves_although_they_wrote_once_they_are_answered(answered, alice, carla):
    row = plan(answered, alice)
    post_message(answered, by=carla, body="Where is it?")
    post_message(answered, by=alice, body="On its way.")
    assert strike(row).state == "done"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda t, a: type(t.customer).objects.filter(pk=t.customer_id).update(is_blocked=True), "blocked"),
        (lambda t, a: t.customer.addresses.all().delete(), "no address"),
        (lambda t, a: type(a).objects.filter(pk=a.pk).update(is_active=False), "may not answer"),
        (lambda t, a: a.teams.clear(), "may not answer"),
    ],
)
def test_a_message_that_cannot_leave_is_held_and_says_why(asked, answered, alice, spoil, why):
    spoil(answered, alice)
    assert strike(asked).state == "cancelled"
    assert why in asked.reason
    assert (last(answered).type, last(answered).data["reason"]) == ("follow_up.held", asked.reason)


def test_what_comes_out_of_the_trash_weeks_later_does_not_puzzle_the_customer(asked, answered, alice):
    trash_ticket(answered, by=alice)
    FollowUp.objects.filter(pk=asked.pk).update(due_at=in_days(-8))
    assert run_due_follow_ups() == 0
    restore_ticket(answered, by=alice)
    run_due_follow_ups()
    asked.refresh_from_db()
    assert (asked.state, "a week" in asked.reason) == ("cancelled", True)


# --- A task falls due ----------------------------------------------------------------------


def test_a_task_is_due_and_whoever_has_the_ticket_hears_of_it(task, answered, alice, bob):
    assign_ticket(answered, by=alice, user=bob)
    assert strike(task).state == "due"
    assert (last(answered).type, last(answered).data["note"]) == ("follow_up.due", "Call the depot")
    assert notify(last(answered)) == 1
    told = Notification.objects.get(kind="due")
    assert told.user == bob
    strike(task)
    assert log(answered).count("follow_up.due") == 1


def test_a_task_that_was_given_to_somebody_is_theirs(answered, alice, bob):
    assign_ticket(answered, by=alice, user=alice)
    strike(plan(answered, alice, kind="task", assignee=bob))
    notify(last(answered))
    assert Notification.objects.get(kind="due").user == bob


def test_a_task_wakes_its_ticket(task, answered, alice):
    assign_ticket(answered, by=alice, user=alice)
    ReadMark.objects.update_or_create(ticket=answered, user=alice, defaults={"seq": 99})
    snooze_ticket(answered, by=alice, until=in_days(9))
    strike(task)
    assert again(answered).snoozed_at is None
    assert log(answered)[-2:] == ["ticket.woken", "follow_up.due"]
    assert ReadMark.objects.get(ticket=answered, user=alice).seq < 99
    check_log(answered)


def test_a_task_is_done_once_and_opened_again(task, answered, alice, bob):
    strike(task)
    complete_task(task, by=bob)
    complete_task(task, by=bob)
    task.refresh_from_db()
    assert (task.state, task.ended_by) == ("done", bob)
    assert log(answered).count("follow_up.done") == 1
    assert restore_follow_up(task, by=bob).state == "due"
    assert restore_follow_up(task, by=bob).ended_by is None
    assert last(answered).type == "follow_up.restored"


def test_a_message_is_not_ticked_off(asked, alice):
    with pytest.raises(ValidationError):
        complete_task(asked, by=alice)


# --- Changing it ---------------------------------------------------------------------------


def test_whose_words_it_says_is_in_whose_name_it_leaves(asked, answered, alice, bob):
    change_follow_up(asked, by=bob, due_at=in_days(5))
    asked.refresh_from_db()
    assert asked.by == alice
    assert set(last(answered).data) == {"follow_up", "kind", "from", "to"}
    change_follow_up(asked, by=bob, body="Is it there?")
    assert strike(asked).by == bob
    assert answered.messages.latest("pk").by_user == bob


def test_the_same_again_changes_nothing(asked, answered, bob):
    change_follow_up(asked, by=bob, body=asked.body, unless=asked.unless, due_at=asked.due_at)
    assert log(answered)[-1] == "follow_up.planned"


def test_a_due_task_that_is_put_off_is_not_due(task, alice):
    strike(task)
    assert change_follow_up(task, by=alice, due_at=in_days(2)).state == "scheduled"
    assert count_due(alice) == 0


def test_what_is_called_off_stays_so_until_somebody_plans_it_again(asked, answered, alice, carla):
    drop_follow_up(asked, by=alice)
    drop_follow_up(asked, by=alice)
    assert log(answered).count("follow_up.cancelled") == 1
    post_message(answered, by=carla, body="Still nothing.")
    post_message(answered, by=alice, body="Soon.")
    with pytest.raises(ValidationError):
        change_follow_up(asked, by=alice, body="x")
    assert restore_follow_up(asked, by=alice).state == "scheduled"
    assert strike(asked).state == "done"  # what was said before that does not count


def test_what_is_over_is_not_changed(asked, alice):
    strike(asked)
    for act in (
        lambda: change_follow_up(asked, by=alice, body="x"),
        lambda: drop_follow_up(asked, by=alice),
        lambda: do_follow_up_now(asked, by=alice),
        lambda: restore_follow_up(asked, by=alice),
    ):
        with pytest.raises(ValidationError) as error:
            act()
        assert error.value.code == "closed"


def test_it_is_done_now_whatever_was_said(asked, answered, alice, carla, bob):
    post_message(answered, by=carla, body="Where is it?")
    do_follow_up_now(asked, by=bob)
    assert (answered.messages.latest("pk").by_user, again(answered).waiting_since) == (alice, None)
    asked.refresh_from_db()
    assert asked.state == "done"


def test_what_cannot_leave_now_is_still_planned(asked, answered, alice):
    answered.customer.addresses.all().delete()
    with pytest.raises(ValidationError) as error:
        do_follow_up_now(asked, by=alice)
    assert "no address" in error.value.messages[0]
    asked.refresh_from_db()
    assert asked.state == "scheduled"


# --- Other actions -------------------------------------------------------------------------


@pytest.fixture
def survivor(carla, alice, answered):
    other = open_ticket(carla, by=carla, body="The same tyre", channel="email", team=answered.team)
    post_message(other, by=alice, body="I see.")
    return again(other)


def test_it_goes_on_with_the_ticket_that_goes_on(asked, task, answered, survivor, alice, carla):
    merge_ticket(answered, by=alice, into=survivor)
    assert set(survivor.follow_ups.planned()) == {asked, task}
    strike(asked)
    assert survivor.messages.latest("pk").body.endswith("arrived?")
    undo_merge(answered, by=alice)
    assert set(answered.follow_ups.planned().open()) == {task}
    assert set(survivor.follow_ups.planned()) == {asked}


def test_what_is_pointless_when_it_is_merged_does_not_go_on(asked, answered, survivor, alice, carla):
    post_message(answered, by=carla, body="It came.")
    post_message(answered, by=alice, body="Good.")
    merge_ticket(answered, by=alice, into=survivor)
    asked.refresh_from_db()
    assert (asked.state, asked.ticket_id) == ("cancelled", answered.pk)


def test_what_the_customer_writes_on_the_survivor_counts(asked, answered, survivor, alice, carla):
    merge_ticket(answered, by=alice, into=survivor)
    post_message(answered, by=carla, body="It came.")
    assert strike(asked).reason == "the customer wrote"


def test_who_stops_working_here_leaves_nothing_behind(asked, answered, alice, bob, adam):
    task = plan(answered, bob, kind="task", assignee=alice)
    deactivate_person(alice, by=adam, to=None)
    asked.refresh_from_db()
    task.refresh_from_db()
    assert (asked.state, task.state, task.assignee) == ("cancelled", "scheduled", None)
    assert "does not work here" in asked.reason


def test_what_is_blacked_out_of_a_message_is_out_of_its_follow_up(answered, alice, lea):
    row = strike(plan(answered, alice, body="Your code is 4711."))
    redact_message(Message.objects.latest("pk"), by=lea, passages=["4711"])
    row.refresh_from_db()
    assert "4711" not in row.body


# --- Lists ---------------------------------------------------------------------------------


def test_lists_hold_what_one_may_see(asked, task, answered, alice, bob, charlie, sue):
    strike(task)
    assert [count_due(user) for user in (alice, bob, charlie, sue)] == [1, 0, 0, 0]
    assert set(planned_for(alice, MINE)) == {asked, task}
    assert set(planned_for(bob, TEAMS)) == {asked, task}
    assert not planned_for(bob, MINE)
    assert not planned_for(charlie)
    assert set(planned_for(sue)) == {asked, task}
    trash_ticket(answered, by=alice)
    assert not planned_for(alice, MINE)


def test_pages_follow_each_other(answered, alice, monkeypatch):
    monkeypatch.setattr("tickets.queries.follow_ups.PAGE_SIZE", 3)
    same = in_days(2)
    rows = [plan(answered, alice, due_at=same if n % 2 else in_days(n + 3)) for n in range(8)]
    seen, cursor = [], None
    while True:
        page = due_page(alice, MINE, cursor)
        seen += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
        cursor = type(cursor).parse(str(cursor))
    assert seen == sorted(rows, key=lambda row: (row.due_at, row.pk))
