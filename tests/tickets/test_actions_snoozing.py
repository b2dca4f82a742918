"""Put away, and back: at its time, by hand, or because the customer wrote; and unread again."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape, strip_tags

from chat.actions import begin_conversation, start_visit
from tests.hostile.conftest import percent, submit
from tests.hostile.payloads import FEW
from tests.tickets.looking import again, check_log, last, log
from tickets import when
from tickets.actions import (
    assign_ticket,
    mark_seen,
    mark_unread,
    open_ticket,
    post_message,
    resolve_ticket,
    set_status,
    snooze_ticket,
    wake_ticket,
)
from tickets.jobs import wake_due_tickets
from tickets.models import ReadMark, Ticket
from tickets.queries.inbox import inbox_page, inbox_views

LATER = timedelta(days=2)


def asleep(ticket: Ticket) -> bool:
    return again(ticket).snoozed_at is not None


def due(*tickets: Ticket) -> None:
    """Let the time of snoozed tickets come."""
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(
        snoozed_until=timezone.now() - timedelta(seconds=1)
    )


def rows(user, key="all") -> list[tuple[int, bool]]:
    """The list's tickets, and whether they are unread."""
    view = inbox_views(user, [])[key]
    page = inbox_page(Ticket.objects.visible_to(user), user, view, None)
    return [(ticket.pk, ticket.is_unread) for ticket in page.tickets]


# --- Put away ---


def test_snoozing_says_until_when_and_waking_that_it_was_by_hand(ticket, alice, bob):
    until = timezone.now() + LATER
    snooze_ticket(ticket, by=alice, until=until)
    assert again(ticket).snoozed_until == until
    assert abs(again(ticket).snoozed_at - timezone.now()) < timedelta(seconds=9)
    wake_ticket(ticket, by=bob)
    assert (again(ticket).snoozed_at, again(ticket).snoozed_until) == (None, None)
    assert log(ticket, after=2) == ["ticket.snoozed", "ticket.woken"]
    assert ticket.events.get(type="ticket.snoozed").data == {"until": until.isoformat()}
    assert last(ticket).data == {"reason": "by hand"}
    check_log(ticket)


def test_doing_it_twice_is_once_and_another_time_moves_it(ticket, alice):
    until = timezone.now() + LATER
    for _ in range(2):
        snooze_ticket(ticket, by=alice, until=until)
    snooze_ticket(ticket, by=alice, until=until + LATER)
    assert again(ticket).snoozed_until == until + LATER
    snooze_ticket(ticket, by=alice, until=None)
    assert asleep(ticket)
    assert again(ticket).snoozed_until is None
    assert log(ticket, after=2) == ["ticket.snoozed"] * 3
    assert last(ticket).data == {"until": None}
    for _ in range(2):
        wake_ticket(ticket, by=alice)
    assert log(ticket, after=5) == ["ticket.woken"]


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=-1), timedelta(days=732)])
def test_neither_into_the_past_nor_for_years(ticket, alice, ahead):
    with pytest.raises(ValidationError) as refused:
        snooze_ticket(ticket, by=alice, until=timezone.now() + ahead)
    assert refused.value.code == "invalid"
    assert not asleep(ticket)


def test_what_is_solved_does_not_sleep(ticket, alice):
    snooze_ticket(ticket, by=alice, until=None)
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert not asleep(ticket)
    with pytest.raises(ValidationError, match="Reopen it first"):
        snooze_ticket(ticket, by=alice, until=None)
    assert wake_ticket(ticket, by=alice).is_solved
    assert log(ticket, after=2) == ["ticket.snoozed", "ticket.resolved*"]


def test_neither_customers_nor_those_who_have_left_snooze(ticket, alice, carla):
    alice.is_active = False
    alice.save()
    for who in (alice, carla):
        for act in (lambda by: snooze_ticket(ticket, by=by, until=None), lambda by: wake_ticket(ticket, by=by)):
            with pytest.raises(PermissionDenied):
                act(who)
    with pytest.raises(PermissionDenied):
        mark_unread(ticket, by=alice)
    assert log(ticket, after=2) == []


