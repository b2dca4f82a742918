"""The page on which a customer says how it went: by a link from a mail, without signing in."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tickets.actions import resolve_ticket
from tickets.emails import follow_up
from tickets.models import Rating
from tickets.tokens import RATE_FOR, rate_token, rate_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(ticket) -> str:
    return f"/rate/{rate_token(ticket.reference)}/"


def test_one_press_rates_and_another_changes_it(client, page, ticket):
    assert b"How did we do?" in client.get(page).content
    done = client.post(page, {"score": "4", "comment": "Quick."})
    assert done.status_code == 200
    assert b"Thank you" in done.content
    client.post(page, {"score": "1", "comment": "It broke again."})
    rating = Rating.objects.get()
    assert (rating.ticket, rating.score, rating.comment) == (ticket, 1, "It broke again.")
    assert rating.customer == ticket.customer
    assert b"checked" in client.get(page).content


def test_scanners_that_follow_each_link_rate_nothing(client, page):
    for method in ("get", "head", "options"):
        getattr(client, method)(f"{page}?score=1")
    assert not Rating.objects.exists()
    assert client.get(f"{page}?score=5").content.count(b"checked") == 1


@pytest.mark.parametrize("score", ["", "0", "6", "4.5", "١", "five", "1e1", "5\x00"])
def test_what_is_no_score_is_told(client, page, score):
    answer = client.post(page, {"score": score, "comment": "Words that must not be lost"})
    assert answer.status_code == 422
    assert b"Words that must not be lost" in answer.content
    assert not Rating.objects.exists()


def test_what_somebody_writes_is_only_ever_text(client, page):
    client.post(page, {"score": "3", "comment": "<script>alert(1)</script>"})
    assert b"<script>alert" not in client.get(page).content


def test_links_end_and_cannot_be_made(client, ticket, page):
    forged = page.replace(ticket.reference, ticket.reference[::-1])
    for address in ("/rate/x/", forged, f"/rate/{ticket.reference}/", f"/rate/{ticket.reference}:1:x/"):
        assert client.post(address, {"score": "5"}).status_code == 404
    with time_machine.travel(timezone.now() + RATE_FOR + timedelta(minutes=1)):
        assert client.post(page, {"score": "5"}).status_code == 404
    assert not Rating.objects.exists()


def test_who_is_blocked_says_nothing(client, ticket, page):
    ticket.customer.is_blocked = True
    ticket.customer.save()
    assert client.post(page, {"score": "1"}).status_code == 404


def test_the_follow_up_asks_with_a_link(ticket, alice):
    resolve_ticket(ticket, by=alice, root_cause=None)
    mail = follow_up(ticket, dedupe_key="1")
    assert "/rate/" in mail.text
    assert "/rate/" in mail.html
    assert rate_url(ticket.reference).rpartition(":")[0].rpartition(":")[0] in mail.text
