"""What is promised: its settings, its figures, and how it stands beside a ticket."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import Calendar, User
from tickets.actions import assign_ticket, open_ticket, post_message, set_status, transfer_ticket
from tickets.actions.promises import Terms, change_promise, give_promise, switch_promise
from tickets.actions.promising import measure_history
from tickets.models import Event, Promise, PromiseRun, Ticket
from tickets.queries.promises import Share, kept_shares, lately, promise_rows, standings

pytestmark = pytest.mark.django_db
URL = "/settings/promises/"
ASKED = {"words": "An answer within the hour", "measure": "next_answer", "length": "1", "unit": "60"}


def at(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def given(**terms) -> Promise:
    asked = Terms(**{"measure": "next_answer", "minutes": 30} | terms)
    return give_promise(by=None, words="Half an hour", terms=asked, at=timezone.now() - timedelta(days=60))


def tell(promise: Promise, ticket: Ticket, *, ago: float = 1, **states: int) -> None:
    """So many runs of each state, that began so many days ago."""
    event = Event.objects.filter(ticket=ticket).first()
    began_at = timezone.now() - timedelta(days=ago)
    for state, count in states.items():
        for _ in range(count):
            clone = Event.objects.create(
                ticket=ticket, seq=Event.objects.filter(ticket=ticket).count() + 1, public_prev=0, type="t",
                is_public=False,
            )  # fmt: skip
            broken_at = began_at if state == "broken" else None
            PromiseRun.objects.create(
                promise=promise, ticket=ticket, began=clone, began_at=began_at, state=state, broken_at=broken_at
            )
    assert event


# --- Figures -------------------------------------------------------------------------------
def test_the_share_counts_what_is_decided_of_what_began_lately(desk_row, ticket):
    promise, other = given(), given()
    tell(promise, ticket, kept=3, broken=2, running=4, void=5)
    tell(promise, ticket, ago=31, kept=9)
    assert lately([promise, other], timezone.now()) == {promise.pk: Share(3, 5), other.pk: Share(0, 0)}
    now = timezone.now()
    earlier = kept_shares([promise], since=now - timedelta(days=60), until=now - timedelta(days=30))
    assert earlier == {promise.pk: Share(9, 9)}


@pytest.mark.parametrize(
    ("kept", "of", "percent", "is_enough"), [(199, 200, 99, True), (19, 19, 100, False), (0, 0, 0, False)]
)
def test_a_share_is_rounded_down_and_says_when_it_is_too_little(kept, of, percent, is_enough):
    assert (Share(kept, of).percent, Share(kept, of).is_enough) == (percent, is_enough)


# --- Settings ------------------------------------------------------------------------------
def test_a_manager_promises_something(sue, desk_row, shop):
    noon = Calendar.objects.create(name="Noon", hours={})
    browser = at(sue)
    asked = ASKED | {"hours": str(noon.pk), "channel": "chat", "team": str(shop.pk), "priority": "3", "is_public": "on"}
    assert browser.post(URL + "new/", asked).status_code == 302
    promise = Promise.objects.get()
    assert (promise.minutes, promise.calendar, promise.channel, promise.team, promise.priority, promise.is_public) == (
        60, noon, "chat", shop, 3, True,
    )  # fmt: skip
    page = browser.get(URL).text
    assert "Every answer within 1 hour, in the hours of Noon · Chat · Shop · from priority High on" in page
    assert "customers see it" in page
    assert "Not enough data" in page


@pytest.mark.parametrize(
    "wrong",
    [{"length": ""}, {"length": "0"}, {"length": "721"}, {"words": " "}, {"measure": "handling_time"}, {"hours": "999"},
     {"unit": "7"}, {"team": "999"}, {"priority": "9"}, {"channel": "pigeon"}],
)  # fmt: skip
def test_what_cannot_be_promised_is_refused_with_what_was_typed(sue, desk_row, wrong):
    answer = at(sue).post(URL + "new/", ASKED | wrong)
    assert answer.status_code == 422
    assert not Promise.objects.exists()


def test_a_promise_of_hand_over_notes_needs_no_time(sue, desk_row):
    assert (
        at(sue).post(URL + "new/", ASKED | {"measure": "handed_over", "length": "", "hours": "always"}).status_code
        == 302
    )
    promise = Promise.objects.get()
    assert (promise.minutes, promise.is_round_the_clock) == (None, False)


def test_other_words_are_the_same_promise_and_other_terms_a_new_one_in_its_place(sue, desk_row):
    first, second = given(), given(minutes=90)
    browser = at(sue)
    shown = {"words": "Half an hour, gladly", "measure": "next_answer", "length": "30", "unit": "1"}
    browser.post(f"{URL}{first.pk}/", shown)
    first.refresh_from_db()
    assert (first.words, first.is_on) == ("Half an hour, gladly", True)
    browser.post(f"{URL}{first.pk}/", shown | {"length": "45"})
    first.refresh_from_db()
    new = first.replaced_by
    assert new is not None
    assert (first.is_on, first.ended_at, new.minutes, new.position) == (False, new.created_at, 45, first.position)
    assert list(Promise.objects.filter(is_on=True)) == [new, second]
    assert browser.get(f"{URL}{first.pk}/").status_code == 404
    assert "Half an hour, gladly" not in browser.get(URL).text.split("Switched off")[1:]


def test_a_promise_that_somebody_else_has_just_changed(sue, desk_row):
    first = given()
    change_promise(first, by=None, words="An hour", terms=Terms("next_answer", 60), is_public=False)
    answer = at(sue).post(f"{URL}{first.pk}/switch/", {"do": "off"}, follow=True)
    assert "Somebody has changed this promise a moment ago" in answer.text
    assert Promise.objects.filter(is_on=True).count() == 1


def test_switched_off_and_promised_again(sue, desk_row, ticket):
    promise = given()
    browser = at(sue)
    tell(promise, ticket, kept=20)
    assert "Kept <b>20 of 20</b> times in 30 days (100 %)" in browser.get(URL).text
    browser.post(f"{URL}{promise.pk}/switch/", {"do": "off"})
    page = browser.get(URL).text
    assert "Switched off" in page
    assert "Kept <b>" not in page
    browser.post(f"{URL}{promise.pk}/switch/", {"do": "on"})
    page = browser.get(URL).text
    assert "Not enough data: it has not come to it yet" in page, "it is counted from now on"
    assert "Promise it again" not in page


def test_their_order_is_the_companys(sue, desk_row):
    first, second, third = given(), given(), given()
    browser = at(sue)
    browser.post(f"{URL}{third.pk}/move/", {"to": "up"})
    browser.post(f"{URL}{first.pk}/move/", {"to": "up"})
    browser.post(f"{URL}{first.pk}/move/", {"to": "sideways"})
    assert list(Promise.objects.all()) == [first, third, second]


def test_too_many_are_refused(sue, desk_row):
    for _ in range(20):
        given()
    answer = at(sue).post(URL + "new/", ASKED)
    assert answer.status_code == 422
    assert "20 promises are too many to keep" in answer.text


def test_an_agent_promises_nothing(alice, desk_row):
    assert at(alice).get(URL).status_code == 403
    assert "/settings/promises/" not in at(alice).get("/settings/profile/").text
    with pytest.raises(PermissionDenied):
        switch_promise(given(), by=alice, is_on=False)


# --- Beside a ticket -----------------------------------------------------------------------
def beside(ticket: Ticket, user) -> str:
    """The words of the place on the ticket's page, on one line."""
    place = (
        at(user).get(f"/tickets/{ticket.number}/").text.partition('id="side-promises"')[2].partition("</section>")[0]
    )
    return " ".join(strip_tags(place.partition(">")[2]).split())


