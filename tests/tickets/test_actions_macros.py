"""Macros are kept by whoever may, and their steps are done all or not at all, once, with the rights of whoever asks."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    apply_macro,
    apply_steps,
    change_macro,
    copy_macro,
    create_macro,
    delete_macro,
    post_message,
    post_with_steps,
    resolve_ticket,
    tag_ticket,
)
from tickets.actions.macros import MAX_OWN
from tickets.macros import read
from tickets.models import Macro, Message


def steps(*texts: str) -> list[dict[str, str]]:
    return [read(text) for text in texts]


@pytest.fixture
def mine(alice) -> Macro:
    return create_macro(by=alice, name="Loan wheel", body="Hello {{ customer.first_name }}", owner=alice)


@pytest.fixture
def shared(lea) -> Macro:
    return create_macro(by=lea, name="Thanks", body="Thank you!", steps=steps("assign:me"), owner=None)


@pytest.fixture
def teams_own(lea, workshop) -> Macro:
    return create_macro(by=lea, name="Stand", body="It is on stand 3.", owner=None, team=workshop)


# --- Keeping ---


def test_a_macro_is_kept_clean(alice):
    macro = create_macro(
        by=alice, name="  Loan\n wheel ", body=" Hello\r\nthere \x00", steps=steps("add_tags: bike ,loan"), owner=alice
    )
    macro.refresh_from_db()
    assert (macro.name, macro.body, macro.kind) == ("Loan wheel", "Hello\nthere", "reply")
    assert macro.steps == [{"do": "add_tags", "value": "bike, loan"}]
    assert (macro.owner, macro.team, macro.used, macro.used_at) == (alice, None, 0, None)


def test_everybody_sees_their_own_their_teams_and_everybodys(mine, shared, teams_own, alice, bob, charlie, sue):
    seen = {user.short_name: set(Macro.objects.visible_to(user)) for user in (alice, bob, charlie, sue)}
    assert seen == {
        "Alice": {mine, shared, teams_own},
        "Bob": {shared, teams_own},
        "Charlie": {shared},
        "Sue": {shared, teams_own},
    }


@pytest.mark.parametrize("whose", ["everybody", "team"])
def test_an_agent_shares_nothing(alice, workshop, whose):
    with pytest.raises(PermissionDenied):
        create_macro(by=alice, name="X", body="x", owner=None, team=workshop if whose == "team" else None)
    assert not Macro.objects.exists()


def test_nobody_gives_a_macro_to_somebody_else(lea, bob):
    with pytest.raises(PermissionDenied):
        create_macro(by=lea, name="X", body="x", owner=bob)


def test_a_lead_shares_with_their_own_team_a_manager_with_any(lea, sue, shop):
    with pytest.raises(ValidationError, match="You are not in this team"):
        create_macro(by=lea, name="X", body="x", owner=None, team=shop)
    assert create_macro(by=sue, name="X", body="x", owner=None, team=shop).team == shop


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"name": " "}, "Give it a name."),
        ({"name": "x" * 81}, "A name has 80 characters at most."),
        ({"body": " "}, "Write some words, or choose a step."),
        ({"body": "x" * 20_001}, "That is too long: 20,000 characters at most."),
        ({"kind": "shout"}, "There is no such kind of message."),
        ({"steps": steps("explode:now")}, "There is no such step."),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(alice, mine, given, complaint):
    fields = {"name": "X", "body": "x", "owner": alice} | given
    for keep in (lambda: create_macro(by=alice, **fields), lambda: change_macro(mine, by=alice, **fields)):
        with pytest.raises(ValidationError) as error:
            keep()
        assert error.value.messages == [complaint]
    assert list(Macro.objects.values_list("name", flat=True)) == ["Loan wheel"]


def test_only_whoever_may_changes_or_deletes_one(mine, shared, teams_own, alice, bob, charlie, lea, sue):
    may = {
        (user.short_name, macro.name)
        for macro in (mine, shared, teams_own)
        for user in (alice, bob, charlie, lea, sue)
        if _may_change(macro, user)
    }
    assert may == {("Alice", "Loan wheel"), ("Lea", "Thanks"), ("Lea", "Stand"), ("Sue", "Thanks"), ("Sue", "Stand")}


def _may_change(macro, user) -> bool:
    told = {"name": macro.name, "body": macro.body, "owner": macro.owner, "team": macro.team}
    try:
        change_macro(macro, by=user, **told)
    except PermissionDenied:
        with pytest.raises(PermissionDenied):
            delete_macro(macro, by=user)
        return False
    return True


def test_a_change_says_all_of_it_anew(mine, alice):
    change_macro(mine, by=alice, name="Wheel", body="", kind="note", steps=steps("status:pending"), owner=alice)
    mine.refresh_from_db()
    assert (mine.name, mine.body, mine.kind, mine.steps) == ("Wheel", "", "note", steps("status:pending"))


def test_an_agent_does_not_make_their_own_everybodys(mine, alice):
    with pytest.raises(PermissionDenied):
        change_macro(mine, by=alice, name="X", body="x", owner=None)


def test_a_copy_is_ones_own(shared, bob, alice, mine):
    copy = copy_macro(shared, by=bob)
    assert (copy.name, copy.body, copy.steps, copy.owner) == ("Thanks (copy)", "Thank you!", shared.steps, bob)
    with pytest.raises(PermissionDenied):
        copy_macro(mine, by=bob)
    change_macro(mine, by=alice, name="x" * 80, body="x", owner=alice)
    mine.refresh_from_db()
    assert len(copy_macro(mine, by=alice).name) == 80


def test_there_is_an_end_to_ones_own(alice, mine):
    Macro.objects.bulk_create(Macro(owner=alice, name="x", body="x") for _ in range(MAX_OWN - 1))
    for keep in (lambda: create_macro(by=alice, name="X", body="x", owner=alice), lambda: copy_macro(mine, by=alice)):
        with pytest.raises(ValidationError, match="Delete some first"):
            keep()


def test_deleting_is_for_good(mine, alice):
    delete_macro(mine, by=alice)
    assert not Macro.objects.exists()


# --- Using ---


def test_each_step_does_what_a_person_would(ticket, alice, bob, workshop, shop, cause):
    tag_ticket(ticket, by=alice, tags=["New", "old"])
    apply_steps(
        ticket,
        by=alice,
        steps=steps(
            f"assign:{bob.pk}",
            f"team:{shop.pk}",
            "status:on_hold",
            "priority:4",
            "add_tags:bike, loan",
            "remove_tags:new",
            "note:Ask {{ customer.first_name }}.",
            "resolve:tyre-size",
        ),
    )
    now = again(ticket)
    assert (now.assignee, now.team, now.priority, now.status, now.root_cause) == (bob, shop, 4, "solved", cause)
    assert {tag.name for tag in now.tags.all()} == {"old", "bike", "loan"}
    assert last(ticket).type == "ticket.resolved"
    note = Message.objects.get(kind="note")
    assert (note.body, note.by_user) == ("Ask Carla.", alice)
    check_log(ticket)


@pytest.mark.parametrize(("value", "who"), [("me", "alice"), ("nobody", None)])
def test_whoever_uses_it_is_meant(ticket, alice, bob, value, who):
    apply_steps(ticket, by=bob, steps=steps(f"assign:{bob.pk}"))
    apply_steps(ticket, by=alice, steps=steps(f"assign:{value}"))
    assert again(ticket).assignee == (alice if who else None)


def test_no_team_and_no_cause_can_be_meant(ticket, alice):
    apply_steps(ticket, by=alice, steps=steps("team:none", "resolve:none"))
    assert (again(ticket).team, again(ticket).status, again(ticket).root_cause) == (None, "solved", None)


def test_snoozing_counts_from_when_it_is_used(ticket, alice):
    apply_steps(ticket, by=alice, steps=steps("snooze:until they reply"))
    assert again(ticket).snoozed_at is not None
    assert again(ticket).snoozed_until is None
    apply_steps(ticket, by=alice, steps=steps("snooze:in 2 hours"))
    assert again(ticket).snoozed_until is not None


def test_steps_are_all_done_or_none(ticket, alice, mine):
    with pytest.raises(ValidationError, match="cannot be chosen any more"):
        apply_steps(ticket, by=alice, steps=steps("priority:4", "note:x", "assign:999999"), macros=[mine.pk])
    resolve_ticket(ticket, by=alice, root_cause=None)
    with pytest.raises(ValidationError, match="Reopen it first"):
        apply_steps(ticket, by=alice, steps=steps("priority:4", "note:x", "status:pending"), macros=[mine.pk])
    assert again(ticket).priority == 2
    assert log(ticket, after=2) == ["ticket.resolved*"]
    assert Macro.objects.get().used == 0


def test_what_the_person_may_not_do_refuses_all(ticket, alice, monkeypatch):
    allowed = type(alice).has_perm
    monkeypatch.setattr(
        type(alice), "has_perm", lambda user, perm, obj=None: perm != "tickets.tag" and allowed(user, perm)
    )
    for do in (
        lambda: apply_steps(ticket, by=alice, steps=steps("priority:4", "add_tags:bike")),
        lambda: post_with_steps(ticket, by=alice, body="Hello", steps=steps("priority:4", "add_tags:bike")),
    ):
        with pytest.raises(PermissionDenied):
            do()
    assert again(ticket).last_seq == 2
    assert not Message.objects.filter(by_user=alice).exists()


def test_solving_what_is_solved_meanwhile_stands_in_nobodys_way(ticket, alice):
    resolve_ticket(ticket, by=alice, root_cause=None)
    post_with_steps(ticket, by=alice, body="All done.", steps=steps("resolve:none"))
    assert log(ticket, after=2) == ["ticket.resolved*", "message.posted*"]


def test_the_words_of_a_macro_are_not_sent_by_its_steps(ticket, alice, shared):
    apply_macro(ticket, by=alice, macro=shared)
    assert log(ticket, after=2) == ["ticket.assigned"]
    assert again(ticket).assignee == alice


def test_message_and_steps_go_together(ticket, alice, cause):
    message = post_with_steps(
        ticket, by=alice, body="Come by.", client_id="1", steps=steps("resolve:tyre-size", "add_tags:bike")
    )
    assert message.body == "Come by."
    assert log(ticket, after=2) == ["message.posted*", "ticket.tagged", "ticket.resolved*"]
    check_log(ticket)


def test_a_step_that_cannot_be_done_keeps_the_message_back(ticket, alice):
    with pytest.raises(ValidationError):
        post_with_steps(ticket, by=alice, body="Come by.", client_id="1", steps=steps("assign:999999"))
    assert log(ticket, after=2) == []
    assert post_with_steps(ticket, by=alice, body="Come by.", client_id="1").body == "Come by."


def test_sending_again_does_nothing_twice(ticket, alice, mine):
    wanted = {"body": "Hi", "client_id": "1", "steps": steps("note:Ask.", "priority:3"), "macros": [mine.pk]}
    first = post_with_steps(ticket, by=alice, **wanted)
    apply_steps(ticket, by=alice, steps=steps("priority:1"))
    assert post_with_steps(ticket, by=alice, **wanted) == first
    assert again(ticket).priority == 1, "what somebody did since stays"
    assert Message.objects.filter(kind="note").count() == 1
    assert Macro.objects.get().used == 1


def test_the_same_id_for_other_words_is_refused_and_does_nothing(ticket, alice):
    post_with_steps(ticket, by=alice, body="Hi", client_id="1", steps=steps("priority:3"))
    with pytest.raises(ValidationError, match="used for another message"):
        post_with_steps(ticket, by=alice, body="Ho", client_id="1", steps=steps("priority:4"))
    assert again(ticket).priority == 3


def test_applying_again_adds_no_second_note(ticket, alice):
    for _ in range(2):
        apply_steps(ticket, by=alice, steps=steps("note:Ask.", "note:Ask."), client_id="x" * 64)
    assert Message.objects.filter(kind="note").count() == 2, "two were meant, not four"
    with pytest.raises(ValidationError):
        apply_steps(ticket, by=alice, steps=steps("note:Ask."), client_id="x" * 65)


@pytest.mark.django_db(transaction=True)
def test_the_same_message_from_two_tabs_at_once_is_done_once(ticket, alice, mine):
    ready = threading.Barrier(2)

    def send() -> None:
        ready.wait()
        post_with_steps(
            ticket, by=alice, body="Hi", client_id="1", steps=steps("note:Ask.", "add_tags:bike"), macros=[mine.pk]
        )
        connection.close()

    tabs = [threading.Thread(target=send) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert log(ticket, after=2) == ["message.posted*", "message.posted", "ticket.tagged"]
    assert Macro.objects.get().used == 1
    check_log(ticket)


def test_only_what_one_sees_is_counted(ticket, bob, mine, shared):
    post_with_steps(ticket, by=bob, body="Hi", macros=[mine.pk, shared.pk, shared.pk, 999_999])
    assert dict(Macro.objects.values_list("name", "used")) == {"Loan wheel": 0, "Thanks": 1}
    assert Macro.objects.get(name="Thanks").used_at is not None


def test_a_message_without_a_macro_costs_no_more(ticket, alice, django_assert_num_queries):
    with CaptureQueriesContext(connection) as plain:
        post_message(ticket, by=alice, body="One")
    with django_assert_num_queries(len(plain)):
        post_with_steps(ticket, by=alice, body="Two")
