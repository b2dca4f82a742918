"""What holds a mail of making good back, at the moment when it would leave."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from outbox.actions import queue_mail
from outbox.claims import claim
from outbox.models import Mail, MailState
from outbox.policy import NotYet
from outbox.tasks import forbidden
from recovery.actions import reopen_case, withdraw_offer
from recovery.jobs import take_back_unsent_offers
from recovery.models import Case, Offer, Policy
from recovery.queries.brakes import brake
from tests.recovery.offering import failed, sent, steps
from tickets.actions import post_message, resolve_ticket, trash_ticket
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db
HERE = ZoneInfo("Europe/Amsterdam")
NOON = (timezone.now().astimezone(HERE) + timedelta(days=2)).replace(hour=12, minute=0)  # after all that is done here
NIGHT = NOON.replace(hour=23)


@pytest.fixture
def case(desk_row, ticket, alice) -> Case:
    Ticket.objects.update(waiting_since=None, answer_due_at=None)
    return failed(ticket, alice)


@pytest.fixture
def mail(case) -> Mail:
    """A mail that nobody asked for, about to leave."""
    about = case.ticket.about
    return queue_mail(
        kind="cause_fixed", to="carla@example.com", subject="Fixed", text="x", about=about, dedupe_key="1"
    )


def held(mail: Mail, now: datetime = NOON) -> Any:
    ticket = Ticket.objects.get()
    return brake(mail, ticket, now=now)


def test_by_day_nothing_holds_it(mail):
    assert held(mail) is None


def test_one_switch_stops_everything_and_nothing_is_lost(mail):
    Policy.objects.create(is_stopped=True)
    answer = held(mail)
    assert isinstance(answer, NotYet)
    assert answer.until > NOON
    Policy.objects.update(is_stopped=False)
    assert held(mail) is None


def test_whoever_waits_for_our_answer_is_asked_nothing(mail):
    Ticket.objects.update(waiting_since=NOON, answer_due_at=NOON)
    assert held(mail) == "They wait for our answer."
    mail.kind = "service_notice"  # what one of us offers them is our answer
    assert held(mail) is None


def test_nobody_is_woken(mail, carla):
    carla.time_zone = "Asia/Tokyo"
    carla.save()
    at_noon_here = held(mail)  # 20:00 there
    assert isinstance(at_noon_here, NotYet)
    assert at_noon_here.until.astimezone(ZoneInfo("Asia/Tokyo")).hour == 8
    carla.time_zone = "Not/AZone"
    carla.save()
    assert held(mail) is None
    assert isinstance(held(mail, NIGHT), NotYet)


def test_whoever_writes_at_night_is_awake(mail, ticket, carla):
    with time_machine.travel(NIGHT - timedelta(minutes=10), tick=False):
        post_message(ticket, by=carla, body="Still up.")
    mail.kind = "service_notice"
    assert held(mail, NIGHT) is None
    assert isinstance(held(mail, NIGHT + timedelta(hours=2)), NotYet)


def test_a_customer_gets_one_of_a_kind_in_a_while(mail, carla):
    other = queue_mail(kind="cause_fixed", to=carla.email.upper(), subject="x", text="x", dedupe_key="2")
    assert held(mail) is None  # it has not left
    Mail.objects.filter(pk=other.pk).update(state=MailState.SENT, sent_at=NOON, created_at=NOON - timedelta(days=29))
    assert held(mail) == "They had one not long ago."
    Mail.objects.filter(pk=other.pk).update(created_at=NOON - timedelta(days=31))
    assert held(mail) is None


def test_no_more_leave_in_a_day_than_may(mail):
    Policy.objects.create(daily_cap=1)
    other = queue_mail(kind="offer", to="x@example.com", subject="x", text="x", dedupe_key="2")
    Mail.objects.filter(pk=other.pk).update(state=MailState.SENT, sent_at=NOON - timedelta(hours=1))
    answer = held(mail)
    assert isinstance(answer, NotYet)
    assert answer.until.date() == NOON.date() + timedelta(days=1)
    Mail.objects.filter(pk=other.pk).update(sent_at=NOON - timedelta(days=1))
    assert held(mail) is None


def test_what_is_gone_is_written_to_nobody(mail, ticket, carla, alice):
    carla.is_blocked = True
    carla.save()
    assert held(mail) == "The customer is blocked."
    carla.is_blocked = False
    carla.save()
    trash_ticket(ticket, by=alice)
    assert held(mail) == "The ticket is gone."
    assert brake(mail, None, now=NOON) == "The ticket is gone."


# --- Offers ---
@pytest.fixture
def offer(case, alice) -> Offer:
    return sent(case, alice, "20")


def asked_of(offer: Offer) -> Any:
    mail = Mail.objects.get(dedupe_key=f"offer-{offer.pk}")
    with time_machine.travel(_noon_after(offer), tick=False):
        return forbidden(mail)


def _noon_after(offer: Offer) -> datetime:
    assert offer.sent_at is not None
    here = offer.sent_at.astimezone(HERE)
    noon = here.replace(hour=12, minute=0)
    return noon if noon > here else noon + timedelta(days=1)


def test_an_offer_leaves(offer):
    assert asked_of(offer) is None


def test_an_offer_that_has_ended_does_not_leave(offer, alice):
    withdraw_offer(offer, by=alice)
    assert asked_of(offer) == "not offered any more"


def test_an_offer_does_not_leave_once_the_customer_has_written(offer, case, carla, alice):
    post_message(case.ticket, by=carla, body="Forget it, I have bought one elsewhere.")
    assert asked_of(offer) == "they wrote since"


def test_what_never_left_is_taken_back_and_costs_nothing(offer, case):
    assert take_back_unsent_offers() == 0
    Mail.objects.update(state=MailState.CANCELLED, reason="they wrote since")
    assert take_back_unsent_offers() == 1
    assert take_back_unsent_offers() == 0
    offer.refresh_from_db()
    assert (offer.state, [step for step, _ in steps(offer)]) == ("withdrawn", ["reserve", "void"])
    said = Event.objects.get(type="offer.withdrawn")
    assert (said.by_user, said.data["note"]) == (None, "they wrote since")


def test_a_mail_that_perhaps_arrived_keeps_its_offer(offer):
    Mail.objects.update(state=MailState.UNKNOWN)
    assert take_back_unsent_offers() == 0


def test_guards_answer_for_mails_whose_row_is_gone(offer):
    mail = Mail.objects.get(dedupe_key=f"offer-{offer.pk}")
    for key in ("offer-x", "other", f"survey-{offer.pk}"):
        mail.dedupe_key = key
        assert forbidden(mail) == "not offered any more"
    mail.kind = "survey"
    assert forbidden(mail) == "not asked any more"


def test_a_stopped_offer_waits_in_the_outbox(offer):
    policy, _ = Policy.objects.get_or_create(only_row=True)
    Policy.objects.update(is_stopped=True)
    mail = claim(Mail.objects.all())
    assert mail is not None
    assert isinstance(forbidden(mail), NotYet)
    assert policy.is_stopped is False


def test_solved_or_not_makes_no_difference_to_an_offer(offer, case, alice):
    resolve_ticket(case.ticket, by=alice, root_cause=None)
    assert asked_of(offer) is None


def test_a_case_taken_up_again_does_not_take_back_what_is_offered(offer, case, lea):
    reopen_case(case, by=lea, why="She called.")
    assert asked_of(offer) is None
    assert timezone.now() > offer.sent_at
