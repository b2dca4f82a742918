"""Both sockets on a real server with real Postgres and a real Redis-compatible server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from allauth.account.adapter import get_adapter
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from accounts.actions import create_token, deactivate_person, revoke_token, set_teams
from accounts.models import ApiToken, User
from accounts.tokens import digest, new_secret
from chat.consumers import agent as agent_module
from chat.consumers import guest
from chat.consumers import live as live_module
from customers.models import Customer
from helpdesk.bells import Bells
from tests.chat.conftest import agent_socket, guest_socket, say_hello, websocket
from tests.live import Socket
from tickets import events
from tickets.actions import mark_seen, post_message, reopen_ticket, resolve_ticket
from tickets.models import Event, Message, ReadMark, Ticket


async def test_first_words_open_a_ticket_that_the_agent_sees_and_answers(live, site, guest_token, alice):
    async with await agent_socket(live, alice) as agent, guest_socket(live) as visitor:
        await say_hello(agent)
        await say_hello(visitor, guest_token)
        await visitor.send({"type": "message.post", "client_id": "c1", "body": "The tyre is wrong"})
        ack = await visitor.wait_for("ack", client_id="c1")
        assert (ack["seq"], len(ack["ref"])) == (2, 13)
        seen = await agent.wait_for("event", ref=ack["ref"], seq=2)
        assert seen["event"]["message"]["body"] == "The tyre is wrong"
        assert seen["event"]["by"]["kind"] == "customer"

        await agent.send({"type": "watch", "refs": [ack["ref"]]})
        await agent.send({"type": "message.post", "ref": ack["ref"], "client_id": "a1", "body": "I am sorry!"})
        await agent.wait_for("ack", client_id="a1", seq=4)  # 3: whoever answers a chat has it
        answer = await visitor.wait_for("event", ref=ack["ref"], seq=4)
        assert answer["prev"] == 2
        assert answer["event"]["by"] == {
            "kind": "agent",
            "name": "Alice",
            "initials": "AA",
            "picture": None,
            "you": False,
        }

    ticket = await Ticket.objects.select_related("team").aget(reference=ack["ref"])
    assert (ticket.channel, ticket.team.name, ticket.subject) == ("chat", "Workshop", "The tyre is wrong")


async def test_words_from_a_second_tab_that_was_open_before_the_first_words_are_taken(live, site, guest_token):
    async with guest_socket(live) as first, guest_socket(live) as second:
        for tab in (first, second):
            await say_hello(tab, guest_token)
        await first.send({"type": "message.post", "client_id": "c1", "body": "The tyre is wrong"})
        ref = (await first.wait_for("ack", client_id="c1"))["ref"]
        await second.send({"type": "message.post", "client_id": "c2", "body": "It is a 47.", "ref": ref})
        await second.wait_for("ack", client_id="c2", seq=3)
        await first.wait_for("event", ref=ref, seq=3)
        await second.send({"type": "resume", "ref": ref, "after": 0})
        await second.wait_for("event", ref=ref, seq=1, prev=0)


async def test_words_do_not_wait_behind_a_courtesy_that_redis_does_not_take(
    live, chat_ticket, carlas_token, monkeypatch
):
    async def never(*_):
        await asyncio.sleep(8)

    ref = chat_ticket.reference
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        monkeypatch.setattr(Bells, "group_send", never, raising=False)  # it hands everything on to a loop's layer
        await visitor.send({"type": "typing", "ref": ref, "text": "It is"})
        await visitor.send({"type": "seen", "ref": ref, "seq": 2})
        await visitor.send({"type": "message.post", "client_id": "c1", "body": "It is a 47.", "ref": ref})
        await visitor.wait_for("ack", client_id="c1")


async def test_an_agent_who_comes_while_the_database_is_away_is_told_to_come_again(live, alice, monkeypatch):
    def away(_scope):
        raise OperationalError("the database system is starting up")

    monkeypatch.setattr(agent_module, "user_of", away)
    async with await agent_socket(live, alice) as socket:
        assert await socket.wait_closed() == live_module.CLOSE_RESTART


async def test_nothing_is_sent_on_a_socket_that_was_closed(live, guest_token, monkeypatch):
    consumers = []
    monkeypatch.setattr(guest.GuestConsumer, "on_pulse", lambda self: asyncio.sleep(0))
    admit = guest.GuestConsumer.admit

    async def remember(self):
        consumers.append(self)
        return await admit(self)

    monkeypatch.setattr(guest.GuestConsumer, "admit", remember)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        sent = []
        monkeypatch.setattr(consumers[0], "base_send", lambda message: sent.append(message) or asyncio.sleep(0))
        await consumers[0].close(live_module.CLOSE_RESTART)
        await consumers[0].send_frame({"type": "typing"})
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_a_guest_never_hears_a_note_and_still_notices_no_gap(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    async with guest_socket(live) as visitor:
        ready = await say_hello(visitor, carlas_token)
        assert ready["tickets"] == {ref: 2}
        await sync_to_async(post_message)(chat_ticket, by=alice, body="canary: loan wheel on stand 3", kind="note")
        await sync_to_async(post_message)(chat_ticket, by=alice, body="One minute.")
        answer = await visitor.wait_for("event", ref=ref, seq=5)
        assert answer["prev"] == 2
        assert "canary" not in str(visitor.frames) + str(answer)


async def test_hello_brings_what_was_missed_and_resume_repeats_it(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    for words in ("one", "two", "three"):
        await sync_to_async(post_message)(chat_ticket, by=alice, body=words)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token, after={ref: 4})
        assert (await visitor.wait_for("event", seq=5))["event"]["message"]["body"] == "two"
        await visitor.wait_for("event", seq=6)
        await visitor.send({"type": "resume", "ref": ref, "after": 0})
        for seq in (1, 2, 4, 5, 6):
            await visitor.wait_for("event", seq=seq)
        assert visitor.events(ref) == []


async def test_sending_twice_stores_once_and_other_words_are_a_conflict(live, chat_ticket, carlas_token):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        post = {"type": "message.post", "ref": chat_ticket.reference, "client_id": "same", "body": "Hello?"}
        await visitor.send(post)
        await visitor.send(post)
        first, second = await visitor.wait_for("ack"), await visitor.wait_for("ack")
        assert first == second
        await visitor.send(post | {"body": "Something else"})
        assert (await visitor.wait_for("error", client_id="same"))["code"] == "conflict"
    assert await Message.objects.filter(client_id="same").acount() == 1


async def test_the_first_words_said_twice_open_one_ticket(live, guest_token):
    async with guest_socket(live) as one, guest_socket(live) as two:
        await say_hello(one, guest_token)
        await say_hello(two, guest_token)
        post = {"type": "message.post", "client_id": "first", "body": "Anyone there?"}
        await asyncio.gather(one.send(post), two.send(post))
        acks = await asyncio.gather(one.wait_for("ack"), two.wait_for("ack"))
        assert acks[0] == acks[1]
    assert await Ticket.objects.acount() == 1


async def test_what_two_tabs_of_a_guest_say_is_seen_in_both(live, chat_ticket, carlas_token):
    async with guest_socket(live) as one, guest_socket(live) as two:
        await say_hello(one, carlas_token)
        await say_hello(two, carlas_token)
        await one.send({"type": "message.post", "ref": chat_ticket.reference, "client_id": "x", "body": "From one"})
        for tab in (one, two):
            assert (await tab.wait_for("event", seq=3))["event"]["by"]["you"] is True


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{not json", "bad_json"),
        (b"\x00\x01", "bad_json"),
        ("[]", "invalid"),
        ('"text"', "invalid"),
        ({"type": 7}, "invalid"),
        ({"type": "launch"}, "unknown_type"),
        ({"type": "__init__"}, "unknown_type"),
        ({"type": "message.post", "client_id": "a"}, "invalid"),
        ({"type": "message.post", "client_id": "a", "body": " \n "}, "invalid"),
        ({"type": "message.post", "client_id": "a", "body": ["x"]}, "invalid"),
        ({"type": "message.post", "client_id": 5, "body": "x"}, "invalid"),
        ({"type": "message.post", "client_id": "a" * 65, "body": "x"}, "too_long"),
        ({"type": "message.post", "client_id": "a", "body": "x" * 20_001}, "too_long"),
        ({"type": "message.post", "client_id": "a", "body": "x" * 70_000}, "too_long"),
        ({"type": "message.post", "client_id": "a", "body": "psst", "kind": "note"}, "forbidden"),
        ({"type": "message.post", "client_id": "a", "body": "x", "ref": "0" * 13}, "not_found"),
        ({"type": "message.post", "client_id": "a", "body": "x", "ref": "\x00'\""}, "not_found"),
        ({"type": "resume", "ref": "0" * 13, "after": 0}, "not_found"),
        ({"type": "resume", "ref": "0" * 13, "after": -1}, "not_found"),
        ({"type": "resume", "ref": {}, "after": 0}, "invalid"),
        ({"type": "seen", "ref": "0" * 13, "seq": 1}, "not_found"),
        ({"type": "chat.end", "ref": "0" * 13}, "not_found"),
        ({"type": "hello", "token": "again"}, "invalid"),
        ("[" * 50_000, "bad_json"),
        ('{"type":"typing","ref":' + "[" * 20 + "]" * 20 + "}", "invalid"),
    ],
)
async def test_a_bad_frame_is_answered_and_the_socket_lives_on(live, chat_ticket, carlas_token, frame, code):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await visitor.send(frame)
        assert (await visitor.wait_for("error"))["code"] == code
        await visitor.send(
            {"type": "message.post", "ref": chat_ticket.reference, "client_id": "ok", "body": "Still here"}
        )
        await visitor.wait_for("ack", client_id="ok")


async def test_a_frame_beyond_the_hard_limit_closes_the_socket(live, carlas_token):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await visitor.send("x" * (129 * 1024))
        assert await visitor.wait_closed() == 1009


async def test_hostile_words_come_back_as_they_were_or_without_what_is_no_text(live, chat_ticket, carlas_token):
    words = ["<script>alert(1)</script>", "\u202eevil\u200b", "'; DROP TABLE tickets_ticket; --", "👩‍🔧 ﷽", "a\x00b"]
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for number, body in enumerate(words):
            post = {"type": "message.post", "ref": chat_ticket.reference, "client_id": f"h{number}", "body": body}
            await visitor.send(post)
            frame = await visitor.wait_for("event", seq=3 + number)
            assert frame["event"]["message"]["body"] == body.replace("\x00", "")
        await visitor.send('{"type":"message.post","client_id":"s","body":"lone \\ud800 surrogate"}')
        await visitor.wait_for("ack", client_id="s")


async def test_a_foreign_ticket_is_like_an_unknown_one(live, chat_ticket, dora_token):
    ref = chat_ticket.reference
    async with guest_socket(live) as dora:
        ready = await say_hello(dora, dora_token, after={ref: 0})
        assert ready["tickets"] == {}
        for frame in (
            {"type": "message.post", "ref": ref, "client_id": "d", "body": "Let me in"},
            {"type": "resume", "ref": ref, "after": 0},
            {"type": "seen", "ref": ref, "seq": 2},
            {"type": "chat.end", "ref": ref},
        ):
            await dora.send(frame)
            assert (await dora.wait_for("error"))["code"] == "not_found"
        await dora.send({"type": "typing", "ref": ref, "text": "boo"})
        await asyncio.sleep(0.2)
        assert dora.events(ref) == []
    assert await Message.objects.filter(body="Let me in").acount() == 0


async def test_charlie_hears_nothing_of_the_workshop(live, chat_ticket, alice, charlie):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as agent, await agent_socket(live, charlie) as elsewhere:
        assert (await say_hello(agent, after={ref: 0}))["tickets"] == {ref: 2}
        assert (await say_hello(elsewhere, after={ref: 0}))["tickets"] == {}
        await elsewhere.send({"type": "watch", "refs": [ref]})
        assert (await elsewhere.wait_for("heartbeat"))["tickets"] == {}
        await agent.send({"type": "message.post", "ref": ref, "client_id": "n", "body": "secret", "kind": "note"})
        await agent.wait_for("event", seq=3)
        await elsewhere.send({"type": "message.post", "ref": ref, "client_id": "n", "body": "hi"})
        assert (await elsewhere.wait_for("error"))["code"] == "not_found"
        assert elsewhere.events(ref) == []


async def test_what_an_agent_writes_is_markdown_if_they_say_so(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as agent, guest_socket(live) as visitor:
        await say_hello(agent, after={ref: 2})
        await say_hello(visitor, carlas_token)
        words = {"type": "message.post", "ref": ref, "body": "**Hello**"}
        await agent.send(words | {"client_id": "a"})
        await agent.send(words | {"client_id": "b", "format": "markdown"})
        await agent.send(words | {"client_id": "c", "format": "html"})
        plain = (await visitor.wait_for("event", seq=4))["event"]["message"]  # 3: whoever answers a chat has it
        rich = (await visitor.wait_for("event", seq=5))["event"]["message"]
        assert (plain["format"], plain.get("html")) == ("plain", None)
        assert (rich["body"], rich["format"]) == ("**Hello**", "markdown")
        assert rich["html"] == "<p><strong>Hello</strong></p>"
        assert (await agent.wait_for("error", client_id="c"))["code"] == "invalid"


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "{live}.evil.example", "https://{host}"])
async def test_an_agents_socket_opens_from_our_own_origin_only(live, alice, origin):
    where = origin and origin.format(live=live, host=live.removeprefix("http://"))
    socket = await agent_socket(live, alice)
    socket.options["origin"] = where
    with pytest.raises(InvalidStatus) as refused:
        async with socket:
            pass
    assert refused.value.response.status_code == 403


async def test_a_widget_frame_elsewhere_cannot_open_the_guests_socket(live):
    with pytest.raises(InvalidStatus) as refused:
        async with Socket(websocket(live, "/ws/widget/"), origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_whoever_is_not_signed_in_is_told_so(live, site, guest_token):
    async with Socket(websocket(live, "/ws/inbox/"), origin=live) as nobody:
        assert await nobody.wait_closed() == 4401
    for frame in ({"type": "hello", "token": "x" * 43}, {"type": "message.post", "client_id": "a", "body": "x"}):
        async with guest_socket(live) as visitor:
            await visitor.send(frame)
            assert await visitor.wait_closed() == 4401


async def test_a_program_comes_in_by_token_until_it_is_revoked(live, chat_ticket, alice, monkeypatch):
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(live_module, "HEARTBEAT_JITTER", 0.0)
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 0.2)
    raw = new_secret("mg_")
    token = await ApiToken.objects.acreate(user=alice, name="bot", digest=digest(raw), hint=raw[:8])
    headers = {"Authorization": f"Bearer {raw}"}
    async with Socket(websocket(live, "/ws/inbox/"), additional_headers=headers) as bot:
        await say_hello(bot, after={chat_ticket.reference: 0})
        await bot.wait_for("event", seq=2)
        assert (await User.objects.aget(pk=alice.pk)).last_seen_at is None  # it listens for her, she is not here
        await ApiToken.objects.filter(pk=token.pk).aupdate(revoked_at=timezone.now())
        assert await bot.wait_closed() == 4401


async def test_a_deactivated_agents_socket_ends(live, alice, monkeypatch):
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(live_module, "HEARTBEAT_JITTER", 0.0)
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 0.2)
    async with await agent_socket(live, alice) as agent:
        await say_hello(agent)
        await User.objects.filter(pk=alice.pk).aupdate(is_active=False)
        assert await agent.wait_closed() == 4401


@pytest.mark.parametrize("how", ["deactivated", "signed out", "new password", "token revoked"])
async def test_a_right_that_ends_ends_the_socket_at_once(live, alice, adam, how):
    raw = (await sync_to_async(create_token)(alice, by=alice, name="bot"))[1]
    client = Client()
    await sync_to_async(client.force_login)(alice)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = {"Authorization": f"Bearer {raw}"} if how == "token revoked" else {"Cookie": cookie}
    async with Socket(websocket(live, "/ws/inbox/"), origin=live, additional_headers=headers) as socket:
        await say_hello(socket)  # the first heartbeat is ten seconds away
        await asyncio.sleep(0.3)  # until Redis has the subscription
        match how:
            case "deactivated":
                await sync_to_async(deactivate_person)(alice, by=adam)
            case "signed out":
                await sync_to_async(client.post)("/accounts/logout/", headers={"host": "127.0.0.1"})
            case "new password":
                await sync_to_async(get_adapter().set_password)(alice, "a sentence of my own")
            case "token revoked":
                await sync_to_async(revoke_token)(await ApiToken.objects.aget(), by=alice)
        assert await socket.wait_closed() == 4401


async def test_whoever_leaves_a_team_hears_of_its_tickets_no_more(live, chat_ticket, carla, alice):
    await sync_to_async(Ticket.objects.filter(pk=chat_ticket.pk).update)(team=await alice.teams.aget())
    async with await agent_socket(live, alice) as agent:
        await say_hello(agent, after={chat_ticket.reference: 2})
        await asyncio.sleep(0.3)
        await sync_to_async(set_teams)(alice, by=None, teams=[])
        assert (await agent.wait_for("heartbeat", tickets={}))["tickets"] == {}
        await sync_to_async(post_message)(chat_ticket, by=carla, body="canary")
        await asyncio.sleep(0.5)
        assert "canary" not in str(agent.frames)


async def test_a_blocked_guest_is_put_out_and_can_say_no_more(live, chat_ticket, carla, carlas_token, monkeypatch):
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 0.3)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await Customer.objects.filter(pk=carla.pk).aupdate(is_blocked=True)
        await visitor.send({"type": "message.post", "ref": chat_ticket.reference, "client_id": "b", "body": "!!!"})
        assert (await visitor.wait_for("error"))["code"] == "forbidden"
        assert await visitor.wait_closed() == 4403


async def test_the_heartbeat_brings_what_no_bell_announced(live, chat_ticket, carlas_token, alice, monkeypatch):
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr(live_module, "HEARTBEAT_JITTER", 0.0)
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 0.3)
    monkeypatch.setattr(events, "_ring", lambda heads: None)  # as if Redis were gone
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(visitor, carlas_token)
        await say_hello(agent, after={chat_ticket.reference: 2})
        await sync_to_async(post_message)(chat_ticket, by=alice, body="Nobody rang for this")
        for socket in (visitor, agent):
            frame = await socket.wait_for("event", seq=4)
            assert frame["event"]["message"]["body"] == "Nobody rang for this"
        assert (await visitor.wait_for("heartbeat", tickets={chat_ticket.reference: 4}))["tickets"]


async def test_typing_and_reading_are_shown_to_the_other_side(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(visitor, carlas_token)
        await say_hello(agent, after={ref: 2})
        await visitor.send({"type": "typing", "ref": ref, "text": "I need the bike on Mond"})
        assert (await agent.wait_for("typing", ref=ref))["text"] == "I need the bike on Mond"
        await agent.send({"type": "typing", "ref": ref, "text": "not for you"})
        frame = await visitor.wait_for("typing", ref=ref)
        assert (frame["by"]["name"], frame.get("text")) == ("Alice", None)
        await agent.send({"type": "seen", "ref": ref, "seq": 2})
        assert (await visitor.wait_for("receipt", ref=ref))["seq"] == 2
        await visitor.send({"type": "seen", "ref": ref, "seq": 999})
        assert (await agent.wait_for("receipt", ref=ref))["seq"] == 2  # never past the end
        await visitor.send({"type": "seen", "ref": ref, "seq": 1})  # nor back
        await asyncio.sleep(0.2)
        assert [frame for frame in agent.frames if frame["type"] == "receipt"] == []
    assert sorted([mark.seq async for mark in ReadMark.objects.all()]) == [2, 2]


async def test_the_customer_learns_that_the_page_was_read(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    await sync_to_async(mark_seen)(chat_ticket, by=alice, seq=2)  # as loading the page does
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(visitor, carlas_token)
        await say_hello(agent, after={ref: 2})
        await agent.send({"type": "seen", "ref": ref, "seq": 2})
        assert (await visitor.wait_for("receipt", ref=ref))["seq"] == 2


async def test_what_was_read_is_still_read_after_a_reload(live, chat_ticket, carlas_token, dora_token, alice, bob):
    await sync_to_async(post_message)(chat_ticket, by=bob, body="note", kind="note")
    for person, seq in ((alice, 1), (bob, 3)):
        await sync_to_async(mark_seen)(chat_ticket, by=person, seq=seq)
    async with guest_socket(live) as visitor, guest_socket(live) as stranger:
        await say_hello(visitor, carlas_token)
        receipt = await visitor.wait_for("receipt", ref=chat_ticket.reference)
        assert (receipt["by"]["name"], receipt["seq"]) == ("Bob", 2)  # a guest's count ends with what guests see
        await say_hello(stranger, dora_token)
        await stranger.wait_for("presence")
        assert [frame for frame in stranger.frames if frame["type"] == "receipt"] == []


async def test_a_guest_learns_who_is_here(live, site, guest_token, alice, monkeypatch):
    guest._presence.clear()
    async with await agent_socket(live, alice) as agent:
        await say_hello(agent)
        async with guest_socket(live) as visitor:
            await say_hello(visitor, guest_token)
            frame = await visitor.wait_for("presence")
            assert frame["agents"] == [{"name": "Alice", "initials": "AA", "picture": None}]
            assert (frame["wait_seconds"], frame["open"]) == (None, True)


async def test_words_long_after_solving_go_on_in_a_linked_ticket(live, chat_ticket, carlas_token, alice):
    await sync_to_async(resolve_ticket)(chat_ticket, by=alice, root_cause=None)
    await Ticket.objects.filter(pk=chat_ticket.pk).aupdate(solved_at=timezone.now() - timedelta(days=15))
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        post = {"type": "message.post", "ref": chat_ticket.reference, "client_id": "late", "body": "It squeaks again"}
        await visitor.send(post)
        ack = await visitor.wait_for("ack", client_id="late")
        assert ack["ref"] != chat_ticket.reference
        await visitor.wait_for("event", ref=ack["ref"], seq=ack["seq"])
        await visitor.send(post)
        assert await visitor.wait_for("ack", client_id="late") == ack
    assert (await Ticket.objects.aget(reference=ack["ref"])).continues_id == chat_ticket.pk


async def test_words_soon_after_solving_reopen(live, chat_ticket, carlas_token, alice):
    await sync_to_async(resolve_ticket)(chat_ticket, by=alice, root_cause=None)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await visitor.send({"type": "message.post", "ref": chat_ticket.reference, "client_id": "r", "body": "Not yet"})
        assert (await visitor.wait_for("event", seq=4))["event"]["type"] == "ticket.reopened"
        await visitor.wait_for("event", seq=5)


async def test_ending_a_chat_is_said_once_and_solves_nothing(live, chat_ticket, carlas_token):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for _ in range(2):
            await visitor.send({"type": "chat.end", "ref": chat_ticket.reference})
        assert (await visitor.wait_for("event", seq=3))["event"]["type"] == "chat.ended"
        await asyncio.sleep(0.2)
    assert await Event.objects.filter(type="chat.ended").acount() == 1
    assert (await Ticket.objects.aget(pk=chat_ticket.pk)).status == "open"


async def test_what_solving_says_to_the_team_is_not_said_to_the_guest(live, chat_ticket, carlas_token, alice, cause):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await sync_to_async(resolve_ticket)(chat_ticket, by=alice, root_cause=cause, note="she is difficult")
        solved = await visitor.wait_for("event", seq=3)
        assert solved["event"] == solved["event"] | {"type": "ticket.resolved", "data": {}}
        await sync_to_async(reopen_ticket)(chat_ticket, by=alice)
        await visitor.wait_for("event", seq=4)


async def test_one_browser_cannot_hold_a_hundred_sockets(live, carlas_token, monkeypatch):
    monkeypatch.setattr(guest, "SOCKETS_PER_VISITOR", 1)
    async with guest_socket(live) as first:
        await say_hello(first, carlas_token)
        async with guest_socket(live) as second:
            await second.send({"type": "hello", "token": carlas_token})
            assert await second.wait_closed() == 4429
    await asyncio.sleep(0.1)
    async with guest_socket(live) as third:  # the place is free again
        await say_hello(third, carlas_token)


async def test_a_guest_who_floods_is_slowed(live, chat_ticket, carlas_token, settings):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {"message": (3, 60)}
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for number in range(5):
            post = {"type": "message.post", "ref": chat_ticket.reference, "client_id": f"f{number}", "body": "spam"}
            await visitor.send(post)
        for number in (3, 4):
            assert (await visitor.wait_for("error", client_id=f"f{number}"))["code"] == "rate_limited"
    assert await Message.objects.filter(body="spam").acount() == 3


async def test_who_says_nothing_is_let_go(live, monkeypatch):
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 0.2)
    async with guest_socket(live) as silent:
        assert await silent.wait_closed() == 4401


async def test_words_behind_those_that_could_not_be_stored_do_not_overtake_them(
    live, chat_ticket, carlas_token, monkeypatch
):
    """The database fails once, for the first of two: the client sends both again, and they stand in its order."""
    store, failures = guest.post_soon, [OperationalError("server closed the connection")]

    async def fail_once(post):
        await asyncio.sleep(0.2)  # the second one is waiting by now
        if failures:
            raise failures.pop()
        return await store(post)

    monkeypatch.setattr(guest, "post_soon", fail_once)
    posts = [
        {"type": "message.post", "ref": chat_ticket.reference, "client_id": name, "body": name}
        for name in ("first", "second")
    ]
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for post in posts:
            await visitor.send(post)
        assert await visitor.wait_closed() == 1012
    await asyncio.sleep(0.5)
    assert not await Message.objects.filter(client_id="second").aexists()
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for post in posts:
            await visitor.send(post)
        assert (await visitor.wait_for("ack"), (await visitor.wait_for("ack"))["client_id"])[1] == "second"
    stored = [
        name async for name in Message.objects.exclude(client_id="").order_by("id").values_list("client_id", flat=True)
    ]
    assert stored[-2:] == ["first", "second"]


async def test_a_guest_who_asks_for_everything_all_the_time_is_slowed_down(live, chat_ticket, carlas_token):
    ref = chat_ticket.reference
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for _ in range(40):
            await visitor.send({"type": "resume", "ref": ref, "after": 0})
        assert (await visitor.wait_for("error"))["code"] == "rate_limited"
        await visitor.send({"type": "message.post", "ref": ref, "client_id": "c9", "body": "Still here"})
        await visitor.wait_for("ack", client_id="c9")


async def test_a_program_of_ours_that_asks_for_everything_all_the_time_is_slowed_down(live, chat_ticket, alice):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as agent:
        await say_hello(agent)
        for _ in range(150):
            await agent.send({"type": "resume", "ref": ref, "after": 0})
        assert (await agent.wait_for("error"))["code"] == "rate_limited"
        await agent.send({"type": "message.post", "ref": ref, "client_id": "a9", "body": "Still here"})
        await agent.wait_for("ack", client_id="a9")


async def test_an_error_tells_back_only_what_is_text(live, chat_ticket, carlas_token, monkeypatch):
    monkeypatch.setattr(guest.GuestConsumer, "limits", {"": (1, 3600)})
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await visitor.send('{"type": "message.post", "client_id": "half \\ud83d", "body": "x"}')
        error = await visitor.wait_for("error", code="rate_limited")
        assert error["client_id"] == "half ?"
