"""What our people see of a visitor, and whom they turn away: a person, or everybody at an address."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import Site
from chat.actions import block_address, note_arrival, note_page, start_visit, unblock_address
from chat.browsers import Arrival, Page
from chat.consumers import live as live_module
from chat.models import Block, Identity, Visitor
from customers.actions import block_customer
from customers.models import Customer
from tests.chat.conftest import guest_socket, say_hello
from tests.chat.test_views import call
from tickets.actions import open_ticket, post_message
from tickets.models import Message, Ticket

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"


def browser_of(user: Any, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def arrive(site: Site, customer: Customer, url: str = "https://shop.example/tyres", **fields: Any) -> Visitor:
    """A browser of the customer that tells all that it may."""
    visitor = start_visit(site, locale="nl-BE").visitor
    Visitor.objects.filter(pk=visitor.pk).update(customer=customer)
    visitor.customer = customer
    told = {"time_zone": "Europe/Brussels", "user_agent": FIREFOX, "network_address": "203.0.113.7"} | fields
    note_arrival(visitor, arrival=Arrival(page=Page(url, "Tyres"), **told))
    return visitor


def panel(user: Any, ticket: Ticket) -> Any:
    return browser_of(user).get(f"/chats/{ticket.number}/visitor/")


# --- The panel ---


@pytest.mark.django_db
def test_an_agent_sees_who_chats_and_from_where(chat_ticket, site, carla, alice):
    site.allowed_origins = ["https://shop.example"]
    site.save()
    visitor = arrive(site, carla, url="https://shop.example/")
    note_page(visitor, page=Page("https://shop.example/tyres", "Tyres"), user_agent="", network_address=None)
    page = panel(alice, chat_ticket).text
    for words in ("Firefox 132 on Linux", "Dutch (BE)", "203.0.113.7", "Bellwether Cycles", "Tyres", "proved"):
        assert words in page, words
    assert '<time data-zone="Europe/Brussels">' in page
    assert '<a href="https://shop.example/tyres" target="_blank" rel="noreferrer noopener">' in page
    assert "Now on" in page
    assert "1 page before" in page


@pytest.mark.django_db
def test_a_page_that_is_not_of_the_site_is_no_link(chat_ticket, site, carla, alice):
    arrive(site, carla, url="https://evil.example/sign-in")
    page = panel(alice, chat_ticket).text
    assert "https://evil.example/sign-in" in page
    assert 'href="https://evil.example' not in page


@pytest.mark.django_db
def test_who_is_gone_was_last_seen(chat_ticket, site, carla, alice):
    visitor = arrive(site, carla)
    Visitor.objects.filter(pk=visitor.pk).update(last_seen_at=timezone.now() - timedelta(minutes=5))
    page = panel(alice, chat_ticket).text
    assert "last seen" in page
    assert "Last on" in page


@pytest.mark.django_db
def test_the_panel_says_what_is_proved_and_what_is_not(chat_ticket, site, carla, alice, dora):
    Identity.objects.create(site=site, subject="customer-77", customer=carla)
    assert "customer-77" in panel(alice, chat_ticket).text
    guest = start_visit(site).visitor
    nobody = Customer.objects.create(name="Carla Cortez")
    Visitor.objects.filter(pk=guest.pk).update(customer=nobody)
    theirs = open_ticket(nobody, by=nobody, body="It is me", channel="chat", site=site)
    assert "nobody has proved who this is" in panel(alice, theirs).text


@pytest.mark.django_db
def test_the_browser_on_the_tickets_own_site_is_shown(chat_ticket, site, carla, alice, workshop):
    elsewhere = Site.objects.create(name="Elsewhere", key="elsewhere", team=workshop)
    arrive(site, carla, network_address="203.0.113.1")
    arrive(elsewhere, carla, network_address="203.0.113.2")
    assert "203.0.113.1" in panel(alice, chat_ticket).text


@pytest.mark.django_db
def test_a_ticket_without_a_browser_has_a_panel_too(ticket, alice):
    answer = panel(alice, ticket)
    assert answer.status_code == 200
    assert "Block this visitor" in answer.text


@pytest.mark.django_db
def test_charlie_sees_nothing_of_the_workshops_visitors(chat_ticket, site, carla, charlie, client):
    arrive(site, carla)
    assert panel(charlie, chat_ticket).status_code == 404
    assert client.get(f"/chats/{chat_ticket.number}/visitor/").status_code == 302
    for what in ("visitor", "network"):
        assert browser_of(charlie).post(f"/chats/{chat_ticket.number}/block/", {"what": what}).status_code == 404
    assert not Customer.objects.filter(is_blocked=True).exists()


@pytest.mark.django_db
def test_hostile_words_of_a_browser_stay_words(chat_ticket, site, carla, alice):
    site.allowed_origins = ["https://shop.example"]
    site.save()
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    visitor = arrive(site, carla, user_agent=evil)
    Visitor.objects.filter(pk=visitor.pk).update(
        page_title=evil, page_url=f"https://shop.example/{evil}", locale=evil[:20], time_zone=evil[:64]
    )
    visitor.pages.update(title=evil, url=f"javascript:{evil}")
    page = panel(alice, chat_ticket).text
    assert "<script>" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page


# --- Blocking a person ---


@pytest.mark.django_db
def test_an_agent_blocks_a_visitor_and_takes_it_back(chat_ticket, carla, carlas_token, alice):
    browser, path = browser_of(alice), f"/chats/{chat_ticket.number}/block/"
    said = {"client_id": "c1", "body": "Hello?"}
    messages = f"/widget/tickets/{chat_ticket.reference}/messages/"
    answer = browser.post(path, {"what": "visitor"}, headers={"HX-Request": "true"})
    assert "Unblock this visitor" in answer.text
    refused = call(messages, said, carlas_token)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert call("/widget/start/", {"site": "bellwether"}, carlas_token).status_code == 403
    assert Message.objects.count() == 1  # what was said before is there
    assert browser.post(path, {"what": "visitor", "undo": "1"}).status_code == 302
    assert call(messages, said, carlas_token).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["", "everything", "visitor\x00"])
def test_blocking_something_else_is_refused(chat_ticket, alice, what):
    answer = browser_of(alice).post(f"/chats/{chat_ticket.number}/block/", {"what": what})
    assert answer.status_code == 400


@pytest.mark.django_db
def test_only_our_people_block_and_addresses_only_leads(carla, alice, lea):
    alice.is_active = False
    with pytest.raises(PermissionDenied):
        block_customer(carla, by=alice, is_blocked=True)
    alice.is_active = True
    with pytest.raises(PermissionDenied):
        block_address("203.0.113.7", by=alice)
    block = block_address("203.0.113.7", by=lea)
    with pytest.raises(PermissionDenied):
        unblock_address(block, by=alice)
    assert Block.objects.count() == 1


# --- Blocking an address ---


def ask(path: str, body: Any, token: str, address: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = Client(headers=headers)
    return client.post(path, json.dumps(body), content_type="application/json", REMOTE_ADDR=address)


@pytest.mark.django_db
def test_from_a_blocked_address_nobody_begins_or_says_anything(chat_ticket, carlas_token, dora_token, lea):
    block_address("203.0.113.7", by=lea, reason="Abuse\n at night")
    messages, said = f"/widget/tickets/{chat_ticket.reference}/messages/", {"client_id": "c1", "body": "Hello?"}
    for path, body, token in (
        ("/widget/start/", {"site": "bellwether"}, ""),
        ("/widget/start/", {"site": "bellwether"}, carlas_token),
        (messages, said, carlas_token),
        ("/widget/tickets/", said, dora_token),
        ("/widget/contact/", {"email": "a@example.com"}, carlas_token),
        ("/widget/uploads/", {}, carlas_token),
    ):
        answer = ask(path, body, token, "203.0.113.7")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), path
        assert ask(path, body, token, "203.0.113.8").status_code != 403, path
    assert Block.objects.get().reason == "Abuse at night"


@pytest.mark.django_db
def test_an_ipv6_customer_is_blocked_with_their_whole_network(site, lea):
    block = block_address("2001:db8:1:2:aaaa::7", by=lea)
    assert block_address("2001:db8:1:2::1", by=lea) == block
    answers = [
        ask("/widget/start/", {"site": "bellwether"}, "", address).status_code
        for address in ("2001:db8:1:2:bbbb::9", "2001:db8:1:3::9", "::ffff:203.0.113.7", "unknown")
    ]
    assert answers == [403, 200, 200, 200]
    unblock_address(block, by=lea)
    assert ask("/widget/start/", {"site": "bellwether"}, "", "2001:db8:1:2:bbbb::9").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "x", "203.0.113", "203.0.113.7/24", "203.0.113.7, 10.0.0.1", "\x00"])
def test_what_is_no_address_is_not_blocked(text, lea):
    with pytest.raises(ValidationError) as refused:
        block_address(text, by=lea)
    assert refused.value.code == "invalid"
    assert not Block.objects.exists()


@pytest.mark.django_db
def test_a_lead_blocks_the_address_of_a_visitor_and_an_agent_may_not(chat_ticket, site, carla, alice, lea):
    path = f"/chats/{chat_ticket.number}/block/"
    browser_of(lea).post(path, {"what": "network"})
    assert not Block.objects.exists()  # nobody knows it yet
    arrive(site, carla)
    assert browser_of(alice).post(path, {"what": "network"}).status_code == 403
    assert "Block their address" not in panel(alice, chat_ticket).text
    assert browser_of(lea).post(path, {"what": "network"}).status_code == 302
    assert Block.objects.get().address == "203.0.113.7"
    assert "Everybody at 203.0.113.7 is turned away, by Lea Lind" in panel(lea, chat_ticket).text
    browser_of(lea).post(path, {"what": "network", "undo": "1"})
    assert not Block.objects.exists()


@pytest.mark.django_db
def test_the_settings_list_blocked_addresses(lea, alice):
    assert browser_of(alice).get("/settings/blocked/").status_code == 403
    browser = browser_of(lea)
    assert "Nobody is turned away" in browser.get("/settings/blocked/").text
    wrong = browser.post("/settings/blocked/", {"address": "nonsense", "reason": "<b>why</b>"})
    assert wrong.status_code == 422
    assert "&lt;b&gt;why&lt;/b&gt;" in wrong.text
    browser.post("/settings/blocked/", {"address": "203.0.113.7", "reason": "<b>why</b>"})
    page = browser.get("/settings/blocked/").text
    assert "203.0.113.7" in page
    assert "<b>why" not in page
    assert "Lea Lind" in page
    browser.post(f"/settings/blocked/{Block.objects.get().pk}/unblock/")
    assert not Block.objects.exists()


# --- Sockets end ---


@pytest.fixture
def slow_hearts(monkeypatch):
    """So that only a bell can end a socket within the test."""
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 60.0)
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 60.0)


async def test_a_blocked_visitors_sockets_end_at_once(live, chat_ticket, carla, carlas_token, alice, slow_hearts):
    async with guest_socket(live) as one, guest_socket(live) as two:
        for socket in (one, two):
            await say_hello(socket, carlas_token)
        await sync_to_async(block_customer)(carla, by=alice, is_blocked=True)
        assert [await one.wait_closed(), await two.wait_closed()] == [4403, 4403]
    async with guest_socket(live) as again:
        await again.send({"type": "hello", "token": carlas_token})
        assert await again.wait_closed() == 4403
    await sync_to_async(block_customer)(carla, by=alice, is_blocked=False)
    async with guest_socket(live) as again:
        ready = await say_hello(again, carlas_token)
        assert ready["tickets"] == {chat_ticket.reference: 2}


async def test_sockets_from_a_blocked_address_end_at_once(
    live, chat_ticket, carlas_token, dora_token, alice, lea, slow_hearts, settings
):
    settings.TRUSTED_PROXIES = 1

    def from_address(address: str) -> Any:
        socket = guest_socket(live)
        socket.options["additional_headers"] = {"X-Forwarded-For": f"198.51.100.1, {address}"}
        return socket

    await Visitor.objects.aupdate(network_address="203.0.113.7")
    async with from_address("203.0.113.7") as carla, from_address("203.0.113.8") as dora:
        await say_hello(carla, carlas_token)
        await say_hello(dora, dora_token)
        await sync_to_async(block_address)("203.0.113.7", by=lea)
        assert await carla.wait_closed() == 4403
        async with from_address("203.0.113.7") as again:
            await again.send({"type": "hello", "token": carlas_token})
            assert await again.wait_closed() == 4403
        async with from_address("203.0.113.9") as elsewhere:
            await say_hello(elsewhere, carlas_token)
        await dora.send({"type": "message.post", "client_id": "d", "body": "Still here"})
        await dora.wait_for("ack")
    assert await sync_to_async(post_message)(chat_ticket, by=alice, body="We can still write to her.")


async def test_who_is_nobody_yet_is_put_out_at_the_heartbeat(live, guest_token, lea, monkeypatch):
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 2.0)
    async with guest_socket(live) as visitor:
        await say_hello(visitor, guest_token)
        await sync_to_async(block_address)("127.0.0.1", by=lea)
        assert await visitor.wait_closed(10) == 4403