# --- Back because the customer wrote ---


@pytest.mark.parametrize("is_timed", [True, False])
def test_a_customer_who_writes_wakes_it(ticket, alice, carla, is_timed):
    post_message(ticket, by=alice, body="I will look.")
    set_status(ticket, by=alice, status="pending")
    snooze_ticket(ticket, by=alice, until=timezone.now() + LATER if is_timed else None)
    seq = again(ticket).last_seq
    post_message(ticket, by=carla, body="And?")
    assert log(ticket, after=seq) == ["ticket.woken", "status.changed", "message.posted*"]
    woken = ticket.events.get(type="ticket.woken")
    assert (woken.data, woken.by) == ({"reason": "replied"}, carla)
    assert not asleep(ticket)
    assert again(ticket).waiting_since is not None
    check_log(ticket)


def test_what_we_say_ourselves_does_not(ticket, alice, bob):
    snooze_ticket(ticket, by=alice, until=None)
    post_message(ticket, by=bob, body="We have asked the depot.")
    post_message(ticket, by=bob, body="They said Monday.", kind="note")
    assert asleep(ticket)
    assert "ticket.woken" not in log(ticket)


def test_in_a_batch_only_what_was_written_on_wakes(ticket, chat_ticket, alice, carla):
    for one in (ticket, chat_ticket):
        snooze_ticket(one, by=alice, until=None)
    post_message(chat_ticket, by=carla, body="Still here")
    assert (asleep(ticket), asleep(chat_ticket)) == (True, False)


