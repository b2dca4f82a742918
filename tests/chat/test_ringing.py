"""Who takes a chat: it rings for everybody free of its team, the first to accept has it, whoever vanishes loses it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connections
from django.utils import timezone

from accounts.models import ApiToken, Calendar, Site, Team, User
from accounts.tokens import digest, new_secret
from chat import jobs
from chat.actions import (
    accept_chat,
    decline_chat,
    forget_rings,
    ringing,
    ringing_for,
    start_visit,
    take_back_abandoned_chats,
)
from chat.consumers import guest
from chat.consumers import live as live_module
from chat.models import Ring, Visitor, WidgetSettings
from chat.presence import presence
from customers.actions import get_or_create_customer
from customers.models import Customer
from tests.chat.conftest import agent_socket, guest_socket, say_hello, websocket
from tests.live import Socket
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    assign_ticket,
    end_chat,
    invite_agent,
    open_ticket,
    post_message,
    resolve_ticket,
    transfer_ticket,
)
from tickets.models import Event, Ticket


def be_here(*people: User, seconds_ago: float = 0) -> None:
    """Their workspace was last heard of then."""
    at = timezone.now() - timedelta(seconds=seconds_ago)
    User.objects.filter(pk__in=[person.pk for person in people]).update(last_seen_at=at)


def rings(user: User) -> list[str]:
    return [ring.ref for ring in ringing_for(user)]


def pass_time(ticket: Ticket, seconds: float) -> None:
    """As if everything that was said and rang had been so much earlier."""
    earlier = timedelta(seconds=seconds)
    for row in Ring.objects.filter(ticket=ticket):
        row.rung_at -= earlier
        row.save()
    for event in Event.objects.filter(ticket=ticket):
        Event.objects.filter(pk=event.pk).update(at=event.at - earlier)
    waiting = again(ticket).waiting_since
    Ticket.objects.filter(pk=ticket.pk).update(waiting_since=waiting and waiting - earlier)


def chat_of(customer: Customer, site: Site | None, body: str = "Hello?") -> Ticket:
    return open_ticket(customer, by=customer, body=body, channel="chat", site=site)


@pytest.fixture
def somebody(db) -> Callable[[str], Customer]:
    return lambda name: get_or_create_customer(by=None, email=f"{name}@example.org")[0]


# --- For whom it rings ---------------------------------------------------------------------


def test_a_chat_rings_for_everybody_free_of_its_team_and_for_nobody_else(chat_ticket, alice, bob, lea, charlie, sue):
    be_here(alice, bob, lea, charlie, sue)
    ref = chat_ticket.reference
    assert [rings(person) for person in (alice, bob, lea)] == [[ref], [ref], [ref]]
    assert rings(charlie) == [], "another team's"
    assert rings(sue) == [], "she sees it, but she is not of the team"
    assert set(Ring.objects.values_list("user", flat=True)) == {alice.pk, bob.pk, lea.pk}


def test_a_chat_of_no_team_rings_for_everybody(carla, site, alice, charlie, sue):
    Site.objects.update(team=None)
    site.refresh_from_db()
    chat = chat_of(carla, site)
    be_here(alice, charlie, sue)
    assert [rings(person) for person in (alice, charlie, sue)] == [[chat.reference]] * 3


@pytest.mark.parametrize(
    "changed",
    [
        {"availability": User.Availability.AWAY},
        {"breather_until": timezone.now() + timedelta(hours=9)},
        {"is_active": False},
        {"last_seen_at": None},
        {"last_seen_at": timezone.now() - timedelta(minutes=2)},
    ],
    ids=["away", "breather", "deactivated", "never here", "gone"],
)
def test_it_does_not_ring_for_who_cannot_take_it(chat_ticket, alice, bob, changed):
    be_here(alice, bob)
    User.objects.filter(pk=alice.pk).update(**changed)
    assert rings(alice) == []
    assert rings(bob) == [chat_ticket.reference]


def test_a_breather_that_is_over_is_over(chat_ticket, alice):
    be_here(alice)
    User.objects.update(breather_until=timezone.now() - timedelta(minutes=1))
    assert rings(alice) == [chat_ticket.reference]


def test_who_is_full_hears_no_more_until_one_of_theirs_is_done(chat_ticket, alice, dora, somebody, site):
    be_here(alice)
    User.objects.update(capacity=2)
    hers = [chat_of(dora, site), chat_of(somebody("eve"), site)]
    for chat in hers:
        accept_chat(chat, by=alice)
    assert rings(alice) == []
    accept_chat(chat_ticket, by=alice)  # deliberately, one too many
    other = chat_of(somebody("finn"), site)
    end_chat(hers[0], by=dora)
    assert rings(alice) == [], "two of three go on"
    resolve_ticket(hers[1], by=alice, root_cause=None)
    assert rings(alice) == [other.reference]


def test_a_chat_in_which_nobody_has_spoken_for_long_takes_no_room(chat_ticket, alice, dora, site):
    be_here(alice)
    User.objects.update(capacity=1)
    silent = chat_of(dora, site)
    accept_chat(silent, by=alice)
    assert rings(alice) == []
    pass_time(silent, 16 * 60)
    assert rings(alice) == [chat_ticket.reference]


@pytest.mark.parametrize("taken_by", ["somebody", "an answer", "solving", "the customer's leaving", "a note"])
def test_only_a_chat_that_nobody_has_and_whose_customer_waits_rings(chat_ticket, carla, alice, bob, taken_by):
    be_here(alice)
    {
        "somebody": lambda: assign_ticket(chat_ticket, by=bob, user=bob),
        "an answer": lambda: post_message(chat_ticket, by=bob, body="I am here."),
        "solving": lambda: resolve_ticket(chat_ticket, by=bob, root_cause=None),
        "the customer's leaving": lambda: end_chat(chat_ticket, by=carla),
        "a note": lambda: post_message(chat_ticket, by=bob, body="Who knows her?", kind="note"),
    }[taken_by]()
    assert rings(alice) == ([chat_ticket.reference] if taken_by == "a note" else [])


def test_a_letter_does_not_ring(ticket, alice):
    be_here(alice)
    assert rings(alice) == []


def test_an_old_chat_is_in_the_list_and_rings_only_while_its_customer_is_here(chat_ticket, carla, site, alice):
    be_here(alice)
    pass_time(chat_ticket, 3 * 24 * 3600)
    assert rings(alice) == []
    visit = start_visit(site).visitor
    Visitor.objects.filter(pk=visit.pk).update(customer=carla)
    assert rings(alice) == [chat_ticket.reference]
    Visitor.objects.update(last_seen_at=timezone.now() - timedelta(minutes=3))
    pass_time(chat_ticket, 200)
    assert rings(alice) == []


# --- How long it rings -----------------------------------------------------------------------


def test_it_rings_for_thirty_seconds_and_once_more_after_two_minutes(chat_ticket, alice):
    be_here(alice)
    assert [ring.seconds_left for ring in ringing_for(alice)] == [30]
    pass_time(chat_ticket, 20)
    assert [ring.seconds_left for ring in ringing_for(alice)] == [10], "asking again does not begin anew"
    pass_time(chat_ticket, 11)
    assert rings(alice) == [], "passed over"
    pass_time(chat_ticket, 80)
    assert rings(alice) == []
    pass_time(chat_ticket, 10)
    assert [ring.seconds_left for ring in ringing_for(alice)] == [30], "a new round"
    assert Ring.objects.count() == 1


def test_what_one_declined_rings_on_for_the_others_and_never_again_for_them(chat_ticket, alice, bob):
    be_here(alice, bob)
    assert rings(alice)
    decline_chat(chat_ticket, by=alice)
    decline_chat(chat_ticket, by=alice)
    assert rings(alice) == []
    assert rings(bob) == [chat_ticket.reference]
    pass_time(chat_ticket, 600)
    assert rings(alice) == []
    assert log(chat_ticket, after=2) == [], "that is nobody's business but hers"


def test_one_may_decline_what_does_not_ring_yet(chat_ticket, alice):
    decline_chat(chat_ticket, by=alice)
    be_here(alice)
    assert rings(alice) == []
    alice.is_active = False
    with pytest.raises(PermissionDenied):
        decline_chat(chat_ticket, by=alice)


def test_what_changed_hands_rings_anew_but_not_for_who_gave_it_away(chat_ticket, alice, bob, shop, charlie, workshop):
    be_here(alice, bob, charlie)
    decline_chat(chat_ticket, by=bob)
    accept_chat(chat_ticket, by=alice)
    transfer_ticket(chat_ticket, by=alice, team=workshop, note="I must go")
    assert rings(bob) == [chat_ticket.reference], "declined before, asked again"
    assert rings(alice) == [], "she gave it away a moment ago"
    transfer_ticket(chat_ticket, by=bob, team=shop)
    assert rings(charlie) == [chat_ticket.reference]
    assert rings(bob) == []


def test_the_longest_waiting_ring_first_and_not_more_than_one_can_look_at(alice, somebody, site):
    be_here(alice)
    chats = [chat_of(somebody(f"guest{number}"), site) for number in range(13)]
    assert rings(alice) == [chat.reference for chat in chats[:10]]
    for chat in chats[:4]:
        decline_chat(chat, by=alice)
    assert rings(alice) == [chat.reference for chat in chats[4:]]


def test_rings_of_long_ago_are_forgotten_once_nobody_needs_them(chat_ticket, dora, site, alice, bob):
    for chat in (chat_ticket, chat_of(dora, site)):
        decline_chat(chat, by=bob)
    accept_chat(chat_ticket, by=alice)
    assert jobs.forget_old_rings() == 0
    Ring.objects.update(rung_at=timezone.now() - timedelta(days=2))
    assert forget_rings(now=timezone.now()) == 1
    assert Ring.objects.get().ticket != chat_ticket


def test_asking_what_rings_costs_few_questions_and_one_when_nothing_does(
    chat_ticket, somebody, site, alice, django_assert_num_queries
):
    be_here(alice)
    for number in range(8):
        chat_of(somebody(f"guest{number}"), site)
    rings(alice)
    with django_assert_num_queries(5):
        rings(alice)
    Ticket.objects.update(assignee=alice)
    with django_assert_num_queries(1):
        rings(alice)


# --- Taking it -------------------------------------------------------------------------------


def test_accepting_is_taking(chat_ticket, alice, bob):
    accept_chat(chat_ticket, by=alice)
    accept_chat(chat_ticket, by=alice)
    assert log(chat_ticket, after=2) == ["ticket.assigned", "agent.joined*"]
    with pytest.raises(ValidationError, match="Alice has it"):
        accept_chat(chat_ticket, by=bob)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [30, pytest.param(200, marks=pytest.mark.long)])
def test_of_two_who_accept_at_once_exactly_one_has_it(alice, bob, somebody, site, times):
    chats = [chat_of(somebody(f"guest{number}"), site) for number in range(times)]
    start = threading.Barrier(2)

    def try_all(who: User) -> list[str]:
        outcomes = []
        try:
            for chat in chats:
                start.wait(10)
                try:
                    accept_chat(Ticket.objects.get(pk=chat.pk), by=who)
                    outcomes.append("has it")
                except ValidationError as error:
                    outcomes.append(str(error.code))
        finally:
            connections.close_all()
        return outcomes

    with ThreadPoolExecutor(2) as pool:
        both = [done.result(60) for done in [pool.submit(try_all, who) for who in (alice, bob)]]
    for chat, outcomes in zip(chats, zip(*both, strict=True), strict=True):
        assert sorted(outcomes) == ["conflict", "has it"]
        assert again(chat).assignee == (alice, bob)[outcomes.index("has it")]
        assert log(chat, after=2) == ["ticket.assigned", "agent.joined*"]
        check_log(chat)


# --- Taking it back --------------------------------------------------------------------------


@pytest.fixture
def left_alone(chat_ticket, carla, site, alice, bob) -> Ticket:
    """Alice has it, Carla has waited for a minute with the widget open, and Alice's workspace is silent."""
    be_here(alice, bob)
    decline_chat(chat_ticket, by=bob)
    accept_chat(chat_ticket, by=alice)
    visit = start_visit(site).visitor
    Visitor.objects.filter(pk=visit.pk).update(customer=carla)
    pass_time(chat_ticket, 60)
    be_here(alice, seconds_ago=70)
    return chat_ticket


