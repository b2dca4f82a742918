"""What happens on tickets opens cases by itself, each question once, and says why or why not."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone, translation

from accounts.models import Desk
from chat.models import Visitor
from recovery.actions import close_case, considering, note_failure, open_case, verify_case
from recovery.actions.considering import ask_about, consider, decide, questions
from recovery.actions.reminding import note_abandoned_chats, note_contacts, remind_of_overdue
from recovery.jobs import consider as consider_all
from recovery.jobs import decide_questions
from recovery.lots import HOLDOUT
from recovery.models import Arm, Case, Decision, Lot, Policy, Remedy, Trigger, TriggerRule, Watch
from recovery.queries.triggers import Line, Rule, Standing, outcome_of, rules, why_asked
from tickets.actions import (
    assign_ticket,
    end_chat,
    merge_ticket,
    notify,
    open_ticket,
    post_message,
    rate_ticket,
    reopen_ticket,
    resolve_ticket,
    transfer_ticket,
)
from tickets.models import Event, EventMark, Notification
from tickets.queries.notifications import said

NOW = timezone.now()
T = datetime.fromisoformat("2026-03-02T10:00:00+00:00")


@pytest.fixture(autouse=True)
def nobody_is_held_out(db):
    Policy.objects.create(holdout_percent=0)


def hold_out_everybody() -> None:
    """What is drawn stays, so it is what was drawn before that is told here."""
    Policy.objects.update(holdout_percent=50)


def run() -> list[Decision]:
    """Everything that has happened so far is considered and decided."""
    for event in Event.objects.select_related("ticket", "message").order_by("pk"):
        consider(event)
    decide_questions()
    return list(Decision.objects.order_by("pk"))


def outcomes() -> list[tuple[str, str]]:
    return [(one.trigger, one.outcome) for one in run()]


def another(ticket, **more):
    said = {"subject": "Again", "body": "Again.", "channel": "email", "team": ticket.team}
    return open_ticket(ticket.customer, by=ticket.customer, **said | more)


# --- The rules: pure ---
def rule(trigger, threshold=1) -> Rule:
    return Rule(trigger, threshold=Decimal(threshold))


def line(number, type_, minutes=0, *, by="", **data) -> Line:
    at = T + timedelta(minutes=minutes)
    return Line(number, number, type_, at, data, by_customer=by == "customer", by_user=by == "user")


def test_ratings_up_to_the_threshold_ask():
    for score, asks in ((1, True), (2, True), (3, False), (5, False)):
        said = why_asked(
            rule("rating", 2), [line(1, "rating.given", score=score, comment="never again")], channel="email"
        )
        assert (said is not None) == asks
    assert said is None


def test_what_is_counted_asks_at_each_multiple():
    lines = [line(number, "ticket.reopened") for number in range(1, 7)]
    asked = [len(lines[:upto]) for upto in range(1, 7) if why_asked(rule("reopened", 2), lines[:upto], channel="email")]
    assert asked == [2, 4, 6]


def test_undoing_a_solve_is_no_return():
    lines = [line(1, "ticket.reopened"), line(2, "ticket.reopened", undo=True)]
    assert why_asked(rule("reopened", 1), lines, channel="email") is None
    assert why_asked(rule("reopened", 2), [*lines, line(3, "ticket.reopened")], channel="email")["count"] == 2


def handed(number, had="Alice", to="Bob", **more) -> Line:
    return line(number, "ticket.handed_over", user={"from": had, "to": to}, team={"from": "Shop", "to": "Shop"}, **more)


def test_three_transfers_ask_and_sorting_what_nobody_had_is_none():
    sorted_first = line(1, "ticket.assigned", user={"from": None, "to": "Alice"}, team={"from": None, "to": "Shop"})
    lines = [sorted_first, handed(2), handed(3), handed(4)]
    assert why_asked(rule("transfers", 3), lines[:3], channel="email") is None
    assert why_asked(rule("transfers", 3), lines, channel="email")["count"] == 3


def test_a_transfer_that_was_taken_back_is_none():
    lines = [handed(1), handed(2), handed(3, undo=True), handed(4)]
    assert why_asked(rule("transfers", 3), lines, channel="email") is None


def wrote(number, minutes=0, by="customer") -> Line:
    return line(number, "message.posted", minutes, by=by)


def test_three_messages_without_an_answer_ask():
    lines = [wrote(1), wrote(2, 60), wrote(3, 90)]
    assert why_asked(rule("unanswered", 3), lines, channel="email")["count"] == 3
    assert why_asked(rule("unanswered", 3), lines[:2], channel="email") is None
    answered = [wrote(1), wrote(2, 60), wrote(3, 70, by="user"), wrote(4, 90)]
    assert why_asked(rule("unanswered", 3), answered, channel="email") is None


def test_in_a_chat_what_is_written_in_one_breath_is_one_message():
    breath = [wrote(1, 0), wrote(2, 1), wrote(3, 2)]
    assert why_asked(rule("unanswered", 3), breath, channel="chat") is None
    assert why_asked(rule("unanswered", 3), breath, channel="email")
    assert why_asked(rule("unanswered", 3), [*breath, wrote(4, 8), wrote(5, 20)], channel="chat")["count"] == 3


def test_who_waited_in_the_queue_of_a_chat_and_left_asks():
    left = [wrote(1), line(2, "chat.ended", 6, by="customer")]
    assert why_asked(rule("abandoned"), left, channel="chat")["minutes"] == 6
    assert why_asked(rule("abandoned", 10), left, channel="chat") is None
    assert why_asked(rule("abandoned"), left, channel="email") is None
    taken = [wrote(1), line(2, "agent.joined", 1, by="user"), line(3, "chat.ended", 6, by="customer")]
    assert why_asked(rule("abandoned"), taken, channel="chat") is None
    closed_page = [wrote(1), line(2, "chat.abandoned", 9, gone_seconds=240, waited_seconds=300)]
    assert why_asked(rule("abandoned"), closed_page, channel="chat")["minutes"] == 5


def test_what_stands_against_a_case_in_its_order():
    held = {"arm": Arm.HOLDOUT}
    table = [
        ({}, "opened"),
        ({"is_gone": True, "is_blocked": True}, "gone"),
        ({"is_blocked": True, "has_open_case": True}, "blocked"),
        ({"has_open_case": True} | held, "open_already"),
        ({"last_at": T - timedelta(days=29)} | held, "cooling"),
        ({"last_at": T - timedelta(days=31)}, "opened"),
        (held, "held_out"),
        (held | {"is_spared": True}, "opened"),
        (held | {"is_second": True}, "opened"),
    ]
    for standing, outcome in table:
        assert outcome_of(rule("rating"), Standing(now=T, **standing)) == outcome, standing
    assert outcome_of(Rule("rating", is_on=False), Standing(now=T)) == "off"
    assert outcome_of(rule("second"), Standing(now=T, **held)) == "opened"


def test_a_second_failure_has_no_cool_down_however_it_is_set():
    TriggerRule.objects.create(trigger="second", cooldown_days=30)
    TriggerRule.objects.create(trigger="rating", cooldown_days=7, threshold=1, is_on=False)
    found = rules()
    assert found["second"].cooldown == timedelta(0)
    assert (found["rating"].cooldown, found["rating"].threshold, found["rating"].is_on) == (timedelta(days=7), 1, False)
    assert found["hassle"].threshold == 15


# --- From what happens ---
def test_a_bad_rating_opens_a_case_and_says_why(ticket, carla, lea):
    rate_ticket(ticket, by=carla, score=1, comment="never again")
    (decision,) = run()
    assert (decision.trigger, decision.outcome, decision.case.owner) == ("rating", "opened", lea)
    case = Case.objects.get()
    assert (case.trigger, case.why["comment"], case.state) == ("rating", "never again", "detected")


def test_considering_again_changes_nothing(ticket, carla):
    rate_ticket(ticket, by=carla, score=1)
    run()
    before = Event.objects.count()
    assert len(run()) == 1
    assert Event.objects.count() == before


def test_good_ratings_write_no_line(ticket, carla):
    rate_ticket(ticket, by=carla, score=4)
    assert run() == []


def test_old_events_open_nothing(ticket, carla):
    rate_ticket(ticket, by=carla, score=1, at=NOW - timedelta(days=8))
    assert run() == []


def test_a_ticket_that_comes_back_twice(ticket, alice):
    for _time in range(2):
        resolve_ticket(ticket, by=alice, root_cause=None)
        reopen_ticket(ticket, by=alice)
    assert ("reopened", "opened") in outcomes()


def test_a_ticket_that_is_passed_on_three_times(ticket, alice, bob, lea):
    assign_ticket(ticket, by=alice, user=alice)
    for user in (bob, lea, alice):
        transfer_ticket(ticket, by=lea, user=user, note="Yours")
    assert ("transfers", "opened") in outcomes()


def test_three_letters_without_an_answer(ticket, carla):
    for words in ("Hello?", "Anybody?"):
        post_message(ticket, by=carla, body=words)
    assert ("unanswered", "opened") in outcomes()


def test_who_ends_a_chat_that_nobody_took(chat_ticket, carla):
    Event.objects.filter(ticket=chat_ticket).update(at=NOW - timedelta(minutes=5))
    end_chat(chat_ticket, by=carla)
    assert ("abandoned", "opened") in outcomes()


def test_who_closes_the_page_of_a_chat_that_nobody_took(chat_ticket, carla, site):
    begun = NOW - timedelta(minutes=20)
    Event.objects.filter(ticket=chat_ticket).update(at=begun)
    type(chat_ticket).objects.filter(pk=chat_ticket.pk).update(waiting_since=begun)
    visitor = Visitor.objects.create(site=site, customer=carla, token_digest="x" * 64, last_seen_at=NOW)
    assert note_abandoned_chats(now=NOW) == 0, "they are here"
    Visitor.objects.filter(pk=visitor.pk).update(last_seen_at=NOW - timedelta(minutes=10))
    assert note_abandoned_chats(now=NOW) == 1
    assert note_abandoned_chats(now=NOW) == 0
    run()
    assert Decision.objects.get(trigger="abandoned").why["minutes"] == 10


def test_a_second_failure_opens_a_case_for_a_senior_person(ticket, alice, lea):
    said = {"kind": "product", "severity": 3, "currency": "EUR", "value": Decimal(40), "loss": Decimal(10)}
    note_failure(ticket, by=alice, **said)
    assert run() == []
    note_failure(another(ticket), by=alice, **said)
    (decision,) = run()
    assert (decision.trigger, decision.outcome) == ("second", "opened")
    assert (decision.case.is_second_failure, decision.case.owner) == (True, lea)


def test_a_second_failure_on_an_open_case_makes_it_a_senior_persons(ticket, alice, lea):
    said = {"kind": "product", "severity": 3, "currency": "EUR", "value": Decimal(40), "loss": Decimal(10)}
    note_failure(ticket, by=alice, **said, at=NOW - timedelta(days=3))
    later = another(ticket)
    assign_ticket(later, by=alice, user=alice)
    case = open_case(later, by=alice, trigger=Trigger.AGENT, why={})
    Case.objects.update(is_second_failure=False, owner=alice, follows=None)
    note_failure(later, by=alice, **said)
    assert ("second", "open_already") in outcomes()
    case.refresh_from_db()
    assert (case.is_second_failure, case.owner) == (True, lea)


def test_the_hassle_opens_a_case_when_it_comes_to_the_threshold(ticket, alice, bob, carla):
    Policy.objects.update(hassle_threshold=Decimal(10))
    for _time in range(2):  # two returns at five
        resolve_ticket(ticket, by=alice, root_cause=None)
        reopen_ticket(ticket, by=alice)
    TriggerRule.objects.create(trigger="reopened", is_on=False)
    decisions = {one.trigger: one for one in run()}
    assert decisions["hassle"].outcome == "opened"
    assert Decimal(decisions["hassle"].why["amount"]) >= 10
    assert decisions["reopened"].outcome == "off"


# --- Why not ---
def test_there_is_a_case_already(ticket, alice, carla):
    case = open_case(ticket, by=alice, trigger=Trigger.AGENT, why={"note": "Lost"})
    rate_ticket(ticket, by=carla, score=1)
    assert outcomes() == [("agent", "opened"), ("rating", "open_already")]
    assert Decision.objects.get(trigger="rating").case == case


def test_the_same_trigger_does_not_ask_twice_in_a_month(ticket, carla):
    rate_ticket(ticket, by=carla, score=1)
    rate_ticket(another(ticket), by=carla, score=1)
    assert outcomes() == [("rating", "opened"), ("rating", "cooling")]
    TriggerRule.objects.create(trigger="rating", cooldown_days=0)
    rate_ticket(another(ticket), by=carla, score=2)
    assert outcomes()[-1] == ("rating", "opened")


def test_blocked_and_merged(ticket, carla, alice):
    gone = another(ticket)
    rate_ticket(gone, by=carla, score=1)
    merge_ticket(gone, by=alice, into=ticket)
    rate_ticket(ticket, by=carla, score=1)
    carla.is_blocked = True
    carla.save(update_fields=["is_blocked"])
    assert sorted(outcomes()) == [("rating", "blocked"), ("rating", "gone")]
    assert not Case.objects.exists()


def test_a_trigger_that_is_off_says_so(ticket, carla):
    TriggerRule.objects.create(trigger="rating", is_on=False)
    rate_ticket(ticket, by=carla, score=1)
    assert outcomes() == [("rating", "off")]


# --- Hold-out ---
def test_who_is_held_out_once_is_held_out_the_next_time(ticket, carla):
    Lot.objects.create(customer=carla, trigger="rating", arm=Arm.HOLDOUT)
    TriggerRule.objects.create(trigger="rating", cooldown_days=0)
    rate_ticket(ticket, by=carla, score=1)
    rate_ticket(another(ticket), by=carla, score=1)
    assert outcomes() == [("rating", "held_out"), ("rating", "held_out")]
    assert not Case.objects.exists()


def test_what_is_drawn_is_kept_whatever_the_shares_become(ticket, carla):
    rate_ticket(ticket, by=carla, score=1)
    run()
    assert Lot.objects.get(customer=carla, trigger="rating").arm == Arm.FREE
    hold_out_everybody()
    TriggerRule.objects.create(trigger="rating", cooldown_days=0)
    rate_ticket(another(ticket), by=carla, score=1)
    run()
    assert Lot.objects.get(customer=carla, trigger="rating").arm == Arm.FREE


@pytest.mark.parametrize(
    ("severity", "is_owed", "outcome"), [(3, False, "held_out"), (4, False, "opened"), (2, True, "opened")]
)
def test_nobody_is_held_out_of_what_is_grave_or_owed(ticket, carla, alice, severity, is_owed, outcome):
    Lot.objects.create(customer=carla, trigger="rating", arm=Arm.HOLDOUT)
    if is_owed:
        Remedy.objects.create(kind="replacement", name="The right one", words="-", failures=["product"], is_owed=True)
    said = {"kind": "product", "currency": "EUR", "value": Decimal(40), "loss": Decimal(10)}
    note_failure(ticket, by=alice, severity=severity, **said)
    rate_ticket(ticket, by=carla, score=1)
    assert outcomes() == [("rating", outcome)]
    for case in Case.objects.all():
        assert case.arm == Arm.FREE, "who is spared is part of no experiment"


def test_a_case_that_was_held_out_is_opened_when_it_turns_out_to_be_grave(ticket, carla, alice):
    Lot.objects.create(customer=carla, trigger="rating", arm=Arm.HOLDOUT)
    rate_ticket(ticket, by=carla, score=1, comment="burnt")
    assert outcomes() == [("rating", "held_out")]
    note_failure(ticket, by=alice, kind="product", severity=5, currency="EUR", value=Decimal(9), loss=Decimal(9))
    assert outcomes()[-1] == ("second", "opened")
    case = Case.objects.get()
    assert (case.trigger, case.why["comment"], case.is_second_failure) == ("rating", "burnt", False)


def test_what_is_tried_out_stands_on_the_case(ticket, carla):
    Lot.objects.create(customer=carla, trigger="rating", arm=Arm.MONEY)
    rate_ticket(ticket, by=carla, score=1)
    run()
    assert Case.objects.get().arm == Arm.MONEY
    assert HOLDOUT == Arm.HOLDOUT


# --- On watch ---
def test_a_watched_customers_next_ticket_goes_first_to_the_same_agent_once(ticket, alice, carla):
    assign_ticket(ticket, by=alice, user=alice)
    verify_case(open_case(ticket, by=alice, trigger=Trigger.AGENT, why={}), by=alice)
    new = another(ticket)
    run()
    run()
    new.refresh_from_db()
    assert (new.priority, new.assignee) == (3, alice)
    event = Event.objects.get(ticket=new, type="customer.watched")
    assert (event.data["ticket"], event.data["agent"]) == (ticket.pk, "Alice Arden")
    assert Watch.objects.count() == 1


def test_nobody_is_watched_after_thirty_days_or_in_place_of_another(ticket, alice, dora, workshop):
    assign_ticket(ticket, by=alice, user=alice)
    verify_case(open_case(ticket, by=alice, trigger=Trigger.AGENT, why={}), by=alice)
    other = open_ticket(dora, by=dora, body="Mine", channel="email", team=workshop)
    run()
    Case.objects.update(watch_until=NOW - timedelta(minutes=1))
    another(ticket)
    run()
    other.refresh_from_db()
    assert other.priority == 2
    assert not Watch.objects.exists()


def test_an_agent_who_is_away_gets_nothing(ticket, alice):
    assign_ticket(ticket, by=alice, user=alice)
    verify_case(open_case(ticket, by=alice, trigger=Trigger.AGENT, why={}), by=alice)
    alice.availability = "away"
    alice.save()
    new = another(ticket)
    run()
    new.refresh_from_db()
    assert (new.priority, new.assignee) == (3, None)


# --- First touch and overdue ---
def test_our_first_words_after_opening_are_the_first_touch(ticket, alice, carla):
    post_message(ticket, by=alice, body="We look.", at=NOW - timedelta(hours=4))
    case = open_case(ticket, by=None, trigger=Trigger.RATING, why={}, at=NOW - timedelta(hours=3))
    post_message(ticket, by=carla, body="Please do.", at=NOW - timedelta(hours=2))
    assert note_contacts(now=NOW) == 0
    post_message(ticket, by=alice, body="Sorry!", at=NOW - timedelta(hours=1))
    assert note_contacts(now=NOW) == 1
    case.refresh_from_db()
    assert (case.state, case.contacted_at) == ("contacted", NOW - timedelta(hours=1))


def test_what_is_overdue_is_told_once_to_owner_and_lead(ticket, alice, lea):
    assign_ticket(ticket, by=alice, user=alice)
    open_case(ticket, by=None, trigger=Trigger.AGENT, why={}, at=NOW - timedelta(hours=25))
    assert remind_of_overdue(now=NOW) == 1
    assert remind_of_overdue(now=NOW) == 0
    event = Event.objects.get(type="case.overdue")
    assert (event.data["what"], event.data["tell"]) == (["contact"], [alice.pk, lea.pk])
    assert remind_of_overdue(now=NOW + timedelta(hours=24)) == 1
    assert Event.objects.filter(type="case.overdue").last().data["what"] == ["resolution"]


def test_what_is_made_good_is_not_overdue(ticket, alice):
    case = open_case(ticket, by=None, trigger=Trigger.AGENT, why={}, at=NOW - timedelta(days=9))
    verify_case(case, by=alice, at=NOW - timedelta(days=8))
    assert remind_of_overdue(now=NOW) == 0


# --- Two at a time ---
def until_read(event: Event, look) -> None:
    """Look until the log is read up to here: it waits for every transaction that runs meanwhile, of whatever test."""
    for _look in range(300):
        look()
        if EventMark.objects.get(reader="recovery").done_id >= event.pk:
            return
        time.sleep(0.1)
    raise AssertionError("the log was not read")


def at_once(*work) -> None:
    """All of these begin together, each on a connection of its own."""
    gate, failures = threading.Barrier(len(work)), []

    def go(one):
        try:
            gate.wait(10)
            one()
        except Exception as error:  # noqa: BLE001  (told below)
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures, failures


@pytest.mark.django_db(transaction=True)
def test_two_workers_open_one_case_and_write_one_line(ticket, carla):
    consider_all()
    rate_ticket(ticket, by=carla, score=1)
    rated = Event.objects.get(type="rating.given")
    until_read(rated, lambda: at_once(consider_all, consider_all, consider_all))
    at_once(consider_all, consider_all)
    assert Case.objects.count() == 1
    assert [one.outcome for one in Decision.objects.all()] == ["opened"]
    assert Event.objects.filter(type="case.opened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_tickets_of_one_person_are_decided_one_after_the_other(ticket, carla):
    """The cool-down holds, although two workers decide at the same moment."""
    for one in (ticket, another(ticket)):
        rate_ticket(one, by=carla, score=1)
    rule_ = rules()["rating"]
    for event in Event.objects.filter(type="rating.given").select_related("ticket"):
        assert ask_about(event, rule=rule_)
    at_once(*[lambda one=one: decide(one) for one in questions(limit=9)])
    assert sorted(one.outcome for one in Decision.objects.all()) == ["cooling", "opened"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_between_asking_and_deciding_loses_nothing(ticket, carla, monkeypatch):
    consider_all()
    rate_ticket(ticket, by=carla, score=1)

    def dies(*_args, **_more):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(considering, "open_case", dies)

        def tries() -> None:
            with suppress(SystemExit):
                consider_all()

        until_read(Event.objects.get(type="rating.given"), tries)
        tries()
    assert [one.outcome for one in Decision.objects.all()] == ["asked"]
    consider_all()
    assert [one.outcome for one in Decision.objects.all()] == ["opened"]
    assert Case.objects.count() == 1


def test_one_bad_question_holds_up_no_other(ticket, carla, dora, workshop, monkeypatch):
    rate_ticket(ticket, by=carla, score=1)
    theirs = open_ticket(dora, by=dora, body="Mine", channel="email", team=workshop)
    rate_ticket(theirs, by=dora, score=1)
    real = considering.open_case

    def fails_for_carla(of, **more):
        if of.pk == ticket.pk:
            raise RuntimeError("no")
        return real(of, **more)

    monkeypatch.setattr(considering, "open_case", fails_for_carla)
    assert outcomes() == [("rating", "asked"), ("rating", "opened")]
    assert close_case(Case.objects.get(), by=None, note="x").ticket == theirs
    assert Desk.objects.exists()


# --- Who is told ---
def test_who_has_a_case_is_told_of_it_in_their_own_words(ticket, carla, lea, alice):
    rate_ticket(ticket, by=carla, score=1, comment="never again")
    run()
    event = Event.objects.get(type="case.opened")
    assert notify(event) == 1
    told = Notification.objects.get(event=event)
    assert (told.user, told.kind) == (lea, "recovery")
    assert said(told) == "Somebody is to be made good with: a case of yours was opened"
    with translation.override("de"):
        assert said(told) != "Somebody is to be made good with: a case of yours was opened"
    for type_ in settings.TELLING_EVENTS:
        event.type = type_
        told.event = event
        assert said(told)


def test_nobody_is_told_of_what_they_did_themselves(ticket, alice):
    assign_ticket(ticket, by=alice, user=alice)
    open_case(ticket, by=alice, trigger=Trigger.AGENT, why={})
    assert notify(Event.objects.get(type="case.opened")) == 0
