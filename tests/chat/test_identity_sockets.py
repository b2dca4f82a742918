"""A socket turns out to be somebody's, and goes on as theirs; a guest rates. On a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from chat.actions import identify_visitor, send_code, start_visit, verify_address
from chat.consumers import guest as guest_module
from chat.models import Visitor, WidgetSettings
from customers.models import Customer
from tests.chat.conftest import agent_socket, guest_socket, say_hello
from tests.chat.test_actions_proving import mailed_code
from tests.live import Socket
from tickets.actions import post_message
from tickets.models import Message, Rating, Ticket

BY_ADDRESS = {"email": "carla@example.org"}


async def say(socket: Socket, body: str, ref: str = "", client_id: str = "") -> dict[str, Any]:
    post = {"type": "message.post", "client_id": client_id or body, "body": body} | ({"ref": ref} if ref else {})
    await socket.send(post)
    return await socket.wait_for("ack", client_id=client_id or body)


async def identify(socket: Socket, proof: Any) -> dict[str, Any]:
    await socket.send({"type": "identify", "token": proof})
    return await socket.wait_for("identified")


def answer(ref: str, alice: Any, body: str, **fields: Any) -> Any:
    return sync_to_async(lambda: post_message(Ticket.objects.get(reference=ref), by=alice, body=body, **fields))()


async def test_the_socket_goes_on_as_the_customer(live, site, sign, carla, chat_ticket, guest_token, alice):
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(agent)
        assert (await say_hello(visitor, guest_token))["tickets"] == {}
        mine = (await say(visitor, "Me again"))["ref"]
        known = await identify(visitor, sign(**BY_ADDRESS))
        assert known["token"] != guest_token
        assert (known["viewer"]["name"], known["viewer"]["you"]) == ("Carla Cortez", True)
        assert known["tickets"] == {mine: 2, chat_ticket.reference: 2}
        told = await agent.wait_for("event", ref=mine, seq=3)
        assert told["event"]["type"] == "customer.identified"
        assert told["event"]["data"] == {"how": "signature", "site": "Bellwether Cycles"}
        # Both conversations are live, and the numbers go on without a gap.
        await answer(mine, alice, "Hello Carla")
        assert (await visitor.wait_for("event", ref=mine, seq=5))["prev"] == 2  # 4: it became Alice's
        await answer(chat_ticket.reference, alice, "And here")
        assert (await visitor.wait_for("event", ref=chat_ticket.reference, seq=4))["prev"] == 2
        await visitor.send({"type": "resume", "ref": chat_ticket.reference, "after": 0})
        await visitor.wait_for("event", ref=chat_ticket.reference, seq=1)
        assert (await say(visitor, "Yes, it is me", mine))["seq"] == 6
    async with guest_socket(live) as later:
        assert set((await say_hello(later, known["token"]))["tickets"]) == {mine, chat_ticket.reference}
    async with guest_socket(live) as thief:
        await thief.send({"type": "hello", "token": guest_token})
        assert await thief.wait_closed() == 4401


async def test_one_who_has_said_nothing_hears_of_what_they_said_elsewhere(
    live, site, sign, carla, chat_ticket, guest_token, alice
):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        assert (await identify(visitor, sign(**BY_ADDRESS)))["tickets"] == {chat_ticket.reference: 2}
        await answer(chat_ticket.reference, alice, "canary", kind="note")
        await answer(chat_ticket.reference, alice, "Here!")
        assert (await visitor.wait_for("event", seq=5))["prev"] == 2
        assert "canary" not in str(visitor.frames)


async def test_every_other_tab_of_the_guest_comes_back_with_the_new_token(live, site, sign, carla, guest_token):
    async with guest_socket(live) as tab, guest_socket(live) as other:
        await say_hello(tab, guest_token)
        await say_hello(other, guest_token)
        ref = (await say(tab, "Me again"))["ref"]
        await other.send({"type": "resume", "ref": ref, "after": 0})  # it has the conversation too
        await other.wait_for("event", ref=ref, seq=2)
        known = await identify(tab, sign(**BY_ADDRESS))
        assert await other.wait_closed() == 4401
        await say(tab, "Still here", ref)
    async with guest_socket(live) as back:
        assert known["tickets"].keys() <= (await say_hello(back, known["token"]))["tickets"].keys()


async def test_whoever_planted_the_token_is_put_out_and_sees_nothing_of_hers(
    live, site, sign, carla, chat_ticket, guest_token, alice
):
    """Threat 11, with the thief's socket open and listening while she signs in."""
    async with guest_socket(live) as thief, guest_socket(live) as victim:
        await say_hello(thief, guest_token)
        mine = (await say(thief, "Planted"))["ref"]
        await say_hello(victim, guest_token)
        await identify(victim, sign(**BY_ADDRESS))
        await answer(chat_ticket.reference, alice, "Your address is Canal 5")
        await answer(mine, alice, "Your address is Canal 5")
        await victim.wait_for("event", ref=chat_ticket.reference, seq=4)
        assert await thief.wait_closed() == 4401
        assert chat_ticket.reference not in str(thief.frames)
        assert "Canal 5" not in str(thief.frames)


