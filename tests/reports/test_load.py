"""Who carries how much: counted as it is, by name or by open work, and never by speed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions import take_breather
from accounts.models import Breather, Team
from chat.presence import mark_online
from reports.queries.load import Trace, hard_in_a_row, nobodys, since_pause, team_load
from tickets.actions import assign_ticket, open_ticket, post_message
from tickets.actions.abuse import mark_abuse
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def write(carla, workshop, desk_row):
    def make(subject: str, *, to=None, channel: str = "email"):
        ticket = open_ticket(carla, by=carla, subject=subject, body="Words", channel=channel, team=workshop)
        return assign_ticket(ticket, by=None, user=to) if to else ticket

    return make


def loads(viewer, **options):
    return {one.user.name.split()[0]: one for one in team_load(viewer, timezone.now(), **options)}


def trace(minutes: float, ticket: int = 1, type_: str = "message.posted", *, is_public: bool = True) -> Trace:
    return Trace(NOW - timedelta(minutes=minutes), ticket, type_, is_public)


def test_what_each_has(write, alice, bob, lea, sue):
    write("one", to=alice)
    answered = write("two", to=alice)
    post_message(answered, by=alice, body="Answer")
    write("chat", to=bob, channel="chat")
    found = loads(sue)
    assert [(found[name].open, found[name].waiting, found[name].chats) for name in ("Alice", "Bob")] == [
        (2, 1, 0),
        (1, 1, 1),
    ]


def test_leads_see_their_teams_and_managers_everybody(alice, bob, charlie, lea, sue):
    assert set(loads(lea)) == {"Alice", "Bob", "Lea"}
    assert set(loads(sue)) == {"Alice", "Bob", "Charlie", "Lea", "Sue"}


def test_one_team_alone_and_who_is_late(write, alice, bob, charlie, lea, sue, shop, carla):
    late = write("one", to=alice)
    write("two", to=alice)
    Ticket.objects.filter(pk=late.pk).update(answer_due_at=timezone.now() - timedelta(minutes=1))
    assert {
        name: (one.waiting, one.late) for name, one in loads(sue, team=Team.objects.get(slug="workshop")).items()
    } == {
        "Alice": (2, 1),
        "Bob": (0, 0),
        "Lea": (0, 0),
    }
    assert set(loads(lea, team=shop)) == set()


def test_what_nobody_has(write, alice, lea, sue, carla, shop):
    write("one", to=alice)
    answered = write("two")
    post_message(answered, by=alice, body="Answer")
    assign_ticket(answered, by=alice, user=None)
    write("three")
    open_ticket(carla, by=carla, subject="four", body="Words", channel="email", team=shop)
    assert (nobodys(sue), nobodys(lea), nobodys(sue, shop)) == ((3, 2), (2, 1), (1, 1))


def test_its_figures_lead_to_exactly_these(client, write, alice, sue, carla, shop):
    write("one", to=alice)
    answered = write("two")
    post_message(answered, by=alice, body="Answer")
    assign_ticket(answered, by=alice, user=None)
    write("three")
    open_ticket(carla, by=carla, subject="four", body="Words", channel="email", team=shop)
    client.force_login(sue)
    for query, counts in (("", [3, 2]), ("?team=shop", [1, 1])):
        page = client.get(f"/dashboard/team/{query}").content.decode()
        links = re.findall(r'href="(/inbox/\?view=nobodys[^"]*)"', page)
        assert [len(client.get(link).context["tickets"]) for link in links] == counts


def test_by_name_or_by_open_work(write, alice, bob, lea):
    write("one", to=bob)
    assert list(loads(lea)) == ["Alice", "Bob", "Lea"]
    assert list(loads(lea, by_load=True)) == ["Bob", "Alice", "Lea"]


def test_abuse_counts_back_to_the_first_kind_conversation():
    kind, hard = trace(50, 1), [trace(40, 2), trace(39, 2, "abuse.marked", is_public=False), trace(30, 3)]
    assert hard_in_a_row([kind, *hard]) == 0  # the latest was kind
    assert hard_in_a_row([kind, *hard, trace(29, 3, "abuse.marked", is_public=False)]) == 2
    assert hard_in_a_row([trace(5, 4, "note.edited", is_public=False)]) == 0


def test_a_pause_is_a_quarter_of_an_hour_without_a_trace():
    long = [trace(200), trace(120), trace(110), trace(100), trace(90), trace(80), trace(70)]
    assert since_pause([*long, trace(60), trace(50), trace(40), trace(30), trace(20), trace(6)], [], NOW) == timedelta(
        minutes=120
    )
    assert since_pause([trace(100), trace(90), trace(10)], [], NOW) == timedelta(minutes=10)
    assert since_pause([trace(16)], [], NOW) is None  # away
    assert since_pause([], [], NOW) is None


def test_a_breather_is_a_pause(alice):
    steady = [trace(minutes) for minutes in range(120, 0, -10)]
    taken = Breather(user=alice, began_at=NOW - timedelta(minutes=40), ended_at=NOW - timedelta(minutes=30))
    assert since_pause(steady, [taken], NOW) == timedelta(minutes=30)


def test_the_page_says_it_without_judging(client, write, alice, lea):
    ticket = write("rough", to=alice)
    post_message(ticket, by=alice, body="Answer")
    mark_abuse(ticket, by=alice)
    take_breather(alice, by=alice, minutes=10)
    client.force_login(lea)
    page = client.get("/dashboard/team/")
    one = next(load for load in page.context["loads"].people if load.user == alice)
    assert (one.hard_in_a_row, one.breathers, one.is_on_breather, one.open) == (1, 1, True, 1)
    assert "on a breather" in page.content.decode()
    found = client.get(f"/inbox/?q=is:unsolved -is:snoozed assignee:{alice.email}")
    assert [row.number for row in found.context["tickets"]] == [ticket.number]
    assert client.get("/dashboard/team/?order=load").context["loads"].people[0].user == alice


def test_who_is_here_alone(client, write, alice, bob, lea):
    mark_online(alice)
    client.force_login(lea)
    here = client.get("/dashboard/team/?show=here").context["loads"]
    assert ([one.user for one in here.people], here.here) == ([alice], 1)
    everybody = client.get("/dashboard/team/").context["loads"]
    assert ([one.is_here for one in everybody.people], everybody.here) == ([True, False, False], 1)


@pytest.mark.parametrize("query", ["team=shop", "team=%00", "order=speed", "show=all&team=no-such"])
def test_what_it_does_not_know_is_as_usual(client, alice, bob, lea, shop, query):
    client.force_login(lea)
    page = client.get(f"/dashboard/team/?{query}")
    assert [one.user.name for one in page.context["loads"].people] == ["Alice Arden", "Bob Bakker", "Lea Lind"]


def test_agents_do_not_compare_each_other(client, alice):
    client.force_login(alice)
    assert client.get("/dashboard/team/").status_code == 403


def test_the_page_asks_little(client, write, alice, bob, lea, django_assert_max_num_queries):
    for person in (alice, bob, lea):
        write("one", to=person)
    client.force_login(lea)
    client.get("/dashboard/team/")
    with django_assert_max_num_queries(12):
        client.get("/dashboard/team/")