def test_who_vanishes_loses_the_chat_and_it_rings_for_the_others(left_alone, alice, bob):
    assert rings(bob) == []
    assert jobs.take_back_abandoned() == 1
    assert again(left_alone).assignee is None
    assert last(left_alone).data["reason"] == "vanished"
    assert last(left_alone).by is None
    assert rings(bob) == [left_alone.reference], "though he declined it before"
    assert jobs.take_back_abandoned() == 0
    be_here(alice)
    assert rings(alice) == [left_alone.reference], "she is back, and may have it again"
    check_log(left_alone)


def test_who_no_longer_works_here_loses_it_at_once(left_alone, alice):
    be_here(alice)
    assert jobs.take_back_abandoned() == 0
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert jobs.take_back_abandoned() == 1


@pytest.mark.parametrize(
    "why", ["she is here", "away", "a short cut", "answered", "customer gone", "ended", "patience"]
)
def test_nothing_is_taken_from_who_is_only_quiet_or_when_nobody_waits(left_alone, carla, alice, why):
    if why == "away":
        be_here(alice)
        User.objects.filter(pk=alice.pk).update(availability=User.Availability.AWAY)
    elif why == "she is here":
        be_here(alice)
    elif why == "a short cut":
        be_here(alice, seconds_ago=50)
    elif why == "answered":
        post_message(left_alone, by=alice, body="On it.")
    elif why == "customer gone":
        Visitor.objects.update(last_seen_at=timezone.now() - timedelta(seconds=100))
    elif why == "ended":
        end_chat(left_alone, by=carla)
    elif why == "patience":
        Ticket.objects.update(waiting_since=timezone.now() - timedelta(seconds=10))
    assert jobs.take_back_abandoned() == 0
    assert again(left_alone).assignee == alice


