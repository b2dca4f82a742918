"""Drafts and replies that wait take anything that can be typed, and any number: never a 5xx, never somebody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.hostile.conftest import browser_of, submit
from tests.hostile.payloads import FEW, NUMBERS, PAYLOADS, message, typed
from tickets.actions import schedule_reply
from tickets.models import Draft, Message, ScheduledReply

DRAFT = {"kind": "reply", "client_id": "d1", "body": "Words"}


def test_a_draft_is_kept_as_it_was_typed_or_refused(ticket, alice) -> None:
    browser, url = browser_of(alice), f"/tickets/{ticket.number}/draft/"
    for name, text in PAYLOADS.items():
        answer = submit(browser, url, DRAFT | {"body": text})
        assert answer.status_code in (200, 422), name
        if answer.status_code == 200 and Draft.objects.exists():
            assert Draft.objects.get().body.strip() == message(typed(text)), name
            assert answer.json()["draft"]["body"] == Draft.objects.get().body
            if name in FEW:
                assert browser.get(f"/tickets/{ticket.number}/").status_code == 200


@pytest.mark.parametrize("field", ["client_id", "kind", "begun_seq", "written", "known", "attachments", "by"])
def test_no_field_of_a_draft_breaks_it(ticket, alice, field: str) -> None:
    browser, url = browser_of(alice), f"/tickets/{ticket.number}/draft/"
    for text in [*FEW.values(), *map(str, NUMBERS)]:
        assert submit(browser, url, DRAFT | {field: text}).status_code in (200, 401, 409, 422), (field, text[:40])


@pytest.mark.parametrize("field", ["reply", "do", "seen"])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_no_field_of_what_is_done_with_a_reply_breaks_it(ticket, alice, field: str, accept: str) -> None:
    reply = schedule_reply(ticket, by=alice, body="Later", send_at=timezone.now() + timedelta(days=1))
    browser, url = browser_of(alice), f"/tickets/{ticket.number}/later/"
    right: dict[str, Any] = {"reply": str(reply.pk), "do": "hold", "seen": "1"}
    for text in [*FEW.values(), *map(str, NUMBERS)]:
        browser.defaults["HTTP_ACCEPT"] = accept
        assert submit(browser, url, right | {field: text}).status_code < 500, (field, text[:40])
    assert not Message.objects.filter(by_user=alice).exists()


@pytest.mark.parametrize("field", ["begun_seq", "until", "written", "do", "resolve"])
def test_no_field_beside_a_reply_breaks_it(ticket, alice, field: str) -> None:
    browser, url = browser_of(alice), f"/tickets/{ticket.number}/reply/"
    for number, text in enumerate([*FEW.values(), *map(str, NUMBERS)]):
        said = {"body": "Words", "kind": "reply", "client_id": f"{field}{number}", field: text}
        assert submit(browser, url, said).status_code in (303, 422), (field, text[:40])


def test_the_page_shows_waiting_words_as_words(ticket, alice, bob) -> None:
    text = "<script>window.__pwned=1</script><b>x</b>"
    schedule_reply(ticket, by=alice, body=text, send_at=timezone.now() + timedelta(days=1))
    ScheduledReply.objects.update(state="held", reason=text)
    for user in (alice, bob):
        page = browser_of(user).get(f"/tickets/{ticket.number}/").content.decode()
        assert "<script>window" not in page
        assert "&lt;b&gt;x&lt;/b&gt;" in page
