"""Who of ours has a ticket open is told to the others who have it in sight, and to nobody else."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from tests.chat.conftest import agent_socket, guest_socket, say_hello
from tickets.actions import assign_ticket


async def watching(socket, *refs):
    await say_hello(socket)
    await socket.send({"type": "watch", "refs": list(refs)})
    await socket.wait_for("heartbeat")


async def test_two_who_look_at_the_same_ticket_learn_of_each_other(live, chat_ticket, alice, bob):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as hers, await agent_socket(live, bob) as his:
        for socket in (hers, his):
            await watching(socket, ref)
        await hers.send({"type": "look", "ref": ref})
        seen = await his.wait_for("looking", ref=ref, is_here=True)
        assert (seen["by"]["id"], seen["by"]["name"], seen["by"]["you"]) == (alice.pk, "Alice Arden", False)
        await his.send({"type": "look", "ref": ref})
        assert (await hers.wait_for("looking", is_here=True))["by"]["id"] == bob.pk
        await hers.send({"type": "look"})
        assert (await his.wait_for("looking", is_here=False))["by"]["id"] == alice.pk


async def test_who_comes_later_is_told_at_once_who_is_there(live, chat_ticket, alice, bob):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as hers:
        await watching(hers, ref)
        await hers.send({"type": "look", "ref": ref})
        async with await agent_socket(live, bob) as his:
            await watching(his, ref)
            await his.send({"type": "look", "ref": ref})
            assert (await his.wait_for("looking", is_here=True))["by"]["id"] == alice.pk
        assert (await hers.wait_for("looking", is_here=False))["by"]["id"] == bob.pk  # his browser was closed


async def test_closing_one_of_two_tabs_is_not_leaving(live, chat_ticket, alice, bob):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as first, await agent_socket(live, bob) as his:
        await watching(his, ref)
        await watching(first, ref)
        await first.send({"type": "look", "ref": ref})
        await his.wait_for("looking", is_here=True)
        async with await agent_socket(live, alice) as second:
            await watching(second, ref)
            await second.send({"type": "look", "ref": ref})
            await his.wait_for("looking", is_here=True)
        await his.wait_for("looking", is_here=False)
        await his.wait_for("looking", is_here=True)
        assert not [frame for frame in first.frames if frame["type"] == "looking"]  # nobody is told of themselves


async def test_a_ticket_that_one_may_not_see_cannot_be_looked_at(live, chat_ticket, alice, charlie, workshop):
    await sync_to_async(assign_ticket)(chat_ticket, by=None, team=workshop)
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as hers, await agent_socket(live, charlie) as his:
        await watching(hers, ref)
        await watching(his, ref)
        await hers.send({"type": "look", "ref": ref})
        await his.send({"type": "look", "ref": ref})
        assert (await his.wait_for("error"))["code"] == "not_found"
        await his.send({"type": "look", "ref": "x" * 41})
        assert (await his.wait_for("error"))["code"] == "too_long"
        with pytest.raises(TimeoutError):
            await his.wait_for("looking", seconds=1)
        assert not [frame for frame in hers.frames if frame["type"] == "looking"]


async def test_guests_hear_nothing_of_it(live, chat_ticket, carlas_token, alice):
    ref = chat_ticket.reference
    async with await agent_socket(live, alice) as hers, guest_socket(live) as visitor:
        await watching(hers, ref)
        await say_hello(visitor, carlas_token)
        await hers.send({"type": "look", "ref": ref})
        await visitor.send({"type": "look", "ref": ref})
        assert (await visitor.wait_for("error"))["code"] == "unknown_type"
        assert not [frame for frame in visitor.frames if frame["type"] == "looking"]