@pytest.mark.django_db(transaction=True)
def test_two_clocks_take_it_back_once(left_alone):
    start = threading.Barrier(2)

    def tick(_: int) -> int:
        try:
            start.wait(10)
            return take_back_abandoned_chats(now=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(tick, range(2))) == 1
    assert log(left_alone, after=4) == ["ticket.assigned"]


# --- The doors over HTTP ---------------------------------------------------------------------


def test_the_fragment_shows_what_rings_and_who_asks_for_help(client, chat_ticket, ticket, alice, bob, charlie):
    invite_agent(ticket, by=bob, user=alice, note="You know <b>tyres</b>")
    client.force_login(alice)
    page = client.get("/chats/ringing/").content.decode()
    assert f'data-ref="{chat_ticket.reference}" data-seconds="30"' in page
    assert f"/chats/{chat_ticket.number}/accept/" in page
    assert "<b>Bob</b> asks you to help" in page
    assert "You know &lt;b&gt;tyres&lt;/b&gt;" in page
    client.force_login(charlie)
    page = client.get("/chats/ringing/").content.decode()
    assert "data-ref" not in page


def test_an_invitation_is_there_until_it_is_answered(client, ticket, alice, charlie):
    client.force_login(charlie)
    for answer in ("join", "leave"):
        invite_agent(ticket, by=alice, user=charlie)
        assert "asks you to help" in client.get("/chats/ringing/").content.decode()
        client.post(f"/tickets/{ticket.number}/{answer}/")
        assert "asks you to help" not in client.get("/chats/ringing/").content.decode()
        client.post(f"/tickets/{ticket.number}/leave/")


