"""One of us says that two customers are one: no browser sees by that what it has not proved. On a real server."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from chat.actions import identify_visitor, start_visit
from tests.chat.conftest import guest_socket, say_hello
from tests.chat.test_identity_sockets import answer, say
from tickets.actions import merge_customers, undo_customer_merge
from tickets.models import Ticket


def merged(survivor, other, lea):
    return sync_to_async(lambda: merge_customers(survivor, merged=other, by=lea))()


def customer_of(ref: str):
    return sync_to_async(lambda: Ticket.objects.select_related("customer").get(reference=ref).customer)()


async def test_a_stranger_who_talks_a_lead_into_it_reads_nothing(
    live, site, carla, chat_ticket, guest_token, alice, lea
):
    async with guest_socket(live) as stranger:
        await say_hello(stranger, guest_token)
        mine = (await say(stranger, "I am Carla, believe me"))["ref"]
        guest = await customer_of(mine)
        await merged(carla, guest, lea)
        await answer(chat_ticket.reference, alice, "canary, for Carla only")
        await answer(mine, alice, "Hello")
        await stranger.wait_for("event", ref=mine, seq=5)  # 3: it became Alice's, 4: one of us has said it
        for ask in ({"type": "resume", "after": 0}, {"type": "seen", "seq": 1}, {"type": "chat.end"}):
            await stranger.send(ask | {"ref": chat_ticket.reference})
            assert (await stranger.wait_for("error"))["code"] == "not_found"
            stranger.frames.clear()
        assert (await say(stranger, "Still mine", mine))["ref"] == mine
        await stranger.wait_for("heartbeat", seconds=15)
        assert "canary" not in str(stranger.frames)
        assert chat_ticket.reference not in str(stranger.frames)
    async with guest_socket(live) as again:
        ready = await say_hello(again, guest_token)
        assert set(ready["tickets"]) == {mine}
        assert "Carla Cortez" not in str(again.frames)


async def test_who_has_proved_it_goes_on_as_the_survivor_at_once_and_back(
    live, site, sign, carla, dora, chat_ticket, alice, lea
):
    def arrive_as_dora() -> str:
        visit = start_visit(site)
        return identify_visitor(visit.visitor, token=visit.token, proof=sign("7", email="dora@example.org")).token

    token = await sync_to_async(arrive_as_dora)()
    async with guest_socket(live) as visitor:
        await say_hello(visitor, token)
        mine = (await say(visitor, "Me"))["ref"]
        merge = await merged(carla, dora, lea)
        assert (await say(visitor, "Me again", mine))["ref"] == mine
        heartbeat = await visitor.wait_for("heartbeat", seconds=15)
        assert set(heartbeat["tickets"]) == {mine, chat_ticket.reference}
        await answer(chat_ticket.reference, alice, "Welcome")
        await visitor.wait_for("event", ref=chat_ticket.reference, seconds=5)
        await sync_to_async(lambda: undo_customer_merge(merge, by=lea))()
        visitor.frames.clear()
        await answer(chat_ticket.reference, alice, "canary")
        assert (await say(visitor, "And now", mine))["ref"] == mine
        await visitor.send({"type": "resume", "ref": chat_ticket.reference, "after": 0})
        assert (await visitor.wait_for("error"))["code"] == "not_found"
        assert "canary" not in str(visitor.frames), visitor.frames
