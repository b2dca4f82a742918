"""A pause in one press: for oneself, ended early, and quiet meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.actions import end_breather, take_breather
from accounts.models import Breather, User
from chat.presence import people_here

pytestmark = pytest.mark.django_db


def now_of(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_chats_ring_for_the_others_meanwhile(alice, bob, desk_row):
    User.objects.update(last_seen_at=timezone.now())
    take_breather(alice, by=alice, minutes=10)
    assert set(people_here(timezone.now())) == {bob}
    end_breather(alice, by=alice)
    assert set(people_here(timezone.now())) == {alice, bob}


def test_it_is_over_by_itself(alice, time_machine):
    take_breather(alice, by=alice, minutes=5)
    assert now_of(alice).is_on_breather(timezone.now())
    assert not now_of(alice).is_on_breather(timezone.now() + timedelta(minutes=6))


def test_pausing_anew_is_two_that_do_not_overlap(alice):
    take_breather(alice, by=alice, minutes=20)
    take_breather(alice, by=alice, minutes=5)
    first, second = Breather.objects.order_by("began_at")
    assert first.ended_at <= second.began_at
    assert now_of(alice).breather_until == second.ended_at


def test_back_early_is_kept_as_it_was(alice):
    take_breather(alice, by=alice, minutes=20)
    for _twice in range(2):
        end_breather(alice, by=alice)
    assert Breather.objects.get().ended_at <= timezone.now()
    assert now_of(alice).breather_until is None


@pytest.mark.parametrize("minutes", [0, -5, 7, 600])
def test_other_lengths_are_refused(alice, minutes):
    with pytest.raises(ValidationError):
        take_breather(alice, by=alice, minutes=minutes)
    assert now_of(alice).breather_until is None


def test_a_pause_is_nobody_elses(alice, sue):
    for by in (sue, None):
        with pytest.raises(PermissionDenied):
            take_breather(alice, by=by, minutes=5)
        with pytest.raises(PermissionDenied):
            end_breather(alice, by=by)


def test_the_switch_in_the_rail(client, alice, desk_row):
    client.force_login(alice)
    page = client.get("/inbox/").content.decode()
    assert "Take a breather" in page
    shown = client.post("/settings/breather/", {"minutes": "10"}, headers={"HX-Request": "true"}).content.decode()
    assert "On a breather until" in shown
    assert "I am back" in client.get("/settings/breather/").content.decode()
    client.post("/settings/breather/", {"do": "end"})
    assert now_of(alice).breather_until is None


@pytest.mark.parametrize("typed", ["", "0", "7", "-5", "10.5", "1e1", "\x00", "٥", "9" * 400])
def test_what_is_no_length_is_refused(client, alice, typed):
    client.force_login(alice)
    assert client.post("/settings/breather/", {"minutes": typed}).status_code == 422
    assert now_of(alice).breather_until is None