def test_accepting_on_the_page_goes_to_the_chat(client, chat_ticket, alice):
    client.force_login(alice)
    url = f"/chats/{chat_ticket.number}/accept/"
    accepted = client.post(url)
    assert (accepted.status_code, accepted["Location"]) == (303, f"/tickets/{chat_ticket.number}/")
    assert client.post(url, headers={"HX-Request": "true"})["HX-Redirect"] == f"/tickets/{chat_ticket.number}/"
    assert again(chat_ticket).assignee == alice


def test_who_is_too_late_is_told_who_has_it(client, chat_ticket, alice, bob):
    accept_chat(chat_ticket, by=alice)
    client.force_login(bob)
    refused = client.post(f"/chats/{chat_ticket.number}/accept/", headers={"HX-Request": "true"})
    assert refused.status_code == 409
    assert "Alice has it." in refused["HX-Trigger"]
    page = client.post(f"/chats/{chat_ticket.number}/accept/", follow=True)
    assert "Alice has it." in page.content.decode()


def test_declining_on_the_page(client, chat_ticket, alice):
    client.force_login(alice)
    assert "data-ref" in client.get("/chats/ringing/").content.decode()
    left = client.post(f"/chats/{chat_ticket.number}/decline/", headers={"HX-Request": "true"})
    assert (left.status_code, "data-ref" in left.content.decode()) == (200, False)
    assert client.post(f"/chats/{chat_ticket.number}/decline/")["Location"] == "/inbox/"


