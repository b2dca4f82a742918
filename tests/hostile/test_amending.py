"""Whatever is typed where something that was said is changed, or where two customers are united: never a 5xx, and what
is stored is what was typed."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tests.hostile.conftest import browser_of
from tests.hostile.payloads import PAYLOADS, typed
from tickets.actions import post_message, redact_message
from tickets.actions._rules import clean_body
from tickets.models import CustomerMerge

pytestmark = pytest.mark.django_db
TEXTS = [typed(text) for text in PAYLOADS.values()]


def test_a_note_says_what_was_typed(ticket, adam):
    note = post_message(ticket, by=adam, body="Ask the depot.", kind="note")
    inside = browser_of(adam)
    for text in TEXTS:
        before = note.body
        answer = inside.post(f"/messages/{note.pk}/edit/", {"body": text})
        note.refresh_from_db()
        assert answer.status_code in (303, 422), text[:40]
        assert note.body == (clean_body(text) if answer.status_code == 303 else before)
        assert inside.post(f"/messages/{note.pk}/edit/", {"body": "x", "version": text}).status_code in (303, 422)


def test_passages_go_and_nothing_else(ticket, carla, adam):
    inside = browser_of(adam)
    said = post_message(ticket, by=carla, body="Nothing of that")
    for text in TEXTS:
        assert inside.post(f"/messages/{said.pk}/redact/", {"passage": text}).status_code == 422, text[:40]
        try:
            message = post_message(ticket, by=carla, body=f"a {text} b")
        except ValidationError:  # too long for a message
            continue
        passage = message.body[2:-2]
        try:
            redact_message(message, by=adam, passages=[passage])
        except ValidationError:
            assert not passage.strip()
            continue
        message.refresh_from_db()
        assert clean_body(passage, may_be_empty=True) not in message.body or len(passage) < 3
    said.refresh_from_db()
    assert said.body == "Nothing of that"


def test_nobody_is_united_by_rubbish(ticket, carla, adam):
    inside = browser_of(adam)
    for text in TEXTS:
        url = f"/customers/{carla.pk}/same-person/"
        assert inside.get(url, {"q": text, "other": text, "stays": text}).status_code == 200, text[:40]
        assert inside.post(url, {"other": text, "stays": text}).status_code == 200, text[:40]
    assert not CustomerMerge.objects.exists()