def test_a_guest_who_writes_without_a_socket_wakes_it(client, site, alice):
    visit = start_visit(site)
    ticket = begin_conversation(visit.visitor, client_id="a1", body="Hello?")
    snooze_ticket(ticket, by=alice, until=timezone.now() + LATER)
    answer = client.post(
        f"/widget/tickets/{ticket.reference}/messages/",
        {"client_id": "a2", "body": "Anybody?"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {visit.token}"},
    )
    assert answer.status_code in (200, 201)
    assert not asleep(ticket)
    assert "ticket.woken" in log(ticket)


# --- Back because its time has come ---


def test_the_clock_wakes_what_is_due_and_nothing_else(ticket, carla, alice, desk_row):
    others = [open_ticket(carla, by=carla, subject=f"{n}", body="Words", channel="email") for n in range(2)]
    for one, until in ((ticket, LATER), (others[0], LATER), (others[1], None)):
        snooze_ticket(one, by=alice, until=timezone.now() + until if until else None)
    assert wake_due_tickets() == 0
    due(ticket)
    assert wake_due_tickets() == 1
    assert [asleep(one) for one in (ticket, *others)] == [False, True, True]
    assert (last(ticket).type, last(ticket).data, last(ticket).by) == ("ticket.woken", {"reason": "time"}, None)
    assert wake_due_tickets() == 0
    check_log(ticket)


def test_the_system_wakes_nothing_before_its_time(ticket, alice):
    snooze_ticket(ticket, by=alice, until=timezone.now() + LATER)
    wake_ticket(ticket, by=None)
    snooze_ticket(ticket, by=alice, until=None)
    wake_ticket(ticket, by=None)
    assert asleep(ticket)


def test_one_that_cannot_be_woken_does_not_hold_up_the_others(ticket, chat_ticket, alice, monkeypatch):
    for one in (ticket, chat_ticket):
        snooze_ticket(one, by=alice, until=timezone.now() + LATER)
    due(ticket, chat_ticket)

    def wake(what: Ticket, *, by: None) -> Ticket:
        if what.pk == ticket.pk:
            raise RuntimeError("The row is bewitched.")
        return wake_ticket(what, by=by)

    monkeypatch.setattr("tickets.jobs.wake_ticket", wake)
    assert wake_due_tickets() == 1
    assert [asleep(one) for one in (ticket, chat_ticket)] == [True, False]


def test_what_wakes_rises_and_is_unread_for_whoever_has_it(ticket, carla, alice, bob, workshop):
    assign_ticket(ticket, by=alice, user=bob)
    post_message(ticket, by=bob, body="Answered.")
    snooze_ticket(ticket, by=alice, until=timezone.now() + LATER)
    newer = open_ticket(carla, by=carla, subject="Newer", body="Words", channel="email", team=workshop)
    post_message(newer, by=alice, body="Answered.")
    for one in (ticket, newer):
        for reader in (alice, bob):
            mark_seen(one, by=reader, seq=99)
    assert rows(bob) == [(newer.pk, False)]
    due(ticket)
    wake_due_tickets()
    assert rows(bob) == [(ticket.pk, True), (newer.pk, False)]
    assert rows(alice) == [(ticket.pk, False), (newer.pk, False)]


def test_what_nobody_has_is_unread_for_whoever_snoozed_it(ticket, alice, bob):
    for user in (alice, bob):
        mark_seen(ticket, by=user, seq=99)
    snooze_ticket(ticket, by=bob, until=timezone.now() + LATER)
    snooze_ticket(ticket, by=alice, until=timezone.now() + LATER + LATER)
    due(ticket)
    wake_due_tickets()
    assert (rows(alice), rows(bob)) == ([(ticket.pk, True)], [(ticket.pk, False)])


def test_what_was_woken_by_hand_is_as_read_as_before(ticket, alice):
    mark_seen(ticket, by=alice, seq=99)
    snooze_ticket(ticket, by=alice, until=None)
    wake_ticket(ticket, by=alice)
    assert rows(alice) == [(ticket.pk, False)]


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_wake_each_ticket_once(ticket, chat_ticket, alice):
    for one in (ticket, chat_ticket):
        snooze_ticket(one, by=alice, until=timezone.now() + LATER)
    due(ticket, chat_ticket)
    counts: list[int] = []

    def tick() -> None:
        try:
            counts.append(wake_due_tickets())
        finally:
            connection.close()

    clocks = [threading.Thread(target=tick) for _ in range(2)]
    with transaction.atomic():
        list(Ticket.objects.select_for_update().order_by("pk"))  # both find them due, and wait
        for clock in clocks:
            clock.start()
        for clock in clocks:
            clock.join(0.5)
    for clock in clocks:
        clock.join(10)
    assert len(counts) == 2
    for one in (ticket, chat_ticket):
        assert log(one).count("ticket.woken") == 1
        check_log(one)


# --- Unread again ---


def test_unread_again_is_so_for_one_person_until_they_open_it(client, ticket, alice, bob):
    for user in (alice, bob):
        mark_seen(ticket, by=user, seq=99)
    assert mark_unread(ticket, by=alice)
    assert (rows(alice), rows(bob)) == ([(ticket.pk, True)], [(ticket.pk, False)])
    assert not mark_unread(ticket, by=alice)
    assert log(ticket, after=2) == [], "it is nobody else's business"
    client.force_login(alice)
    client.get("/inbox/")
    assert rows(alice) == [(ticket.pk, True)]
    client.get(f"/tickets/{ticket.number}/")
    assert rows(alice) == [(ticket.pk, False)]


def test_the_mark_stands_right_before_the_last_public_words(ticket, alice, carla):
    post_message(ticket, by=carla, body="And?")  # 3
    post_message(ticket, by=alice, body="Only us.", kind="note")
    resolve_ticket(ticket, by=alice, root_cause=None)
    mark_seen(ticket, by=alice, seq=99)
    mark_unread(ticket, by=alice)
    assert ReadMark.objects.get(user=alice).seq == 2
    assert rows(alice, "solved") == [(ticket.pk, True)]


def test_what_was_never_read_stays_unread(ticket, alice):
    assert not mark_unread(ticket, by=alice)
    assert rows(alice) == [(ticket.pk, True)]
    assert not ReadMark.objects.exists()


# --- The pages ---


@pytest.fixture
def browser(client, alice):
    alice.time_zone = "Europe/Amsterdam"
    alice.save()
    client.force_login(alice)
    return client


def test_the_form_takes_words_or_one_of_the_moments_and_shows_it_asleep(browser, ticket):
    where = f"/tickets/{ticket.number}/snooze/?view=mine"
    answer = browser.post(where, {"words": "tomorrow 9"})
    assert (answer.status_code, answer["Location"]) == (303, f"/tickets/{ticket.number}/?view=mine")
    local = again(ticket).snoozed_until.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert f"{local:%H:%M}" == "09:00"
    page = browser.get(f"/tickets/{ticket.number}/").content.decode()
    assert f"{local.day} {local:%b}, 9:00</time></b> by you" in page
    assert "until tomorrow 9:00" in browser.get("/inbox/?view=snoozed").content.decode()
    in_a_week = when.choices(timezone.now(), ZoneInfo("Europe/Amsterdam"))[3]
    browser.post(where, {"words": "", "until": in_a_week.value})
    assert again(ticket).snoozed_until == in_a_week.at
    browser.post(where, {"words": "rubbish", "until": "until they reply"})
    assert again(ticket).snoozed_until is None
    assert "until they reply" in browser.get("/inbox/?view=snoozed").content.decode()
    assert browser.post(f"/tickets/{ticket.number}/wake/").status_code == 303
    assert not asleep(ticket)


@pytest.mark.parametrize("words", ["", "rubbish", "yesterday", "x" * 99, "<script>"])
def test_words_that_mean_nothing_are_kept_and_the_reason_said(browser, ticket, words):
    answer = browser.post(f"/tickets/{ticket.number}/snooze/", {"words": words}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'value="{escape(words)}"' in page
    assert "Say when, as in" in page
    assert not asleep(ticket)


@pytest.mark.parametrize("payload", FEW.values(), ids=FEW.keys())
def test_anything_may_be_typed(browser, ticket, payload):
    assert browser.get(f"/tickets/when/?words={percent(payload)}").status_code == 200
    assert submit(browser, f"/tickets/{ticket.number}/snooze/", {"words": payload}).status_code in (303, 422)


def test_what_is_typed_is_answered_while_it_is_typed(browser):
    def answered(**asked: str) -> str:
        return strip_tags(browser.get("/tickets/when/", asked).content.decode()).strip()

    assert re.fullmatch(r"\w{3} \d+ \w{3}, 9:00", answered(words="tomorrow")) or timezone.now().month == 12
    assert re.fullmatch(r"\w{3} \d+ \w{3} \d{4}, 9:00", answered(words="in 1 year"))
    assert answered(words="bis sie antworten") == "Until they reply"
    assert answered(words="  ") == ""
    assert "Try" in answered(words="soon")
    assert "Until they reply" in answered(), "without words, the moments that are offered"


def test_unread_again_goes_back_to_the_list(browser, ticket, alice):
    browser.get(f"/tickets/{ticket.number}/")
    answer = browser.post(f"/tickets/{ticket.number}/unread/?view=mine")
    assert (answer.status_code, answer["Location"]) == (303, "/inbox/?view=mine")
    browser.get(answer["Location"])
    assert rows(alice) == [(ticket.pk, True)]
    browser.get(f"/tickets/{ticket.number}/")
    answer = browser.post(f"/tickets/{ticket.number}/unread/?view=mine", headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == "/inbox/?view=mine"
    page = answer.content.decode()
    assert "data-ref" not in page
    assert "Pick a conversation" in page
    assert rows(alice) == [(ticket.pk, True)]


def test_charlie_can_neither_snooze_nor_unread_what_he_does_not_see(client, charlie, ticket):
    client.force_login(charlie)
    for door in ("snooze", "wake", "unread"):
        assert client.post(f"/tickets/{ticket.number}/{door}/", {"words": "monday"}).status_code == 404
    assert not asleep(ticket)


def test_a_sleeping_ticket_costs_no_more_questions(browser, ticket, alice):
    where = f"/tickets/{ticket.number}/"
    browser.get(where)
    with CaptureQueriesContext(connection) as awake:
        browser.get(where)
    snooze_ticket(ticket, by=alice, until=None)
    with CaptureQueriesContext(connection) as sleeping:
        browser.get(where)
    assert len(sleeping) == len(awake)