def test_whoever_asks_what_rings_is_here(client, chat_ticket, alice):
    """Where sockets are blocked the workspace polls, and its person is no less here for that."""
    client.force_login(alice)
    client.get("/chats/ringing/")
    assert User.objects.get(pk=alice.pk).last_seen_at is not None


# --- Both sockets ----------------------------------------------------------------------------


@pytest.fixture
def quick_hearts(monkeypatch):
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.4)
    monkeypatch.setattr(live_module, "HEARTBEAT_JITTER", 0.0)
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 1.0)


def ringing_frames(socket: Socket) -> list[dict[str, Any]]:
    return [frame for frame in socket.frames if frame["type"] == "ringing"]


async def test_a_new_chat_rings_in_the_teams_workspaces_until_one_accepts(live, site, guest_token, alice, bob, charlie):
    sockets = [await agent_socket(live, person) for person in (alice, bob, charlie)]
    async with sockets[0] as hers, sockets[1] as his, sockets[2] as elsewhere, guest_socket(live) as visitor:
        for socket in (hers, his, elsewhere):
            await say_hello(socket)
        await say_hello(visitor, guest_token)
        await visitor.send({"type": "message.post", "client_id": "c1", "body": "Anybody there?"})
        ref = (await visitor.wait_for("ack"))["ref"]
        for socket in (hers, his):
            assert (await socket.wait_for("ringing"))["tickets"] == {ref: 30}
        assert (await visitor.wait_for("queue", ref=ref))["place"] == 1

        await hers.send({"type": "chat.accept", "ref": ref})
        for socket in (hers, his):
            assert (await socket.wait_for("ringing"))["tickets"] == {}
        joined = await visitor.wait_for("event", seq=4)
        assert (joined["event"]["type"], joined["event"]["by"]["name"]) == ("agent.joined", "Alice")
        assert (await visitor.wait_for("queue", ref=ref))["place"] == 0

        await his.send({"type": "chat.accept", "ref": ref})
        assert await his.wait_for("error") == {"type": "error", "code": "conflict", "detail": "Alice has it."}
        await elsewhere.send({"type": "chat.accept", "ref": ref})
        assert (await elsewhere.wait_for("error"))["code"] == "not_found"
        await elsewhere.send({"type": "chat.decline", "ref": ref})
        assert (await elsewhere.wait_for("error"))["code"] == "not_found"
        assert ringing_frames(elsewhere) == []
    assert (await Ticket.objects.select_related("assignee").aget(reference=ref)).assignee == alice


async def test_what_rings_is_said_to_who_comes_later_and_declining_ends_it_for_one(live, chat_ticket, alice, bob):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as hers, await agent_socket(live, bob) as his:
        await say_hello(hers)
        assert ref in (await hers.wait_for("ringing"))["tickets"]
        await say_hello(his)
        await his.wait_for("ringing")
        await hers.send({"type": "chat.decline", "ref": ref})
        assert (await hers.wait_for("ringing"))["tickets"] == {}
        await asyncio.sleep(0.3)
        assert ringing_frames(his) == [], "it rings on for him"


async def test_it_stops_ringing_by_itself(live, chat_ticket, alice, monkeypatch):
    monkeypatch.setattr(ringing, "RING_SECONDS", 2)
    async with await agent_socket(live, alice) as hers:
        await say_hello(hers)
        assert (await hers.wait_for("ringing"))["tickets"] == {chat_ticket.reference: 2}
        assert (await hers.wait_for("ringing"))["tickets"] == {}