async def test_words_sent_around_the_signature_are_all_stored_in_order(live, site, sign, carla, guest_token):
    """The client does not wait: what it sends before and after is one line, and stays one."""
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        ref = (await say(visitor, "0"))["ref"]
        for number in range(1, 20):
            await visitor.send({"type": "message.post", "ref": ref, "client_id": str(number), "body": str(number)})
            if number == 10:
                await visitor.send({"type": "identify", "token": sign(**BY_ADDRESS)})
        for number in range(1, 20):
            await visitor.wait_for("ack", client_id=str(number))
        await visitor.wait_for("identified")
        await visitor.wait_for("event", ref=ref, seq=22)
        seqs = [(frame["seq"], frame["prev"]) for frame in visitor.events(ref)]
        shown = [seq for seq, _ in seqs] + [22]
        assert shown == [1, *range(2, 13), *range(14, 23)][-len(shown) :]
    said = Message.objects.filter(by_customer=carla).exclude(client_id="").order_by("event__seq")
    bodies = [message.body async for message in said]
    assert bodies == [str(number) for number in range(20)]


async def test_words_from_a_tab_that_does_not_know_yet_come_again_and_are_stored_once(
    live, site, sign, carla, guest_token, monkeypatch
):
    monkeypatch.setattr("chat.actions.identifying.recheck_customer", lambda pk: None)  # no bell: Redis is gone
    async with guest_socket(live) as tab, guest_socket(live) as other:
        await say_hello(tab, guest_token)
        ref = (await say(tab, "Me again"))["ref"]
        await say_hello(other, guest_token)
        known = await identify(tab, sign(**BY_ADDRESS))
        post = {"type": "message.post", "ref": ref, "client_id": "late", "body": "From the other tab"}
        await other.send(post)
        assert await other.wait_closed() == 4401  # not `forbidden`, which it would take as the last word
        assert not [frame for frame in other.frames if frame["type"] in ("ack", "error")]
    async with guest_socket(live) as back:
        await say_hello(back, known["token"])
        for _ in range(2):
            await back.send(post)
            await back.wait_for("ack", client_id="late", ref=ref)
    assert await Message.objects.filter(client_id="late", by_customer=carla).acount() == 1


@pytest.mark.parametrize("opens", [True, False])
async def test_so_do_first_words_and_words_on_what_the_tab_never_saw(live, site, sign, guest_token, monkeypatch, opens):
    monkeypatch.setattr("chat.actions.identifying.recheck_customer", lambda pk: None)
    async with guest_socket(live) as tab, guest_socket(live) as other:
        await say_hello(tab, guest_token)
        await say_hello(other, guest_token)
        ref = (await say(tab, "Me again"))["ref"]
        await identify(tab, sign())
        await other.send({"type": "message.post", "client_id": "x", "body": "x"} | ({} if opens else {"ref": ref}))
        assert await other.wait_closed() == 4401
    assert await Ticket.objects.acount() == 1


async def test_the_next_person_at_the_computer_hears_nothing_of_the_last(
    live, site, sign, carla, chat_ticket, alice, monkeypatch
):
    visit = await sync_to_async(start_visit)(site)
    known = await sync_to_async(identify_visitor)(visit.visitor, token=visit.token, proof=sign("carla", **BY_ADDRESS))
    async with guest_socket(live) as first, guest_socket(live) as second:
        await say_hello(first, known.token)
        await say_hello(second, known.token)
        seen = await identify(second, sign("dora", name="Dora"))
        assert (seen["viewer"]["name"], seen["tickets"]) == ("Dora", {})
        assert await first.wait_closed() == 4401
        await answer(chat_ticket.reference, alice, "For Carla only")
        await second.send({"type": "resume", "ref": chat_ticket.reference, "after": 0})
        assert (await second.wait_for("error"))["code"] == "not_found"
        mine = (await say(second, "Hello, Dora here"))["ref"]
        await answer(mine, alice, "Hello Dora")
        await second.wait_for("event", ref=mine, seq=4)
        assert second.events(chat_ticket.reference) == []
        assert "For Carla only" not in str(second.frames)
    assert (await Ticket.objects.select_related("customer").aget(reference=mine)).customer.name == "Dora"


async def test_the_same_signature_again_changes_nothing(live, site, sign, guest_token):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        ref = (await say(visitor, "Hi"))["ref"]
        proof = sign(name="Carla")
        first, second = await identify(visitor, proof), await identify(visitor, proof)
        assert first["token"] == second["token"]
        assert (first["tickets"], second["tickets"]) == ({ref: 2}, {ref: 2})
        await say(visitor, "Again", ref)
    assert await Customer.objects.acount() == 1


