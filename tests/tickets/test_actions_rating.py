"""How a customer found it: one rating a ticket, the newest word counts."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from customers.models import Customer
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import end_chat, post_message, rate_ticket, resolve_ticket
from tickets.models import Rating
from tickets.serializers import event_json

pytestmark = pytest.mark.django_db


def test_a_rating_is_kept_and_told(chat_ticket, carla, alice):
    seq = chat_ticket.last_seq
    rating = rate_ticket(chat_ticket, by=carla, score=4, comment="  Quick,\r\nand kind.\x00 ")
    assert (rating.score, rating.comment, rating.customer) == (4, "Quick,\nand kind.", carla)
    assert log(chat_ticket, after=seq) == ["rating.given*"]
    event = last(chat_ticket)
    assert event_json(event, alice)["data"] == {"score": 4, "comment": "Quick,\nand kind."}
    assert event_json(event, carla)["data"] == {"score": 4}
    check_log(chat_ticket)


def test_rating_again_replaces_it_and_the_same_again_is_harmless(chat_ticket, carla):
    seq = chat_ticket.last_seq
    for score, comment in ((2, "Slow"), (2, "Slow"), (5, "Slow"), (5, ""), (5, "")):
        rate_ticket(chat_ticket, by=carla, score=score, comment=comment)
    assert log(chat_ticket, after=seq) == ["rating.given*"] * 3
    rating = Rating.objects.get()
    assert (rating.score, rating.comment, rating.at) == (5, "", last(chat_ticket).at)


def test_it_can_be_rated_whenever_and_says_nothing_about_the_matter(chat_ticket, carla, alice):
    rate_ticket(chat_ticket, by=carla, score=1)
    assert again(chat_ticket).waiting_since is not None
    post_message(chat_ticket, by=alice, body="Better?")
    end_chat(chat_ticket, by=carla)
    rate_ticket(chat_ticket, by=carla, score=3)
    assert again(chat_ticket).waiting_since is None
    resolve_ticket(chat_ticket, by=alice, root_cause=None)
    rate_ticket(chat_ticket, by=carla, score=5)
    assert again(chat_ticket).status == "solved"
    check_log(chat_ticket)


@pytest.mark.parametrize("who", ["dora", "alice", "sue", "adam", "nobody"])
def test_nobody_rates_on_a_customers_behalf(request, chat_ticket, who):
    seq, by = chat_ticket.last_seq, None if who == "nobody" else request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        rate_ticket(chat_ticket, by=by, score=5)
    assert (log(chat_ticket, after=seq), Rating.objects.count()) == ([], 0)


def test_nor_does_a_blocked_customer(chat_ticket, carla):
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    with pytest.raises(PermissionDenied):
        rate_ticket(chat_ticket, by=carla, score=1)


@pytest.mark.parametrize("score", [0, 6, -1, 10**30, True, "5", 4.5, 5.0, None, [5], float("nan")])
def test_a_score_is_a_whole_number_from_one_to_five(chat_ticket, carla, score):
    with pytest.raises(ValidationError) as refused:
        rate_ticket(chat_ticket, by=carla, score=score)
    assert refused.value.code == "invalid"
    assert not Rating.objects.exists()


def test_a_comment_has_its_limit(chat_ticket, carla):
    rate_ticket(chat_ticket, by=carla, score=5, comment="x" * 2000 + "  ")
    with pytest.raises(ValidationError) as refused:
        rate_ticket(chat_ticket, by=carla, score=5, comment="x" * 2001)
    assert refused.value.code == "too_long"