async def test_going_away_ends_the_ringing_with_the_next_heartbeat(live, chat_ticket, alice, quick_hearts):
    async with await agent_socket(live, alice) as hers:
        await say_hello(hers)
        await hers.wait_for("ringing")
        await User.objects.filter(pk=alice.pk).aupdate(availability=User.Availability.AWAY)
        assert (await hers.wait_for("ringing"))["tickets"] == {}


async def test_the_chat_of_who_vanished_rings_for_the_others_and_the_guest_waits_again(
    live, chat_ticket, carlas_token, alice, bob, quick_hearts, monkeypatch
):
    monkeypatch.setattr(guest, "QUEUE_SECONDS", 0.0)
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as hers:
        await say_hello(hers)
        await hers.send({"type": "chat.accept", "ref": ref})
        await hers.wait_for("event", ref=ref, seq=4)
    async with await agent_socket(live, bob) as his, guest_socket(live) as visitor:
        await say_hello(his)
        await say_hello(visitor, carlas_token)
        await his.wait_for("heartbeat")
        assert ringing_frames(his) == []
        await sync_to_async(pass_time)(chat_ticket, 90)
        await sync_to_async(be_here)(alice, seconds_ago=70)
        assert await sync_to_async(jobs.take_back_abandoned)() == 1
        assert ref in (await his.wait_for("ringing", seconds=15))["tickets"]
        assert (await visitor.wait_for("queue", seconds=15, ref=ref))["place"] == 1
        await his.send({"type": "chat.accept", "ref": ref})
        assert (await visitor.wait_for("queue", seconds=15, ref=ref))["place"] == 0


async def test_it_never_rings_for_a_program(live, chat_ticket, alice, quick_hearts):
    await sync_to_async(be_here)(alice)
    raw = new_secret("mg_")
    await ApiToken.objects.acreate(user=alice, name="bot", digest=digest(raw), hint=raw[:8])
    async with Socket(websocket(live, "/ws/inbox/"), additional_headers={"Authorization": f"Bearer {raw}"}) as bot:
        await say_hello(bot)
        await bot.wait_for("heartbeat")
        await asyncio.sleep(0.5)
        assert ringing_frames(bot) == []
    assert not await Ring.objects.aexists()


async def test_a_screen_on_the_wall_hears_everything_and_is_nobody(live, chat_ticket, alice, carla, quick_hearts):
    async with await agent_socket(live, alice) as wall:
        await wall.send({"type": "hello", "after": {}, "here": False})
        await wall.wait_for("ready")
        await wall.wait_for("heartbeat")
        await sync_to_async(post_message)(chat_ticket, by=carla, body="Hello?")
        await wall.wait_for("event")
        assert ringing_frames(wall) == []
    assert not await Ring.objects.aexists()
    assert (await User.objects.aget(pk=alice.pk)).last_seen_at is None


async def test_many_bells_ask_one_question_a_second(live, chat_ticket, carla, alice, bob, monkeypatch):
    asked = []
    look = ringing.open_calls

    def count(*args: Any) -> Any:
        asked.append(args)
        return look(*args)

    monkeypatch.setattr("chat.actions.sharing.open_calls", count)
    await sync_to_async(assign_ticket)(chat_ticket, by=None, user=alice)
    async with await agent_socket(live, alice) as hers, await agent_socket(live, bob) as his:
        began = time.monotonic()
        await say_hello(hers)
        await say_hello(his)
        for number in range(40):
            await sync_to_async(post_message)(chat_ticket, by=carla, body=f"{number}")
        await hers.wait_for("event", seq=43)
        await his.wait_for("event", seq=43)
        await asyncio.sleep(1.2)
        assert 1 <= len(asked) <= time.monotonic() - began + 2


