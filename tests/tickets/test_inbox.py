"""The inbox's order, pages, places and counts; and that indexes carry them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tickets.actions import (
    assign_ticket,
    mark_seen,
    open_ticket,
    post_message,
    resolve_ticket,
    set_status,
    snooze_ticket,
    tag_ticket,
)
from tickets.models import Event, Ticket
from tickets.queries.inbox import Cursor, View, _part, count_views, inbox_page, inbox_views

# Some orders of a list that lost or doubled rows when their page ended between equals.
TIE = timezone.now()


def view_of(user, key="all", teams=None) -> View:
    return inbox_views(user, teams if teams is not None else list(user.teams.all()))[key]


def read(user, key="all", cursor=None, teams=None):
    return inbox_page(Ticket.objects.visible_to(user), user, view_of(user, key, teams), cursor)


def subjects(user, key="all", teams=None) -> list[str]:
    return [ticket.subject for ticket in read(user, key, teams=teams).tickets]


def read_all(user, key="all") -> list[Ticket]:
    found, cursor = [], None
    for _ in range(50):
        page = read(user, key, cursor)
        found += page.tickets
        if page.next_cursor is None:
            return found
        cursor = Cursor.parse(str(page.next_cursor))
        assert cursor == page.next_cursor
    raise AssertionError("the list does not end")


@pytest.fixture
def write(carla, workshop, desk_row):
    """A ticket of the workshop by its subject; waiting unless it is answered."""

    def make(subject: str, *, answered_by=None, **fields) -> Ticket:
        made = open_ticket(carla, by=carla, subject=subject, body="Words", channel="email", team=workshop)
        if answered_by:
            post_message(made, by=answered_by, body="Answer")
        if fields:
            Ticket.objects.filter(pk=made.pk).update(**fields)
        return Ticket.objects.get(pk=made.pk)

    return make


def test_who_needs_an_answer_first_stands_first(write, alice):
    now = timezone.now()
    write("answered long ago", answered_by=alice, updated_at=now - timedelta(days=2))
    write("due later", answer_due_at=now + timedelta(minutes=9))
    write("answered just now", answered_by=alice, updated_at=now)
    write("overdue", answer_due_at=now - timedelta(minutes=9))
    assert subjects(alice) == ["overdue", "due later", "answered just now", "answered long ago"]


def test_solved_tickets_stand_by_when_they_were_solved(write, alice):
    old, new = write("old"), write("new")
    resolve_ticket(new, by=alice, root_cause=None)
    resolve_ticket(old, by=alice, root_cause=None)
    Ticket.objects.filter(pk=old.pk).update(solved_at=timezone.now() - timedelta(days=1))
    assert subjects(alice, "solved") == ["new", "old"]
    assert subjects(alice) == []


def test_each_place_holds_what_it_says(write, alice, bob, workshop, shop):
    write("nobody's")
    assign_ticket(write("alice's"), by=alice, user=alice)
    assign_ticket(write("bob's"), by=alice, user=bob)
    set_status(write("answered", answered_by=bob), by=bob, status="pending")
    resolve_ticket(write("solved"), by=bob, root_cause=None)
    write("team-less", team=None)
    assert subjects(alice, "mine") == ["alice's"]
    assert set(subjects(alice, "waiting")) == {"nobody's", "alice's", "bob's", "team-less"}
    assert set(subjects(alice, "unassigned")) == {"nobody's", "answered", "team-less"}
    assert set(subjects(alice, "all")) == {"nobody's", "alice's", "bob's", "answered", "team-less"}
    assert set(subjects(alice, "team-workshop")) == {"nobody's", "alice's", "bob's", "answered"}
    assert subjects(alice, "solved") == ["solved"]


def test_what_sleeps_is_in_one_place_and_found_by_search(write, alice, bob):
    now = timezone.now()
    assign_ticket(write("mine"), by=alice, user=alice)
    for number, subject in enumerate(["quiet", "waiting", "until they reply", "mine, asleep"]):
        ticket = write(subject, answered_by=bob if number % 2 == 0 else None)
        if subject == "mine, asleep":
            assign_ticket(ticket, by=alice, user=alice)
        until = None if subject == "until they reply" else now + timedelta(days=9 - number)
        snooze_ticket(ticket, by=alice, until=until)
    assert subjects(alice, "snoozed") == ["mine, asleep", "until they reply", "waiting", "quiet"]
    assert {key: subjects(alice, key) for key in inbox_views(alice, list(alice.teams.all())) if key != "snoozed"} == {
        "mine": ["mine"],
        "waiting": ["mine"],
        "unassigned": [],
        "all": ["mine"],
        "mentions": [],
        "solved": [],
        "trash": [],
        "team-workshop": ["mine"],
    }
    counts = count_views(Ticket.objects.visible_to(alice), alice, [view_of(alice, "snoozed"), view_of(alice)])
    assert counts == {"snoozed": 4, "all": 1}


def test_charlie_sees_what_has_no_team_or_is_his(write, charlie, alice, shop):
    write("workshop's")
    write("team-less", team=None)
    write("the shop's", team=shop)
    assert set(subjects(charlie)) == {"team-less", "the shop's"}
    given_to_him = write("given to charlie")
    assign_ticket(given_to_him, by=alice, user=charlie)
    assert set(subjects(charlie)) == {"team-less", "the shop's", "given to charlie"}
    assert "team-workshop" not in inbox_views(charlie, list(charlie.teams.all()))
    snooze_ticket(given_to_him, by=alice, until=None)
    snooze_ticket(write("asleep"), by=alice, until=None)
    assert subjects(charlie, "snoozed") == ["given to charlie"]


def test_a_manager_sees_every_team(write, sue, shop, workshop):
    write("workshop's")
    write("the shop's", team=shop)
    assert set(subjects(sue, teams=[shop, workshop])) == {"workshop's", "the shop's"}
    assert subjects(sue, "team-shop", teams=[shop, workshop]) == ["the shop's"]


@pytest.mark.parametrize("key", ["all", "waiting", "solved", "unassigned", "snoozed"])
def test_pages_hold_every_ticket_once_even_between_equals(write, alice, monkeypatch, key):
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", 3)
    for number in range(7):
        write(f"waiting {number}", answer_due_at=TIE + timedelta(seconds=number % 2))
        write(f"quiet {number}", answered_by=alice, updated_at=TIE - timedelta(seconds=number % 3))
        resolve_ticket(write(f"solved {number}"), by=alice, root_cause=None, at=TIE)
        write(f"asleep {number}", snoozed_at=TIE + timedelta(seconds=number % 2))
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", 100)
    expected = [ticket.pk for ticket in read(alice, key).tickets]
    for size in (1, 2, 3, 7, 14):
        monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", size)
        assert [ticket.pk for ticket in read_all(alice, key)] == expected, size
    assert len(expected) == {"all": 14, "unassigned": 14, "waiting": 7, "solved": 7, "snoozed": 7}[key]


def test_a_full_page_that_is_the_last_offers_no_more(write, alice, monkeypatch):
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", 2)
    write("one")
    write("two", answered_by=alice)
    assert read(alice).next_cursor is None


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "z", "w", "w-", "w1-", "w-1", "q1-1x", "W1-1", "w1-1\n", "wffffffffffffffff-1", "w1-ffffffffffffffff",
     "s0-0", "w" + "1" * 400 + "-1",
     "' OR 1=1", "w1--1", "q１-1", "%00", "\x00", "\ud800".encode("utf-8", "surrogatepass")],
)  # fmt: skip
def test_a_broken_cursor_starts_at_the_top(client, write, alice, cursor):
    write("one")
    client.force_login(alice)
    answer = client.get("/inbox/", {"cursor": cursor})
    assert answer.status_code == 200
    assert [ticket.subject for ticket in answer.context["tickets"]] == ["one"]


@given(
    st.sampled_from("wqzs"),
    st.datetimes(min_value=TIE.replace(year=1970, tzinfo=None), timezones=st.just(TIE.tzinfo)),
    st.integers(1, 2**60 - 1),
)
def test_a_cursor_comes_back_as_it_went(stretch, at, number):
    cursor = Cursor(stretch, at, number)
    assert Cursor.parse(str(cursor)) == cursor


@given(st.text())
def test_any_text_is_a_cursor_or_none(text):
    assert Cursor.parse(text) is None or str(Cursor.parse(text))


def test_an_unknown_place_is_the_whole_inbox(client, write, alice):
    write("one")
    client.force_login(alice)
    assert client.get("/inbox/?view=team-shop").context["current_view"] == "all"
    assert client.get("/inbox/?view=<script>").context["current_view"] == "all"


def test_counts_stop_where_nobody_would_count_on(client, write, alice, bob, monkeypatch):
    monkeypatch.setattr("tickets.queries.inbox.COUNT_CAP", 2)
    monkeypatch.setattr("tickets.views.inbox.COUNT_CAP", 2)
    for number in range(4):
        write(f"{number}")
    assign_ticket(write("mine"), by=alice, user=alice)
    resolve_ticket(write("solved"), by=alice, root_cause=None)
    client.force_login(alice)
    page = client.get("/inbox/").context
    counts = {view["key"]: view["count"] for view in page["views"] + page["teams_views"]}
    assert counts == {
        "mine": 1, "waiting": "2+", "unassigned": "2+", "all": "2+", "mentions": 0, "snoozed": 0, "solved": None,
        "trash": None, "team-workshop": "2+",
    }  # fmt: skip


def test_all_counts_are_one_query(write, alice, shop, workshop, django_assert_num_queries):
    write("one")
    views = list(inbox_views(alice, [shop, workshop]).values())
    tickets = Ticket.objects.visible_to(alice)
    with django_assert_num_queries(1):
        counts = count_views(tickets, alice, views)
    assert (counts["team-workshop"], counts["team-shop"]) == (1, 0)


def test_a_page_is_one_query_at_any_size(write, alice, django_assert_num_queries):
    for number in range(9):
        write(f"{number}", answered_by=alice if number % 2 else None)
    tickets, view = Ticket.objects.visible_to(alice), view_of(alice)
    with django_assert_num_queries(1):
        for ticket in inbox_page(tickets, alice, view, None).tickets:
            assert (ticket.customer.name, ticket.assignee, ticket.is_unread) is not None


def test_unread_is_what_happened_in_public_since_one_looked(write, alice, bob, carla):
    ticket = write("one")
    assert read(alice).tickets[0].is_unread
    mark_seen(ticket, by=alice, seq=2)
    assert not read(alice).tickets[0].is_unread
    assert read(bob).tickets[0].is_unread
    tag_ticket(ticket, by=bob, tags=["x"])
    assert not read(alice).tickets[0].is_unread
    post_message(ticket, by=carla, body="And?")
    assert read(alice).tickets[0].is_unread


def test_a_customers_mark_is_not_ours(write, alice, carla):
    ticket = write("one")
    mark_seen(ticket, by=carla, seq=2)
    assert read(alice).tickets[0].is_unread


# --- Indexes ---


@pytest.mark.parametrize(
    ("mark", "index"), [("w", "ticket_waiting"), ("q", "ticket_quiet"), ("z", "ticket_snoozed"), ("s", "ticket_solved")]
)
@pytest.mark.parametrize("has_cursor", [True, False])
def test_each_stretch_is_read_along_its_index(write, sue, mark, index, has_cursor):
    write("one")
    view = view_of(sue, {"s": "solved", "z": "snoozed"}.get(mark, "all"))
    cursor = Cursor(mark, timezone.now(), 5) if has_cursor else None
    plan = explain(_part(Ticket.objects.visible_to(sue).filter(view.keep), mark, cursor))
    assert f"using {index} " in plan
    assert "Sort" not in plan
    if has_cursor:
        assert "Index Cond" in plan  # it seeks, rather than reading all that comes before


def test_subjects_are_found_through_their_index(write, sue):
    write("one")
    assert "ticket_subject_words" in explain(Ticket.objects.filter(subject__icontains="tyre").order_by(F("number") + 0))


def explain(query) -> str:
    """The plan where the planner cannot read whole tables, as it would with few rows."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = on; SET LOCAL enable_sort = off")
    return query.explain()


def test_the_list_shows_no_event_of_a_foreign_ticket(write, charlie, ticket):
    assert not Event.objects.visible_to(charlie).exists()
