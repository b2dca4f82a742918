"""What a search finds, in which order, and that nobody finds what they may not see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import prefetch_related_objects
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from customers.actions import get_or_create_customer
from tests.tickets.test_search_words import SIGNS
from tickets.actions import (
    assign_ticket,
    index_due,
    mark_seen,
    open_ticket,
    post_message,
    rate_ticket,
    resolve_ticket,
    set_priority,
    set_status,
    tag_ticket,
)
from tickets.models import Draft, Ticket
from tickets.queries import filtering, searching
from tickets.queries.customers import few_customers
from tickets.queries.excerpts import excerpts
from tickets.queries.filtering import keep_of, understand
from tickets.queries.searching import Place, direct_hit, people_found, search_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(carla, workshop, desk_row):
    """A ticket of the workshop by its subject."""

    def make(subject: str, *, body: str = "Words", by=None, **fields) -> Ticket:
        made = open_ticket(by or carla, by=by or carla, subject=subject, body=body, channel="email", team=workshop)
        if fields:
            Ticket.objects.filter(pk=made.pk).update(**fields)
        return Ticket.objects.get(pk=made.pk)

    return make


def page(user, text: str, **options):
    while index_due():
        pass
    return search_page(Ticket.objects.visible_to(user), user, understand(text, user), **options)


def found(user, text: str, **options) -> list[str]:
    return [ticket.subject for ticket in page(user, text, **options).tickets]


def walk(user, text: str, **options) -> list[str]:
    """All pages, one after the other."""
    subjects, cursor = [], ""
    for _ in range(60):
        one = page(user, text, cursor=cursor, **options)
        subjects += [ticket.subject for ticket in one.tickets]
        if not one.cursor:
            return subjects
        cursor = one.cursor
    raise AssertionError("the list does not end")


def test_all_words_must_be_there_whichever_part_they_stand_in(write, alice):
    write("The wrong tyre", body="I ordered a 42 and got a 47.")
    write("A bent rim", body="The tyre is fine.")
    assert found(alice, "tyre") == ["The wrong tyre", "A bent rim"], "a subject counts more than what was said"
    assert found(alice, "tyre ordered") == ["The wrong tyre"]
    assert found(alice, "TYR") == ["The wrong tyre", "A bent rim"]
    assert found(alice, '"tyre is fine"') == found(alice, "tyre -wrong") == ["A bent rim"]
    assert found(alice, '"fine is tyre"') == []
    assert found(alice, "-wrong") == ["A bent rim"]


@pytest.mark.parametrize("text", ["", "%", "_", "\\", "&", "!!", "-", '"', "''", "( )", "is:", ":", "\x00"])
def test_what_holds_no_word_finds_nothing(write, alice, text):
    write("The wrong tyre")
    assert found(alice, text) == []


def test_every_language_is_found_as_it_is_written(write, alice):
    write("Größe falsch")
    write("自転車が壊れた")
    write("Заднее колесо")
    assert found(alice, "grosse") == found(alice, "GRÖSSE fal") == ["Größe falsch"]
    assert found(alice, "壊れ") == found(alice, "自転車") == ["自転車が壊れた"]
    assert found(alice, "КОЛЕСО") == ["Заднее колесо"]


def test_charlie_finds_nothing_of_the_workshop(write, alice, charlie, carla):
    ticket = write("The wrong tyre")
    for text in ("tyre", "from:carla", "is:open", "-nothing", str(ticket.number), ticket.reference, "carla", "tyrr"):
        assert found(charlie, text) == [], text
        assert direct_hit(Ticket.objects.visible_to(charlie), understand(text, charlie)) is None
        assert people_found(charlie, understand(text, charlie)) == []
    assert found(alice, "tyre") == ["The wrong tyre"]


# --- Filters ---


@pytest.fixture
def many(write, alice, bob, dora, shop, cause):
    """A ticket for each filter, called after it."""
    set_status(write("pending"), by=alice, status="pending")
    resolve_ticket(write("solved"), by=alice, root_cause=cause)
    assign_ticket(write("alice's"), by=alice, user=alice)
    assign_ticket(write("bob's"), by=alice, user=bob)
    write("snoozed", snoozed_at=timezone.now())
    post_message(write("answered"), by=bob, body="Here you are.")
    mark_seen(write("read"), by=alice, seq=99)
    write("dora's", by=dora)
    tag_ticket(write("vip"), by=alice, tags=["VIP", "late"])
    set_priority(write("urgent"), by=alice, priority=4)
    write("team-less", team=None)
    post_message(write("noted"), by=bob, body="Careful.", kind="note")
    rated = write("rated")
    rate_ticket(rated, by=rated.customer, score=5)
    Draft.objects.create(ticket=write("drafted"), user=alice, begun_seq=1)
    write("old", created_at=timezone.now() - timedelta(days=400))


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("is:pending", ["pending"]),
        ("is:solved", ["solved"]),
        ("is:solved is:pending", ["pending", "solved"]),
        ("is:mine", ["alice's"]),
        ("assignee:me", ["alice's"]),
        ("assignee:bakker", ["bob's"]),
        ("assignee:bob@example.com", ["bob's"]),
        ("is:snoozed", ["snoozed"]),
        ("-is:waiting -is:solved", ["answered"]),
        ("-is:unread", ["read"]),
        ("from:dora", ["dora's"]),
        ("from:dora@example.org", ["dora's"]),
        ("tag:vip", ["vip"]),
        ("tag:vip tag:late", ["vip"]),
        ("tag:vip tag:early", []),
        ("priority:urgent", ["urgent"]),
        ("team:none", ["team-less"]),
        ("-team:workshop", ["team-less"]),
        ('team:"nowhere at all"', []),
        ("has:note", ["noted"]),
        ("has:rating", ["rated"]),
        ("has:draft", ["drafted"]),
        ("has:attachment", []),
        ("cause:tyre-size", ["solved"]),
        ('cause:"read off"', ["solved"]),
        ("before:60d", ["old"]),
        ("-after:60d", ["old"]),
        ("on:2001-02-03", []),
        ("site:bellwether", []),
        ("channel:chat", []),
    ],
)
def test_filters(many, alice, text, subjects):
    assert sorted(found(alice, text)) == subjects


def test_filters_that_hold_for_most(many, alice):
    everything = set(found(alice, "channel:email"))
    assert len(everything) == 15
    assert set(found(alice, "is:unsolved")) == everything - {"solved"}
    assert set(found(alice, "is:open")) == everything - {"solved", "pending"}
    assert (
        set(found(alice, "is:unassigned")) == set(found(alice, "assignee:nobody")) == everything - {"alice's", "bob's"}
    )
    assert set(found(alice, "after:today")) == set(found(alice, "on:today")) == everything - {"old"}
    assert set(found(alice, "-has:note -from:dora")) == everything - {"noted", "dora's"}


def test_a_draft_is_its_authors_only(many, bob):
    assert found(bob, "has:draft") == []


def test_days_begin_at_midnight_where_the_viewer_is(write, alice):
    alice.time_zone = "Pacific/Auckland"
    write("in May there", created_at="2026-04-30T12:00:00Z")
    write("in April there", created_at="2026-04-30T11:59:59Z")
    assert found(alice, "on:2026-05") == found(alice, "after:2026-05-01 before:2026-06") == ["in May there"]
    assert found(alice, "before:1.5.2026") == ["in April there"]


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_before_a_day_also_finds_what_was_brought_in_later(write, alice, monkeypatch, step):
    monkeypatch.setattr(filtering, "_STEP", step)
    write("first", created_at="2026-03-01T12:00:00Z")
    write("newest", created_at="2026-05-02T12:00:00Z")
    write("brought in", created_at="2025-06-01T12:00:00Z")
    assert found(alice, "before:2026-05-01") == found(alice, "before:2026-05-01 words") == ["brought in", "first"]
    assert found(alice, "before:2026-05-01 before:2026-01-01 words") == ["brought in"]
    assert found(alice, "-before:2026-05-01 words") == ["newest"]
    assert found(alice, "before:2020-01-01 words") == []


def test_a_name_that_many_have(many, alice, monkeypatch):
    asked = ["from:carla", "from:carla words", "-from:carla", 'from:"carla cortez"', 'from:"carla cortez" words']
    few = [found(alice, text) for text in asked]
    monkeypatch.setattr(filtering, "_LISTED_CUSTOMERS", 0)
    monkeypatch.setattr(filtering, "_FEW_CUSTOMERS", 0)
    assert filtering.looked_up(understand("from:carla", alice), alice).parts[0].held == filtering._MANY
    assert [found(alice, text) for text in asked] == few
    assert few[0] == few[3] != []
    assert few[2]


def test_customers_are_looked_up_by_name_and_address_up_to_a_limit(carla):
    others = [
        get_or_create_customer(by=None, email=f"ann{number}@example.org", name="Carla")[0].pk for number in (1, 2)
    ]
    assert few_customers("carla", 4) == [carla.pk, *others], "who has it in the name and in the address is one"
    assert few_customers("carla", 3) is None
    assert few_customers("ann", 4) == others
    assert few_customers("100%", 4) == few_customers("nobody", 0) == []
    assert few_customers("la cor", 4) == [carla.pk], "no address holds a blank"


def test_a_tag_is_read_from_its_newest_ticket_on(many, alice):
    """However many tickets have it: nothing sorts them first."""
    asked = Ticket.objects.filter(keep_of(understand("tag:vip words", alice), alice)).order_by("-pk").values("pk")[:5]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
    plan = asked.explain()
    assert "ticket_tags_newest" in plan, plan
    assert "Sort" not in plan, plan


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIGNS)
def test_the_database_understands_whatever_is_asked(ticket, alice, text):
    search = understand(text, alice)
    tickets = Ticket.objects.visible_to(alice)
    hits = search_page(tickets, alice, search).tickets
    excerpts(hits, alice, search)
    direct_hit(tickets, search)
    people_found(alice, search)


# --- Pages ---


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_hold_every_hit_once_window_after_window(write, alice, monkeypatch, size):
    for number in range(9):
        write(f"tyre {number}" if number % 3 else f"rim {number}", body="the tyre" if number % 2 else "tyre and tyre")
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", 100)
    best = found(alice, "tyre")
    assert len(best) == 9
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", size)
    assert walk(alice, "tyre") == best
    monkeypatch.setattr("tickets.queries.searching.WINDOW", 4)
    older = walk(alice, "tyre")
    assert sorted(older) == sorted(best)
    assert {subject[-1] for subject in older[:4]} == {"5", "6", "7", "8"}, "the newest ones are ranked first"
    first = page(alice, "tyre")
    assert first.is_older is (size > 4)


def test_what_comes_in_meanwhile_shifts_no_page(write, alice, monkeypatch):
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", 2)
    for number in range(4):
        write(f"tyre {number}")
    first = page(alice, "tyre")
    write("tyre new")
    second = page(alice, "tyre", cursor=first.cursor)
    assert [t.subject for t in [*first.tickets, *second.tickets]] == ["tyre 3", "tyre 2", "tyre 1", "tyre 0"]


@pytest.mark.parametrize("sort", ["newest", "oldest", "updated", "priority", "needs_answer"])
@pytest.mark.parametrize("size", [1, 3])
def test_other_orders_hold_every_hit_once_too(write, alice, monkeypatch, sort, size):
    tie = timezone.now()
    for number in range(7):
        ticket = write(f"tyre {number}", updated_at=tie - timedelta(seconds=number % 2), priority=1 + number % 3)
        if number in (2, 5):
            resolve_ticket(ticket, by=alice, root_cause=None, at=tie)
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", 100)
    order = found(alice, "tyre", sort=sort)
    assert len(order) == 7
    monkeypatch.setattr("tickets.queries.inbox.PAGE_SIZE", size)
    assert walk(alice, "tyre", sort=sort) == order
    expected = {
        "newest": "6543210", "oldest": "0123456", "updated": "6420531", "priority": "5241630",
    }  # fmt: skip
    if sort == "updated":  # the solved ones changed last, both at `tie`
        expected["updated"] = "".join(sorted("0246" + "5", reverse=True)) + "31"
    if sort in expected:
        assert "".join(subject[-1] for subject in order) == expected[sort]
    if sort == "needs_answer":
        assert {subject[-1] for subject in order[-2:]} == {"2", "5"}


@pytest.mark.parametrize(
    "cursor",
    ["x", "ranked_1_1", "ranked_-1_0_0", "newest_0_0_zz", "ranked_" + "f" * 40 + "_0_0", "w1-1", "\x00",
     "updated_0_fffffffffffff_1", "priority_0_fffffffffffff_1"],
)  # fmt: skip
def test_a_broken_cursor_breaks_nothing(write, alice, cursor):
    write("tyre")
    for sort in ("", "newest", "updated", "priority", "needs_answer"):
        page(alice, "tyre", cursor=cursor, sort=sort)
    assert Place.read(cursor) is None or str(Place.read(cursor)) == cursor


def test_a_letter_wrong_finds_what_looks_alike(write, alice):
    write("Puncture in the back")
    similar = page(alice, "punctrue")
    assert [ticket.subject for ticket in similar.tickets] == ["Puncture in the back"]
    assert similar.is_similar
    assert page(alice, "kortez").is_similar, "of a customer's name too"
    assert found(alice, "zzzzzz") == []


def test_a_page_of_hits_is_few_queries(write, alice, django_assert_max_num_queries):
    for number in range(9):
        write(f"rim {number}", body="tyre")
    page(alice, "tyre")
    search = understand("tyre", alice)
    prefetch_related_objects([alice], "teams")  # as the page does for all that it asks
    with django_assert_max_num_queries(7):  # two of which are a savepoint
        hits = search_page(Ticket.objects.visible_to(alice), alice, search).tickets
        excerpts(hits, alice, search)
    assert len(hits) == 9


# --- Straight to it ---


def test_a_number_or_a_reference_alone_is_the_ticket(write, alice):
    ticket = write("The wrong tyre")
    tickets = Ticket.objects.visible_to(alice)
    for text in (str(ticket.number), f"#{ticket.number}", ticket.reference, ticket.reference.upper()):
        assert direct_hit(tickets, understand(text, alice)) == ticket, text
    for text in (f"{ticket.number} tyre", f'"{ticket.number}"', "#999999999", "9" * 30, f"-{ticket.number}"):
        assert direct_hit(tickets, understand(text, alice)) is None, text


def test_a_number_that_somebody_wrote_is_searched_for(write, alice):
    ticket = write("The wrong tyre")
    write("My order", body=f"It is order {ticket.number}!")
    assert found(alice, str(ticket.number)) == ["My order"]
    tickets = Ticket.objects.visible_to(alice)
    assert direct_hit(tickets, understand(str(ticket.number), alice)) is None
    assert direct_hit(tickets, understand(f"#{ticket.number}", alice)) == ticket


def test_people_are_found_beside_their_tickets(write, alice, carla):
    write("The wrong tyre")
    assert people_found(alice, understand("cortez", alice)) == [carla]
    assert people_found(alice, understand("carla@example.org", alice)) == [carla]
    for text in ("from:carla", "c", "#12", "is:open cortez"):
        assert people_found(alice, understand(text, alice)) == [], text
    for number in range(5):
        get_or_create_customer(by=None, email=f"ann{number}@example.org", name=f"Ann {number}")
    assert len(people_found(alice, understand("ann", alice))) == 3


def test_people_are_found_behind_those_whom_one_may_not_see(write, alice, shop, monkeypatch):
    monkeypatch.setattr(searching, "_ASKED_PEOPLE", 2)
    anns = [
        get_or_create_customer(by=None, email=f"{number}@example.org", name=f"Ann {number}")[0] for number in "12345"
    ]
    for ann in anns[:3]:
        write("theirs", by=ann, team=shop)
    for ann in anns[3:]:
        write("ours", by=ann)
    assert people_found(alice, understand("ann", alice)) == anns[3:]


# --- What is shown of a hit ---


def line(user, ticket: Ticket, text: str) -> str:
    while index_due():
        pass
    hit = excerpts([ticket], user, understand(text, user))[ticket.pk]
    return f"{hit.where}|" + "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in hit.line)


def test_a_row_shows_where_the_words_stand(write, alice, carla):
    ticket = write("The wrong tyre", body="I ordered a <b>42</b>.")
    post_message(ticket, by=alice, body="She sounded glum.", kind="note")
    assert line(alice, ticket, "tyre") == "|The wrong [tyre]"
    assert line(alice, ticket, "42") == "|I ordered a <b>[42]</b>."
    assert line(alice, ticket, "glum") == "Note|She sounded [glum]."
    assert line(alice, ticket, "is:open") == "|"
    assert line(alice, ticket, "cortez") == "|"
    name = excerpts([ticket], alice, understand("cortez", alice))[ticket.pk].name
    assert [piece.text for piece in name if piece.is_hit] == ["Cortez"]


def test_what_a_row_shows_already_is_not_read_again(write, alice, carla, django_assert_num_queries):
    ticket = write("The wrong tyre", body="Carla here. I am not glum.")
    assert ticket.customer.display_name == carla.name
    name, subject, said = (understand(text, alice) for text in ("carla cortez", "tyre", "glum"))
    with django_assert_num_queries(0):
        excerpts([ticket], alice, name)
        excerpts([ticket], alice, subject)
        excerpts([ticket], alice, said, is_similar=True)
    assert line(alice, ticket, "carla glum") == "|[Carla] here. I am not [glum]."


def test_a_search_that_takes_too_long_is_stopped_and_says_so(ticket, alice, monkeypatch, client):
    monkeypatch.setattr(searching, "PATIENCE", "50ms")
    sleeps = Ticket.objects.extra(where=["pg_sleep(0.3) IS NOT NULL"])
    monkeypatch.setattr("tickets.models.ticket.TicketQuerySet.visible_to", lambda rows, viewer: sleeps)
    assert search_page(sleeps, alice, understand("is:open", alice)).is_too_much
    client.force_login(alice)
    assert "That took too long" in client.get("/inbox/?q=is:open").content.decode()