@pytest.mark.parametrize("proof", [None, 7, "x", {"sub": "42"}, "e" * 9000, "a.b.c"])
async def test_what_is_not_believed_is_refused_and_the_guest_stays_who_they_are(live, site, sign, guest_token, proof):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        ref = (await say(visitor, "Hi"))["ref"]
        for wrong in (proof, sign(key="w" * 43), sign(lasts=-120)):
            await visitor.send({"type": "identify", "token": wrong})
            refused = await visitor.wait_for("error")
            assert (refused["code"], refused["detail"]) == ("forbidden", "That is not allowed.")
        await say(visitor, "Still me", ref)


async def test_trying_is_limited(live, site, sign, guest_token, settings):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {"identify": (2, 60)}
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        codes = []
        for _ in range(4):
            await visitor.send({"type": "identify", "token": "x"})
            codes.append((await visitor.wait_for("error"))["code"])
    assert codes == ["forbidden", "forbidden", "rate_limited", "rate_limited"]


async def test_a_blocked_customer_is_put_out_on_signing_in(live, site, sign, carla, guest_token):
    await Customer.objects.filter(pk=carla.pk).aupdate(is_blocked=True)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        await visitor.send({"type": "identify", "token": sign(**BY_ADDRESS)})
        assert await visitor.wait_closed() == 4403


async def test_a_socket_that_changed_hands_leaves_its_place_to_others(live, site, sign, guest_token, monkeypatch):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        await identify(visitor, sign())
        owner = (await Visitor.objects.aget()).pk
        assert {pk: count for pk, count in guest_module._open_sockets.items() if pk >= owner - 1} == {owner: 1}
    await asyncio.sleep(0.1)
    assert owner not in guest_module._open_sockets


async def test_a_code_over_http_ends_the_sockets_of_the_old_token(live, site, carla, chat_ticket, guest_token):
    """No bell: the answer to the request must come first. What the socket says meanwhile is not lost either."""
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        ref = (await say(visitor, "Me again"))["ref"]
        who = await Visitor.objects.select_related("customer", "site").aget(customer__tickets__reference=ref)
        await sync_to_async(send_code)(who, email="carla@example.org")
        code = await sync_to_async(mailed_code)("carla@example.org")
        await sync_to_async(verify_address)(who, token=guest_token, email="carla@example.org", code=code)
        await visitor.send({"type": "message.post", "ref": ref, "client_id": "late", "body": "late"})
        assert await visitor.wait_closed() == 4401
    assert not await Message.objects.filter(client_id="late").aexists()


async def test_a_rating_is_seen_on_both_sides_its_words_on_ours(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    async with guest_socket(live) as visitor, await agent_socket(live, alice) as agent:
        await say_hello(visitor, carlas_token)
        await say_hello(agent)
        await visitor.send({"type": "chat.rate", "ref": ref, "score": 4, "comment": "Quick"})
        assert (await visitor.wait_for("event", ref=ref, seq=3))["event"]["data"] == {"score": 4}
        told = (await agent.wait_for("event", ref=ref, seq=3))["event"]
        assert (told["type"], told["data"]) == ("rating.given", {"score": 4, "comment": "Quick"})
    assert (await Rating.objects.aget()).score == 4


async def test_what_is_no_rating_is_refused(live, site, chat_ticket, carlas_token, dora_token):
    ref = chat_ticket.reference
    wrong = [
        ({"ref": ref}, "invalid"),
        ({"ref": ref, "score": 6}, "invalid"),
        ({"ref": ref, "score": "5"}, "invalid"),
        ({"ref": ref, "score": True}, "invalid"),
        ({"ref": ref, "score": 5, "comment": 5}, "invalid"),
        ({"ref": ref, "score": 5, "comment": "x" * 2001}, "too_long"),
        ({"ref": "0" * 13, "score": 5}, "not_found"),
        ({"score": 5}, "invalid"),
    ]
    async with guest_socket(live) as visitor, guest_socket(live) as stranger:
        await say_hello(visitor, carlas_token)
        for frame, code in wrong:
            await visitor.send({"type": "chat.rate"} | frame)
            assert (await visitor.wait_for("error"))["code"] == code, frame
        await say_hello(stranger, dora_token)
        await stranger.send({"type": "chat.rate", "ref": ref, "score": 1})
        assert (await stranger.wait_for("error"))["code"] == "not_found"
        await WidgetSettings.objects.aupdate_or_create(site=site, defaults={"asks_rating": False})
        await visitor.send({"type": "chat.rate", "ref": ref, "score": 5})
        assert (await visitor.wait_for("error"))["code"] == "forbidden"
    assert await Rating.objects.acount() == 0
