"""The pages of cases: the queue, the log, the panel beside a ticket, what opens a case."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from recovery.actions import close_case, contact_case, note_failure, open_case, verify_case
from recovery.actions.considering import consider
from recovery.jobs import decide_questions
from recovery.models import Case, Decision, Lot, Policy, Trigger, TriggerRule
from recovery.queries.preview import preview
from recovery.queries.queue import PAGE_SIZE, Asked, case_page, count_mine, steps_of
from recovery.queries.triggers import rules
from tickets.actions import assign_ticket, open_ticket, post_message, rate_ticket, trash_ticket
from tickets.models import Event, Undo

NOW = timezone.now()
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def at(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(autouse=True)
def nobody_is_held_out(db):
    Policy.objects.create(holdout_percent=0)


def opened(ticket, *, hours=0, trigger=Trigger.AGENT, **why) -> Case:
    return open_case(ticket, by=None, trigger=trigger, why=why, at=NOW - timedelta(hours=hours))


def another(ticket, customer=None, **more):
    customer = customer or ticket.customer
    said = {"subject": "Again", "body": "Again.", "channel": "email", "team": ticket.team}
    return open_ticket(customer, by=customer, **said | more)


def run() -> None:
    for event in Event.objects.select_related("ticket", "message").order_by("pk"):
        consider(event)
    decide_questions()


# --- The queue ---
def test_what_is_overdue_stands_first_and_says_so_in_words(at, ticket, dora, alice, lea):
    late = opened(ticket, hours=30, note="They sounded lost")
    fresh = opened(another(ticket, dora), hours=1)
    text = at(alice).get(reverse("recovery:queue")).text
    assert text.index(f"case-row-{late.pk}") < text.index(f"case-row-{fresh.pk}")
    assert "should have heard from us by" in text
    assert "first word by" in text
    assert "They sounded lost" in text
    assert text.index(">Overdue<") < text.index(f"case-row-{late.pk}")


def test_what_is_made_good_comes_last(ticket, dora, alice):
    good = verify_case(opened(ticket, hours=90), by=alice)
    open_one = opened(another(ticket, dora))
    assert [one.pk for one in case_page(alice, Asked()).cases] == [open_one.pk, good.pk]


def test_who_may_not_see_the_ticket_sees_no_case(at, ticket, charlie, dora, workshop):
    case = opened(ticket)
    trashed = another(ticket, dora)
    opened(trashed)
    trash_ticket(trashed, by=None)
    text = at(charlie).get(reverse("recovery:queue")).text
    assert f"case-row-{case.pk}" not in text
    assert "Nobody is waiting" in text


def test_filters(at, ticket, dora, alice, lea):
    assign_ticket(ticket, by=alice, user=alice)
    mine = opened(ticket)
    bad = contact_case(opened(another(ticket, dora), trigger=Trigger.RATING, score=1), by=lea)
    for query, found in {
        "whose=mine": [mine],
        "whose=teams": [mine, bad],
        "trigger=rating": [bad],
        "state=contacted": [bad],
        "second=on": [],
        "state=nonsense&trigger=x&whose=%00&cursor=%27": [mine, bad],
    }.items():
        text = at(alice).get(reverse("recovery:queue") + "?" + query).text
        shown = {one.pk for one in (mine, bad) if f"case-row-{one.pk}" in text}
        assert shown == {one.pk for one in found}, query


def test_closed_cases_are_shown_on_request(at, ticket, alice):
    case = close_case(opened(ticket), by=alice, note="Done")
    assert f"case-row-{case.pk}" not in at(alice).get(reverse("recovery:queue")).text
    assert f"case-row-{case.pk}" in at(alice).get(reverse("recovery:queue") + "?state=closed").text


def test_pages_follow_each_other_without_a_gap(ticket, alice, django_assert_max_num_queries):
    made = []
    for number in range(PAGE_SIZE + 7):
        case = opened(another(ticket), hours=number % 5)
        made.append(case.pk)
    Case.objects.filter(pk__in=made[:3]).update(state="verified", verified_at=NOW)
    seen: list[int] = []
    cursor = ""
    while True:
        with django_assert_max_num_queries(3):
            page = case_page(alice, Asked(), cursor=cursor)
        seen += [one.pk for one in page.cases]
        if page.next_cursor is None:
            break
        cursor = str(page.next_cursor)
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))
    assert set(seen[-3:]) == set(made[:3])


def test_closed_cases_follow_each_other_newest_first(ticket, alice):
    made = [opened(another(ticket), hours=hours) for hours in range(PAGE_SIZE + 3)]
    Case.objects.update(state="closed", closed_at=NOW)
    first = case_page(alice, Asked(state="closed"))
    second = case_page(alice, Asked(state="closed"), cursor=str(first.next_cursor))
    assert [one.pk for one in [*first.cases, *second.cases]] == [one.pk for one in made]
    assert second.next_cursor is None


def test_the_rail_counts_what_is_mine_and_open(at, ticket, dora, alice):
    for one in (ticket, another(ticket, dora)):
        assign_ticket(one, by=alice, user=alice)
        opened(one)
    assert count_mine(alice) == 2
    verify_case(Case.objects.first(), by=alice)
    assert "<b>1<" in at(alice).get(reverse("recovery:place"), **HTMX).text
    assert "recovery-place" in at(alice).get("/inbox/").text


# --- The log ---
def test_the_log_says_why_and_why_not(at, ticket, carla, alice, charlie):
    rate_ticket(ticket, by=carla, score=1, comment="never again")
    rate_ticket(another(ticket), by=carla, score=2)
    run()
    text = at(alice).get(reverse("recovery:decisions")).text
    assert "never again" in text
    assert "Opened a case" in text
    assert "Asked not long ago" in text
    assert "never again" not in at(charlie).get(reverse("recovery:decisions")).text
    text = at(alice).get(reverse("recovery:decisions") + "?outcome=cooling").text
    assert "never again" not in text
    assert "Rated 2 of 5" in text


# --- The panel ---
def panel(ticket) -> str:
    return reverse("recovery:panel", args=[ticket.pk])


def deed(ticket) -> str:
    return reverse("recovery:case", args=[ticket.pk])


def test_one_opens_a_case_by_ones_own_judgement(at, ticket, alice):
    text = at(alice).get(panel(ticket), **HTMX).text
    assert 'data-key="o"' in text
    answer = at(alice).post(reverse("recovery:open_case", args=[ticket.pk]), {"note": "They sounded lost"}, **HTMX)
    assert answer.status_code == 200
    assert "They sounded lost" in answer.text
    case = Case.objects.get()
    assert (case.opened_by, case.trigger) == (alice, "agent")
    assert Decision.objects.get().outcome == "opened"


def test_the_way_of_a_case_from_button_to_button(at, ticket, alice, lea):
    opened(ticket)
    for do, state in (("take", "detected"), ("call", "contacted"), ("verify", "verified"), ("close", "closed")):
        text = at(alice).get(panel(ticket), **HTMX).text
        assert f'value="{do}"' in text, do
        assert at(alice).post(deed(ticket), {"do": do}, **HTMX).status_code == 200
        assert Case.objects.get().state == state
    assert Case.objects.get().owner == alice
    assert at(alice).post(deed(ticket), {"do": "reopen", "note": ""}).status_code == 422
    assert at(alice).post(deed(ticket), {"do": "reopen", "note": "Still flat"}).status_code == 303
    assert (Case.objects.get().state, Case.objects.get().owner) == ("detected", lea)


def test_closing_without_a_word_says_what_is_missing(at, ticket, alice):
    opened(ticket)
    answer = at(alice).post(deed(ticket), {"do": "close"}, **HTMX)
    assert answer.status_code == 422
    assert "Say in a few words how it ended." in answer.text


def test_what_was_done_to_a_case_can_be_taken_back(at, ticket, alice):
    opened(ticket)
    answer = at(alice).post(deed(ticket), {"do": "close", "note": "Oops"}, **HTMX)
    assert "desk:undoable" in answer["HX-Trigger"]
    row = Undo.objects.get()
    assert at(alice).post(reverse("tickets:undo", args=[row.pk]), **HTMX).status_code == 204
    case = Case.objects.get()
    assert (case.state, case.closed_at, case.close_note) == ("detected", None, "")
    assert Event.objects.filter(type="case.put_back").count() == 1


def test_what_has_changed_since_is_not_taken_back(at, ticket, alice, bob):
    opened(ticket)
    at(alice).post(deed(ticket), {"do": "call"}, **HTMX)
    close_case(Case.objects.get(), by=bob, note="Done")
    at(alice).post(reverse("tickets:undo", args=[Undo.objects.get().pk]), **HTMX)
    assert Case.objects.get().state == "closed"


def test_a_second_failure_says_to_call_first(at, ticket, alice, lea):
    opened(ticket, hours=100)
    later = another(ticket)
    opened(later)
    text = at(alice).get(panel(later), **HTMX).text
    assert "Second failure" in text
    assert f"ticket {ticket.pk}" in text
    assert 'value="take"' not in text
    assert 'value="take"' not in at(lea).get(panel(later), **HTMX).text, "it is hers"


def test_whoever_is_watched_is_said_to_be(at, ticket, alice):
    verify_case(opened(ticket), by=alice)
    later = another(ticket)
    assert f"ticket {ticket.pk}" in at(alice).get(panel(later), **HTMX).text
    assert "On watch until" in at(alice).get(panel(later), **HTMX).text


def test_why_there_is_no_case_is_said_beside_the_ticket(at, ticket, carla, alice):
    TriggerRule.objects.create(trigger="rating", is_on=False)
    rate_ticket(ticket, by=carla, score=1)
    run()
    assert "The trigger is switched off" in at(alice).get(panel(ticket), **HTMX).text


def test_a_stranger_to_the_ticket_does_nothing(at, ticket, charlie):
    opened(ticket)
    for address in (deed(ticket), reverse("recovery:open_case", args=[ticket.pk])):
        assert at(charlie).post(address, {"do": "close", "note": "x"}).status_code == 404


def test_the_steps_say_how_far_it_is(ticket, alice):
    case = contact_case(opened(ticket), by=alice)
    steps = steps_of(case)
    assert [step.label for step in steps if step.is_now] == ["Contacted"]
    assert [step.label for step in steps if step.is_done] == ["Detected", "Contacted"]


# --- What opens a case ---
def test_a_trigger_is_set(at, sue):
    page = reverse("recovery:triggers")
    said = {"trigger": "rating", "threshold": "3", "cooldown_days": "7"}
    assert at(sue).post(page, said).status_code == 302
    rule = rules()["rating"]
    assert (rule.is_on, rule.threshold, rule.cooldown) == (False, 3, timedelta(days=7))
    assert at(sue).post(page, said | {"threshold": "9"}).status_code == 422
    assert at(sue).post(page, said | {"threshold": ""}).status_code == 422
    assert at(sue).post(page, said | {"trigger": "agent"}).status_code == 404
    assert at(sue).post(page, {"trigger": "second", "is_on": "on"}).status_code == 302
    assert at(sue).post(page, {"trigger": "hassle", "is_on": "on", "cooldown_days": "30"}).status_code == 302


def previewed(trigger, **more):
    return preview(rules()[trigger], now=timezone.now(), policy=Policy.current(), **more)


def test_the_preview_shows_what_would_have_been_opened_and_opens_nothing(at, ticket, carla, dora, sue):
    rate_ticket(ticket, by=carla, score=1, comment="never again", at=NOW - timedelta(days=9))
    rate_ticket(another(ticket), by=carla, score=1, at=NOW - timedelta(days=3))
    rate_ticket(another(ticket, dora), by=dora, score=3, at=NOW - timedelta(days=3))
    text = at(sue).get(reverse("recovery:trigger_preview", args=["rating"]), **HTMX).text
    assert "one case" in text
    assert "never again" in text
    assert "Asked not long ago: 1" in text
    asked = "?threshold=3&cooldown_days=5"
    assert "3 cases" in at(sue).get(reverse("recovery:trigger_preview", args=["rating"]) + asked, **HTMX).text
    assert at(sue).get(reverse("recovery:trigger_preview", args=["agent"])).status_code == 404
    assert not Case.objects.exists()
    assert not Decision.objects.exists()
    assert not Lot.objects.exists()


def test_the_preview_says_the_same_as_what_happens(ticket, carla, dora, alice, bob, lea):
    """The rules are one: what the preview would have opened of these events is what they open."""
    for words in ("Hello?", "Anybody?"):
        post_message(ticket, by=carla, body=words)
    theirs = another(ticket, dora)
    for words in ("Hello?", "Anybody?", "So what?"):
        post_message(theirs, by=dora, body=words)
    quiet = another(ticket, dora)
    post_message(quiet, by=alice, body="We look.")
    rate_ticket(quiet, by=dora, score=2)
    found = {trigger: {one.ticket.pk for one in previewed(trigger).opened} for trigger in ("unanswered", "rating")}
    run()
    happened = Decision.objects.filter(outcome="opened")
    for trigger, numbers in found.items():
        assert numbers == set(happened.filter(trigger=trigger).values_list("ticket", flat=True)), trigger
    assert found == {"unanswered": {ticket.pk, theirs.pk}, "rating": {quiet.pk}}


def test_the_preview_of_second_failures_and_of_hassle(ticket, alice):
    said = {"kind": "product", "severity": 3, "currency": "EUR", "value": Decimal(40), "loss": Decimal(10)}
    note_failure(ticket, by=alice, **said, at=NOW - timedelta(days=20))
    later = another(ticket)
    note_failure(later, by=alice, **said)
    assert [one.ticket.pk for one in previewed("second").opened] == [later.pk]
    assert previewed("hassle").opened == []


def test_the_preview_stops_when_its_time_is_up(ticket, carla):
    for _number in range(3):
        rate_ticket(another(ticket), by=carla, score=1)
    found = previewed("rating", seconds=-1)
    assert not found.is_whole
    assert len(found.opened) + sum(found.others.values()) == 1
