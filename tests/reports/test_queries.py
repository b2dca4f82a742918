"""How things stand now: each figure, whom it is told to, and that it opens exactly what it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import prefetch_related_objects
from django.utils import timezone

from accounts.models import Desk, User
from reports.actions import recount
from reports.measures import Kind
from reports.models import Fact
from reports.queries import Now, as_time, now_figures
from tickets.actions import assign_ticket, open_ticket, post_message, resolve_ticket, snooze_ticket
from tickets.models import Event, Promise, PromiseRun, Ticket

# A Thursday at half past one in Amsterdam: noon is twelve and a half hours into the company's day.
NOW = datetime(2026, 11, 19, 13, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def figure(now: Now, key: str):
    return next(figure for figure in now.figures if figure.key == key)


def notes(now: Now, key: str) -> list[str]:
    return [note.text for note in figure(now, key).notes]


def ask(customer, team, at: datetime, **more) -> Ticket:
    more = {"channel": "email"} | more
    return open_ticket(customer, by=customer, subject="?", body="Hello?", team=team, at=at, **more)


def mark_online(*people: User, at: datetime = NOW) -> None:
    User.objects.filter(pk__in=[one.pk for one in people]).update(last_seen_at=at)


def fact(ticket: Ticket, kind: Kind, at: datetime, **fields) -> Fact:
    fields = {"channel": ticket.channel, "team": ticket.team, "seq": 1} | fields
    return Fact.objects.create(ticket=ticket, kind=kind, at=at, **fields)


def run_of(ticket: Ticket, *, due_at: datetime, warn_at: datetime | None = None, **fields) -> PromiseRun:
    promise = Promise.objects.get_or_create(words="An answer within an hour", measure="next_answer", minutes=60)[0]
    began = Event.objects.filter(ticket=ticket).earliest("seq")
    times = {"began_at": began.at, "due_at": due_at, "warn_at": warn_at} | fields
    return PromiseRun.objects.create(promise=promise, ticket=ticket, began=began, **times)


def test_nothing_has_happened_yet(sue, desk_row):
    now = now_figures(sue, NOW)
    assert (figure(now, "waiting").value, notes(now, "waiting")) == ("0", ["Nobody waits."])
    assert (figure(now, "chats").value, notes(now, "chats")) == ("0", ["Nobody takes chats now."])
    assert figure(now, "first_answer").value is None
    assert notes(now, "made_good") == ["No case was opened this month."]
    assert (now.open_by_team, now.people, now.near) == ([], [], [])


def test_who_waits_and_for_how_long(sue, alice, carla, dora, workshop, shop, desk_row):
    ask(carla, shop, ago(minutes=4))
    first = ask(dora, workshop, ago(minutes=25))
    again = ask(dora, workshop, ago(minutes=24))
    post_message(again, by=alice, body="Which one?", at=ago(minutes=9))
    post_message(again, by=dora, body="The blue one", at=ago(minutes=8))  # of ten promised: about to break
    now = now_figures(sue, NOW)
    waiting = figure(now, "waiting")
    assert (waiting.value, waiting.unit) == ("3", "people")
    assert notes(now, "waiting") == ["2 for a first answer", "1 promise about to break", "1 past the promise"]
    assert (waiting.beside.text, waiting.beside.url) == ("longest 25:00 min", first.get_absolute_url())


def test_within_the_promise_is_said_too(sue, carla, workshop, desk_row):
    ask(carla, workshop, ago(minutes=4))
    assert notes(now_figures(sue, NOW), "waiting") == ["1 for a first answer", "all within the promise"]


def test_promises_about_to_break_stand_in_the_order_in_which_they_will(sue, carla, workshop, desk_row):
    desk_row.promise_minutes = 600  # so that only what was promised counts
    desk_row.save()
    last, first, far, over = (ask(carla, workshop, ago(minutes=55)) for _ in range(4))
    run_of(last, due_at=ago(minutes=-9), warn_at=ago(minutes=1))
    run_of(first, due_at=ago(minutes=-5))  # somebody was warned already
    run_of(far, due_at=ago(minutes=-30), warn_at=ago(minutes=-15))
    run_of(over, due_at=ago(minutes=1))
    near = now_figures(sue, NOW).near
    assert [(one.ticket, one.words, one.left) for one in near] == [
        (first, "An answer within an hour", "5:00 min"),
        (last, "An answer within an hour", "9:00 min"),
    ]


def test_where_a_promise_holds_the_usual_minutes_do_not(sue, carla, workshop, desk_row):
    ticket = ask(carla, workshop, ago(minutes=8))  # ten minutes are usual
    assert [one.words for one in now_figures(sue, NOW).near] == [""]
    run_of(ticket, due_at=ago(minutes=-52), warn_at=ago(minutes=-37))
    assert now_figures(sue, NOW).near == []


def test_who_is_here_and_how_loaded(sue, alice, bob, charlie, carla, workshop, desk_row):
    for person in (alice, bob, charlie):
        mark_online(person)
    User.objects.filter(pk=bob.pk).update(availability="away")
    chats = [ask(carla, workshop, ago(minutes=3), channel="chat") for _ in range(2)]
    for chat in chats:
        assign_ticket(chat, by=alice, user=alice)
    assign_ticket(ask(carla, workshop, ago(hours=2), channel="chat"), by=bob, user=bob)  # a letter by now
    now = now_figures(sue, NOW)
    assert [(one.user, one.chats, one.open, one.takes_chats) for one in now.people] == [
        (alice, 2, 2, True),
        (charlie, 0, 0, True),
        (bob, 0, 1, False),
    ]
    chats_now = figure(now, "chats")
    assert (chats_now.value, chats_now.unit) == ("2", "of 8")
    assert notes(now, "chats") == ["2 people on", "6 places free"]


def test_whoever_left_is_not_on(sue, alice, desk_row):
    mark_online(alice, at=ago(minutes=2))
    assert now_figures(sue, NOW).people == []


def test_a_breather_takes_no_chats(sue, alice, desk_row):
    mark_online(alice)
    User.objects.filter(pk=alice.pk).update(breather_until=ago(minutes=-5))
    now = now_figures(sue, NOW)
    assert [(one.takes_chats, one.free) for one in now.people] == [(False, 0)]
    assert notes(now, "chats") == ["Nobody takes chats now."]


def test_the_first_answers_of_today_stand_beside_what_is_usual(sue, carla, workshop, desk_row):
    for minutes in (2, 10, 30):
        ticket = ask(carla, workshop, ago(hours=2))
        fact(ticket, Kind.FIRST_ANSWER, ago(minutes=90), seconds=60 * minutes, open_seconds=60 * minutes)
    for days in (1, 30):
        ticket = ask(carla, workshop, ago(days=days))
        fact(ticket, Kind.FIRST_ANSWER, ago(days=days), seconds=900, open_seconds=900)
    ticket = ask(carla, workshop, ago(days=40))
    fact(ticket, Kind.FIRST_ANSWER, ago(days=40), seconds=9, open_seconds=9)
    now = now_figures(sue, NOW)
    answer = figure(now, "first_answer")
    assert (answer.value, answer.unit) == ("10:00", "min")
    assert notes(now, "first_answer") == ["90 % within 26:00 min", "−5:00 min on the usual", "n = 3"]


def test_today_begins_at_the_viewers_midnight(sue, carla, workshop, desk_row):
    for hours in (1, 12, 14):  # 14 hours ago it was still yesterday
        fact(ask(carla, workshop, ago(hours=20)), Kind.SOLVED, ago(hours=hours))
    fact(ask(carla, workshop, ago(hours=20)), Kind.OPENED, ago(hours=2))
    fact(ask(carla, workshop, ago(hours=20)), Kind.SOLVED, ago(hours=2), is_undone=True)
    assert [note.text for note in now_figures(sue, NOW).today] == ["1 new today", "2 solved"]
    sue.time_zone = "America/New_York"  # half past seven in the morning there
    assert [note.text for note in now_figures(sue, NOW).today] == ["1 new today", "1 solved"]


def test_a_lead_sees_the_figures_of_her_teams(lea, alice, charlie, carla, workshop, shop, desk_row):
    mark_online(alice, charlie)
    ask(carla, workshop, ago(minutes=4))
    ask(carla, shop, ago(hours=4))
    resolve_ticket(ask(carla, shop, ago(hours=4)), by=charlie, root_cause=None, at=ago(hours=1))
    answered = ask(carla, shop, ago(hours=4))
    fact(answered, Kind.FIRST_ANSWER, ago(hours=1), seconds=60, open_seconds=60)
    now = now_figures(lea, NOW)
    assert figure(now, "waiting").value == "1"
    assert figure(now, "waiting").beside.text == "longest 4:00 min"
    assert figure(now, "first_answer").value is None
    assert [one.user for one in now.people] == [alice]
    assert [(line.team, line.count, line.waiting) for line in now.open_by_team] == [("Workshop", 1, 1)]


def test_one_team_alone(sue, alice, charlie, carla, workshop, shop, desk_row):
    mark_online(alice, charlie)
    ask(carla, workshop, ago(minutes=4))
    ask(carla, shop, ago(hours=4))
    now = now_figures(sue, NOW, shop)
    assert [line.team for line in now.open_by_team] == ["Shop"]
    assert figure(now, "waiting").beside.text == "longest 4:00 h"
    assert figure(now, "waiting").url == "/inbox/?view=waiting-all.shop"
    assert [one.user for one in now.people] == [charlie]


def test_open_by_team_counts_what_is_not_solved(sue, alice, carla, workshop, shop, desk_row):
    for team in (workshop, workshop, shop, None):
        ask(carla, team, ago(minutes=4))
    resolve_ticket(ask(carla, shop, ago(hours=4)), by=alice, root_cause=None, at=ago(hours=1))
    lines = now_figures(sue, NOW).open_by_team
    assert [(line.team, line.count) for line in lines] == [("Workshop", 2), ("Shop", 1), ("No team", 1)]


def test_charlie_counts_nothing_of_theirs(charlie, carla, ticket):
    now = now_figures(charlie, NOW)
    assert figure(now, "waiting").value == "0"
    assert now.open_by_team == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, ("0", "s")), (59, ("59", "s")), (220, ("3:40", "min")), (3600, ("1:00", "h")), (172800, ("2", "days"))],
)
def test_a_span_as_people_say_it(seconds, shown):
    assert as_time(timedelta(seconds=seconds)) == shown


def test_it_stays_within_a_few_queries(sue, lea, ticket, django_assert_max_num_queries):
    for viewer in (sue, lea):
        prefetch_related_objects([viewer], "teams")
        with Desk.read_once(), django_assert_max_num_queries(11):
            now_figures(viewer, NOW)


def test_a_figure_opens_exactly_the_tickets_it_counts(client, sue, alice, carla, dora, workshop, shop, desk_row):
    """Every address of what is so now, followed as a manager, lists as many tickets as the figure says."""
    now = timezone.now()
    asked = [
        ask(customer, team, now - timedelta(minutes=age))
        for customer, age in ((carla, 4), (dora, 9), (dora, 20))
        for team in (workshop, shop, None)
    ]
    post_message(asked[0], by=alice, body="Yes")
    post_message(asked[3], by=alice, body="Yes")
    post_message(asked[3], by=dora, body="And?")
    for one in asked[:2]:
        snooze_ticket(one, by=alice, until=None)
    for _ in range(2):
        chat = ask(carla, workshop, now - timedelta(minutes=1), channel="chat")
        assign_ticket(chat, by=alice, user=alice)
    client.force_login(sue)
    for team, expected in ((None, (10, 9, 2, 3, 2)), (workshop, (4, 3, 0, 1, 2))):
        figures = now_figures(sue, timezone.now(), team)
        first, near, late = (
            next((note for note in figure(figures, "waiting").notes if words in note.text), None)
            for words in ("first answer", "about to break", "past the promise")
        )
        counted = [(one.url, int(one.text.split()[0])) for one in (first, near, late) if one]
        counted += [(figure(figures, key).url, int(figure(figures, key).value)) for key in ("waiting", "chats")]
        counted += [(line.url, line.count) for line in figures.open_by_team]
        for url, count in counted:
            assert len(client.get(url).context["tickets"]) == count, url
        told = [int(one.text.split()[0]) if one else 0 for one in (first, near, late)]
        told = [int(figure(figures, "waiting").value), *told]
        assert (*told, int(figure(figures, "chats").value)) == expected


def test_what_today_counts_leads_to_its_conversations(client, sue, alice, charlie, carla, workshop, shop, desk_row):
    """From the log of events through the facts to the page behind each number, of all teams and of one."""
    now = timezone.now()
    asked = [ask(carla, team, now) for team in (workshop, workshop, shop)]
    for one in asked[1:]:
        post_message(one, by=charlie if one.team == shop else alice, body="Yes", at=now)
    resolve_ticket(asked[2], by=charlie, root_cause=None, at=now)
    recount([one.pk for one in asked])
    client.force_login(sue)
    for team, expected in ((None, [2, 3, 1]), (shop, [1, 1, 1])):
        found = now_figures(sue, now, team)
        urls = [figure(found, "first_answer").url, *(note.url for note in found.today)]
        assert [len(client.get(url).context["rows"]) for url in urls] == expected
        told = [figure(found, "first_answer").notes[-1].text, *(note.text for note in found.today)]
        assert told == [f"n = {expected[0]}", f"{expected[1]} new today", f"{expected[2]} solved"]


def test_now_is_of_any_zone(sue, desk_row):
    assert figure(now_figures(sue, NOW.astimezone(UTC)), "waiting").value == "0"