def test_nothing_stands_beside_a_ticket_of_which_nothing_was_promised(ticket, alice):
    assert "What we promised" not in at(alice).get(f"/tickets/{ticket.number}/").text


def test_beside_a_ticket_stands_how_long_there_is_left_and_how_it_went(carla, alice, workshop, desk_row):
    now = timezone.now()
    given(is_round_the_clock=True)
    ticket = open_ticket(carla, by=carla, body="?", channel="email", team=workshop, at=now - timedelta(minutes=10))
    measure_history(now)
    assert "19 minutes left" in beside(ticket, alice)
    post_message(ticket, by=alice, body="!", at=now - timedelta(minutes=1))
    measure_history(now)
    assert "Half an hour kept, in 9 minutes" in beside(ticket, alice)


def test_late_is_said_as_it_is(carla, alice, workshop, desk_row):
    now = timezone.now()
    given(is_round_the_clock=True)
    given(measure="handed_over", minutes=None)
    ticket = open_ticket(carla, by=carla, body="?", channel="email", team=workshop, at=now - timedelta(minutes=100))
    measure_history(now)
    assert "broken, by 1 hour 10 minutes so far" in beside(ticket, alice)
    page = at(alice).get(f"/tickets/{ticket.number}/").text
    assert "A promise is broken: <q>Half an hour</q>, due" in " ".join(page.split())
    post_message(ticket, by=alice, body="!", at=now - timedelta(minutes=40))
    assign_ticket(ticket, by=None, user=alice)
    transfer_ticket(ticket, by=alice, user=User.objects.exclude(pk=alice.pk).first() or make_other(workshop))
    measure_history(timezone.now())
    words = beside(ticket, alice)
    assert "broken by 30 minutes" in words
    assert "broken: there was no note" in words


def make_other(workshop) -> User:
    user = User.objects.create_user("other@example.com", name="Other One")
    user.teams.set([workshop])
    return user


def test_only_opening_hours_are_left(carla, alice, workshop, site):
    hours = {str(day): [["09:00", "17:00"]] for day in range(7)}
    site.calendar = Calendar.objects.create(name="Chat", time_zone="UTC", hours=hours)
    site.save()
    given(minutes=600, team=workshop)
    eve = (timezone.now() + timedelta(days=1)).replace(hour=18, minute=0, second=0, microsecond=0)
    ticket = open_ticket(carla, by=carla, body="?", channel="chat", site=site, at=eve - timedelta(hours=2))
    measure_history(eve)
    (row,) = Ticket.objects.annotate(rows=promise_rows()).get(pk=ticket.pk).rows
    (one,) = standings([row], eve)
    assert (one.is_in_hours, one.left, one.state) == (True, timedelta(hours=9), "running")
    assert one.due_at == (eve + timedelta(days=2)).replace(hour=10)
    (later,) = standings([row], eve + timedelta(days=2))
    assert (later.state, later.late) == ("broken", timedelta(hours=7))


def test_while_it_is_pending_it_says_what_is_left(carla, alice, workshop, desk_row):
    now = timezone.now()
    given(measure="solved", minutes=60, is_paused_while_pending=True, is_round_the_clock=True)
    ticket = open_ticket(carla, by=carla, body="?", channel="email", team=workshop, at=now - timedelta(minutes=100))
    set_status(ticket, by=alice, status="pending", at=now - timedelta(minutes=85))
    measure_history(now)
    assert "pending: 45 minutes left after it" in beside(ticket, alice)