async def test_a_guests_place_in_the_queue_is_that_among_the_same_team(
    live, chat_ticket, dora, dora_token, site, shop, alice, charlie, somebody, quick_hearts, monkeypatch
):
    monkeypatch.setattr(guest, "QUEUE_SECONDS", 0.0)
    other = await sync_to_async(Site.objects.create)(name="Shop", team=shop)
    await sync_to_async(chat_of)(await sync_to_async(somebody)("eve"), other)
    hers = await sync_to_async(chat_of)(dora, site)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, dora_token)
        assert await visitor.wait_for("queue") == {"type": "queue", "ref": hers.reference, "place": 2}
        await sync_to_async(accept_chat)(chat_ticket, by=alice)
        assert (await visitor.wait_for("queue"))["place"] == 1
        await sync_to_async(assign_ticket)(hers, by=alice, user=alice)  # the customer hears nothing of that
        assert (await visitor.wait_for("queue"))["place"] == 0
        await asyncio.sleep(0.6)
        assert not [frame for frame in visitor.frames if frame["type"] == "queue"]


async def test_a_site_may_keep_the_queue_to_itself(live, chat_ticket, carlas_token, site, quick_hearts):
    await WidgetSettings.objects.acreate(site=site, shows_queue=False)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await visitor.wait_for("heartbeat")
        await asyncio.sleep(0.5)
        assert not [frame for frame in visitor.frames if frame["type"] == "queue"]


async def test_an_open_widget_says_that_its_visitor_is_here(live, chat_ticket, carlas_token):
    long_ago = timezone.now() - timedelta(minutes=5)
    await Visitor.objects.aupdate(last_seen_at=long_ago)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
    noted = (await Visitor.objects.aget()).last_seen_at
    assert timezone.now() - noted < timedelta(minutes=1)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
    assert (await Visitor.objects.aget()).last_seen_at == noted, "once a minute is enough"


def test_a_polling_widget_does_so_too(client, chat_ticket, carlas_token):
    Visitor.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5))
    headers = {"Authorization": f"Bearer {carlas_token}"}
    client.get(f"/widget/tickets/{chat_ticket.reference}/events/", headers=headers)
    assert timezone.now() - Visitor.objects.get().last_seen_at < timedelta(minutes=1)


# --- What guests are told of us --------------------------------------------------------------


def test_guests_learn_the_name_and_picture_that_people_chose(site, alice, bob):
    be_here(alice)
    User.objects.filter(pk=alice.pk).update(public_name="Ali")
    assert presence(site)["agents"] == [{"name": "Ali", "initials": "AA", "picture": None}]
    key = "7f1f4c0e-8a39-4cf8-8f3a-1d4b1f6b9a10"
    User.objects.filter(pk=alice.pk).update(picture_key=key)
    assert presence(site)["agents"][0]["picture"] == f"/pictures/{key}/"


def test_guests_learn_when_it_opens_again(site):
    assert (presence(site)["open"], presence(site)["opens_at"]) == (True, None)
    hours = {str(day): [["00:00", "00:01"]] for day in range(7)}
    today = timezone.now().date()
    holidays = [(today + timedelta(days=number)).isoformat() for number in range(-1, 2)]
    calendar = Calendar.objects.create(name="Short", time_zone="UTC", hours=hours, holidays=holidays)
    Site.objects.update(calendar=calendar)
    site = Site.objects.get()
    shown = presence(site)
    assert (shown["open"], shown["opens_at"]) == (False, f"{today + timedelta(days=2)}T00:00:00.000Z")
    Calendar.objects.update(hours={"0": []})
    assert presence(Site.objects.get())["opens_at"] is None


def test_the_wait_is_told_only_where_the_site_shows_it(site, somebody, alice):
    for number in range(3):
        chat = chat_of(somebody(f"guest{number}"), site)
        post_message(chat, by=alice, body="Hello!")
    assert presence(site)["wait_seconds"] == 0
    WidgetSettings.objects.create(site=site, shows_wait=False)
    assert presence(site)["wait_seconds"] is None


def test_teams_matter_to_who_is_rung_not_to_who_sees(chat_ticket, charlie, shop, workshop):
    """Somebody who changes teams is rung for the new one's chats at once, and no more for the old one's."""
    be_here(charlie)
    assert rings(charlie) == []
    charlie.teams.set(Team.objects.filter(pk=workshop.pk))
    assert rings(charlie) == [chat_ticket.reference]
    charlie.teams.set([shop])
    assert rings(charlie) == []
