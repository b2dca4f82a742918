"""The doors of drafts and of replies that have not left: one's own, in JSON and without a script."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actions import create_token
from tests.tickets.looking import again
from tickets.actions import post_message, save_draft, schedule_reply
from tickets.models import Draft, Message, ScheduledReply, Ticket

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture(autouse=True)
def undo_send(settings):
    settings.UNDO_SEND_SECONDS = 10


def at(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(ticket: Ticket, verb: str) -> str:
    return f"/tickets/{ticket.number}/{verb}/"


def send(user, ticket: Ticket, **fields: Any) -> Any:
    said = {"by": user.pk, "kind": "reply", "body": "Words", "client_id": "c1"} | fields
    return at(user).post(url(ticket, "reply"), said, **JSON)


def test_a_draft_is_its_writers_alone(ticket, alice, bob, sue, charlie):
    said = at(alice).post(url(ticket, "draft"), {"body": "Half", "kind": "note", "client_id": "c1", "by": alice.pk})
    draft = said.json()["draft"]
    assert (draft["body"], draft["kind"], draft["clientId"], draft["begun"]) == ("Half", "note", "c1", 2)
    assert at(alice).get(url(ticket, "draft")).json()["draft"] == draft
    for other in (bob, sue):
        assert at(other).get(url(ticket, "draft")).json()["draft"] is None
        assert "Half" not in at(other).get(f"/tickets/{ticket.number}/").content.decode()
        assert "data-saved" not in at(other).get("/inbox/?view=all").content.decode()
    assert at(charlie).get(url(ticket, "draft")).status_code == 404
    assert at(charlie).post(url(ticket, "draft"), {"body": "x", "kind": "reply", "client_id": "c"}).status_code == 404
    assert "data-saved" in at(alice).get("/inbox/?view=all").content.decode()


def test_whoever_signed_in_meanwhile_does_not_save_the_words_of_the_one_before(ticket, alice, bob):
    said = at(bob).post(url(ticket, "draft"), {"body": "x", "kind": "reply", "client_id": "c1", "by": alice.pk})
    assert (said.status_code, Draft.objects.exists()) == (401, False)


def test_an_older_save_is_told_what_is_kept(ticket, alice):
    save_draft(ticket, by=alice, body="Newer", client_id="c1")
    old = {"body": "Older", "kind": "reply", "client_id": "c1", "written": 1}
    said = at(alice).post(url(ticket, "draft"), old)
    assert (said.status_code, said.json()["error"]["code"], said.json()["draft"]["body"]) == (409, "older", "Newer")


def test_the_outbox_is_told_what_became_of_a_reply(ticket, chat_ticket, alice, bob):
    said = send(alice, ticket)
    assert (said.status_code, said.json()["scheduled"]["state"]) == (200, "waiting")
    assert send(alice, ticket).json()["scheduled"] == said.json()["scheduled"]
    assert ScheduledReply.objects.count() == 1
    assert "seq" in send(alice, chat_ticket, client_id="c2").json()
    begun = again(chat_ticket).last_seq
    post_message(chat_ticket, by=bob, body="I am on it")
    held = send(alice, chat_ticket, client_id="c3", begun_seq=begun)
    assert (held.status_code, held.json()["error"]["code"]) == (409, "held")
    between = held.json()["held"]["between"]
    assert [(one["by"], one["body"]) for one in between] == [("Bob Bakker", "I am on it")]
    assert "seq" in send(alice, chat_ticket, client_id="c3", begun_seq=held.json()["held"]["seen"]).json()


def test_a_time_in_words(ticket, alice):
    assert send(alice, ticket, until="tomorrow 9").json()["scheduled"]["state"] == "waiting"
    assert not ScheduledReply.objects.get().is_leaving
    assert send(alice, ticket, until="until they reply", client_id="c2").status_code == 422
    assert send(alice, ticket, until="yesterday", client_id="c3").status_code == 422


def test_a_time_that_passed_while_there_was_no_connection_means_now(ticket, alice):
    then, now = timezone.now() - timedelta(hours=1), timezone.now()
    written = int((now - timedelta(hours=2)).timestamp() * 1000)
    assert send(alice, ticket, until=then.isoformat(), written=written).status_code == 200
    assert ScheduledReply.objects.get().send_at < now + timedelta(seconds=15)
    assert send(alice, ticket, until=then.isoformat(), client_id="c2").status_code == 422


def test_solving_needs_the_word_that_asks_for_it(ticket, alice, cause):
    assert send(alice, ticket, resolve=cause.slug).status_code == 200
    assert ScheduledReply.objects.get().then == {}
    assert send(alice, ticket, do="solve", resolve=cause.slug, client_id="c2").status_code == 200
    assert ScheduledReply.objects.get(client_id="c2").then == {"resolve": cause.slug}
    assert send(alice, ticket, do="solve", resolve="", client_id="c3").status_code == 422
    assert send(alice, ticket, do="solve", resolve="gone", client_id="c4").status_code == 422


def test_undo_gives_back_the_words(ticket, alice, bob, charlie):
    reply = schedule_reply(ticket, by=alice, body="Too fast")
    asked = {"reply": reply.pk, "do": "take_back", "seen": 2}
    assert at(charlie).post(url(ticket, "later"), asked, **JSON).status_code == 404
    assert at(bob).post(url(ticket, "later"), asked, **JSON).status_code == 403
    assert at(bob).post(url(ticket, "later"), asked).status_code == 403
    said = at(alice).post(url(ticket, "later"), asked, **JSON).json()
    assert (said["state"], said["draft"]["body"], said["draft"]["along"]) == ("cancelled", "Too fast", [])
    assert at(alice).post(url(ticket, "later"), asked, **JSON).json()["draft"] is None, "twice brings nothing twice"


def test_a_reply_of_another_ticket_is_not_there(ticket, chat_ticket, alice):
    reply = schedule_reply(chat_ticket, by=alice, body="x")
    assert at(alice).post(url(ticket, "later"), {"reply": reply.pk, "do": "send"}).status_code == 404
    assert not Message.objects.filter(by_user=alice).exists()


def test_what_is_too_late_says_so(ticket, alice):
    reply = schedule_reply(ticket, by=alice, body="Gone")
    at(alice).post(url(ticket, "later"), {"reply": reply.pk, "do": "send"})
    late = at(alice).post(url(ticket, "later"), {"reply": reply.pk, "do": "take_back"}, **JSON)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "closed")


def test_without_a_script_a_held_chat_answer_says_so_and_the_second_time_it_goes(chat_ticket, alice, bob):
    begun = again(chat_ticket).last_seq
    post_message(chat_ticket, by=bob, body="I am on it")
    said = {"kind": "reply", "body": "Me too", "client_id": "c1", "begun_seq": begun}
    page = at(alice).post(url(chat_ticket, "reply"), said)
    assert page.status_code == 422
    assert "Bob Bakker answered meanwhile." in page.content.decode()
    shown = again(chat_ticket).last_seq
    assert f'name="begun_seq" value="{shown}"' in page.content.decode()
    assert at(alice).post(url(chat_ticket, "reply"), said | {"begun_seq": shown}).status_code == 303


def test_a_reply_over_the_api_leaves_at_once(ticket, alice):
    token = create_token(alice, by=alice, name="script")[1]
    said = Client().post(
        f"/api/v1/tickets/{ticket.number}/messages/",
        {"body": "From a program"},
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {token}",
    )
    assert (said.status_code, Message.objects.filter(by_user=alice).count()) == (201, 1)
