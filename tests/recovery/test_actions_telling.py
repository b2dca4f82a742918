"""“You told us, we fixed it”: whom it is told, once each, and who is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from customers.actions import get_or_create_customer
from customers.models import Address, Customer
from outbox.actions import suppress
from outbox.models import Mail, MailState
from outbox.policy import NotYet, Why
from recovery.actions.telling import end_telling, plan_telling, settle_told, stop_telling, tell_next, try_telling
from recovery.jobs import guard_told, tell_what_was_fixed
from recovery.models import Policy, Telling, TellingRow
from recovery.queries.telling import best_time, plan_of, room_today
from tests.recovery.offering import at_once
from tickets.actions import open_ticket, post_message, resolve_ticket
from tickets.actions.causes import add_cause, look_after_cause
from tickets.models import Event, RootCause, Ticket

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = "The carrier rings before it leaves a parcel."


@pytest.fixture(autouse=True)
def at_noon(time_machine, desk_row):
    """Nobody is asleep."""
    time_machine.move_to(NOON, tick=True)


@pytest.fixture
def depot(sue) -> RootCause:
    return add_cause(by=sue, name="Left at the depot", parent=add_cause(by=sue, name="Delivery"))


@pytest.fixture
def suffer(alice, depot):
    """A solved ticket of this customer with the cause, opened so many days before it was fixed."""

    def make(customer: Customer, *, days: int = 10, cause: RootCause | None = None) -> Ticket:
        ticket = open_ticket(customer, by=customer, subject="Where is it?", body="Words", channel="email")
        resolve_ticket(ticket, by=None, root_cause=cause or depot)
        Ticket.objects.filter(pk=ticket.pk).update(created_at=NOON - timedelta(days=20 + days))
        return Ticket.objects.get(pk=ticket.pk)

    return make


@pytest.fixture
def fixed(sue, depot) -> RootCause:
    return look_after_cause(depot, by=sue, state="fixed", owner=None, change=WORDS, at=NOON - timedelta(days=20))


def person(name: str, proof: str = Address.Proof.PROVED) -> Customer:
    return get_or_create_customer(by=None, email=f"{name.lower()}@example.org", name=name, proof=proof)[0]


def plan(cause: RootCause, by, **others) -> Telling:
    given = {"words": WORDS, "since": NOON - timedelta(days=200), "expected": 1000}
    return plan_telling(cause, by=by, **(given | others))


def left(mail: Mail) -> None:
    Mail.objects.filter(pk=mail.pk).update(state=MailState.SENT, sent_at=timezone.now())


def mails() -> list[Mail]:
    return list(Mail.objects.filter(kind="cause_fixed").order_by("created_at"))


def test_everybody_who_suffered_it_gets_one_mail(sue, carla, dora, suffer, fixed):
    first, second, other = suffer(carla, days=30), suffer(carla, days=3), suffer(dora)
    telling = plan(fixed, sue)
    assert tell_what_was_fixed() == 2
    assert [mail.recipients.get().email for mail in mails()] == ["carla@example.org", "dora@example.org"]
    assert mails()[0].about == second.about  # the newest of hers
    assert WORDS in mails()[0].text
    assert WORDS in mails()[0].html
    for mail in mails():
        left(mail)
    assert tell_what_was_fixed() == 0
    told = Event.objects.filter(type="cause.told").order_by("ticket")
    assert [event.ticket_id for event in told] == sorted([first.pk, second.pk, other.pk])
    telling.refresh_from_db()
    assert telling.ended_at is not None
    assert {row.state for row in telling.rows.all()} == {"told"}
    assert len(mails()) == 2


def test_what_is_below_counts_and_what_came_after_does_not(sue, carla, dora, suffer, fixed, depot):
    suffer(carla)
    suffer(dora, days=-5)  # after it was fixed: to them it would be a lie
    parent = look_after_cause(
        depot.parent, by=sue, state="fixed", owner=None, change=WORDS, at=NOON - timedelta(days=20)
    )
    since = NOON - timedelta(days=200)
    assert set(plan_of(parent, since, NOON).tickets) == {carla.pk}
    assert set(plan_of(fixed, NOON - timedelta(days=25), NOON).tickets) == set()


def test_who_is_left_out_and_why(sue, carla, alice, suffer, fixed):
    blocked = person("Blocked")
    claimed = person("Claimed", Address.Proof.CLAIMED)
    gone = person("Gone")
    guest = Customer.objects.create(name="Guest")
    waiting = person("Waiting")
    for one in (carla, blocked, claimed, gone, guest, waiting):
        suffer(one)
    Customer.objects.filter(pk=blocked.pk).update(is_blocked=True)
    suppress("gone@example.org", reason=Why.UNSUBSCRIBED)
    open_ticket(waiting, by=waiting, subject="And now?", body="Words", channel="email")
    found = plan_of(fixed, NOON - timedelta(days=200), NOON)
    assert found.left_out == {
        blocked.pk: "blocked",
        claimed.pk: "unproved",
        gone.pk: "suppressed",
        guest.pk: "no_address",
        waiting.pk: "waiting",
    }
    assert found.count == 1
    telling = plan(fixed, sue)
    assert tell_what_was_fixed() == 1
    assert dict(telling.rows.values_list("customer", "reason")) == found.left_out | {carla.pk: ""}


def test_nobody_is_told_twice(sue, carla, suffer, fixed):
    suffer(carla)
    plan(fixed, sue)
    with pytest.raises(ValidationError) as info:  # it goes on already
        plan(fixed, sue)
    assert info.value.code == "running"
    tell_what_was_fixed()
    left(mails()[0])
    tell_what_was_fixed()
    with pytest.raises(ValidationError) as info:
        plan(fixed, sue)
    assert info.value.code == "nobody"
    assert plan_of(fixed, NOON - timedelta(days=200), NOON).left_out == {carla.pk: "told"}


def test_more_than_were_shown_are_not_written_to(sue, carla, dora, suffer, fixed):
    suffer(carla)
    suffer(dora)
    with pytest.raises(ValidationError) as info:
        plan(fixed, sue, expected=1)
    assert info.value.code == "changed"
    assert not Telling.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"words": " "}, "empty"),
        ({"words": "x" * 5001}, "too_long"),
        ({"since": NOON}, "invalid"),
        ({"send_at": NOON + timedelta(days=120)}, "invalid"),
    ],
)
def test_what_cannot_be_plans_nothing(sue, carla, suffer, fixed, wrong, code):
    suffer(carla)
    with pytest.raises(ValidationError) as info:
        plan(fixed, sue, **wrong)
    error = info.value
    assert code in [one.code for one in error.error_list] if not hasattr(error, "error_dict") else code == "invalid"
    assert not Telling.objects.exists()


def test_only_what_is_fixed_is_told_and_only_by_those_who_may(sue, alice, lea, carla, suffer, depot):
    suffer(carla)
    with pytest.raises(ValidationError) as info:
        plan(depot, sue)
    assert info.value.code == "not_fixed"
    fixed = look_after_cause(depot, by=sue, state="fixed", owner=None, change=WORDS, at=NOON - timedelta(days=20))
    for by in (alice, lea):
        with pytest.raises(PermissionDenied):
            plan(fixed, by)
        with pytest.raises(PermissionDenied):
            try_telling(fixed, by=by, words=WORDS, language="en")
    telling = plan(fixed, sue)
    with pytest.raises(PermissionDenied):
        stop_telling(telling, by=lea)


def test_it_waits_for_its_time(sue, carla, suffer, fixed, time_machine):
    suffer(carla)
    plan(fixed, sue, send_at=NOON + timedelta(days=3))
    assert (tell_what_was_fixed(), mails()) == (0, [])
    time_machine.move_to(NOON + timedelta(days=3, minutes=1))
    assert tell_what_was_fixed() == 1


def test_best_is_when_it_has_proved_to_hold(sue, depot):
    soon = look_after_cause(depot, by=sue, state="fixed", owner=None, change=WORDS, at=NOON - timedelta(days=1))
    assert best_time(soon, NOON) == NOON + timedelta(days=14)
    RootCause.objects.filter(pk=depot.pk).update(fixed_at=NOON - timedelta(days=40))
    depot.refresh_from_db()
    assert best_time(depot, NOON) == NOON


def test_whoever_began_to_wait_since_is_not_told(sue, carla, dora, suffer, fixed):
    suffer(carla)
    ticket = suffer(dora)
    telling = plan(fixed, sue)
    post_message(ticket, by=dora, body="It came broken.")
    assert tell_what_was_fixed() == 1
    assert telling.rows.get(customer=dora).reason == "waiting"
    mail = mails()[0]
    assert guard_told(mail) is None
    open_ticket(carla, by=carla, subject="Once more", body="Words", channel="email")
    assert guard_told(mail) == "waiting"


def test_the_brakes_are_asked_when_it_leaves(sue, carla, suffer, fixed, depot):
    suffer(carla)
    telling = plan(fixed, sue)
    tell_what_was_fixed()
    mail = mails()[0]
    Policy.objects.update_or_create(only_row=True, defaults={"is_stopped": True})
    assert isinstance(guard_told(mail), NotYet)
    Policy.objects.update(is_stopped=False)
    assert guard_told(mail) is None
    look_after_cause(depot, by=sue, state="open", owner=None, change=WORDS)
    assert guard_told(mail) == "not fixed any more"
    Telling.objects.filter(pk=telling.pk).update(stopped_at=NOON)
    assert guard_told(mail) == "stopped"


def test_no_more_leave_in_a_day_than_may(sue, carla, dora, suffer, fixed, time_machine):
    Policy.objects.create(daily_cap=1)
    suffer(carla)
    suffer(dora)
    plan(fixed, sue)
    assert (tell_what_was_fixed(), room_today(timezone.now())) == (1, 0)
    left(mails()[0])
    assert tell_what_was_fixed() == 0
    time_machine.move_to(NOON + timedelta(days=1))
    assert tell_what_was_fixed() == 1


def test_the_kill_switch_stops_it(sue, carla, suffer, fixed):
    Policy.objects.create(is_stopped=True)
    suffer(carla)
    plan(fixed, sue)
    assert (tell_what_was_fixed(), mails()) == (0, [])


def test_stopping_takes_back_what_has_not_left(sue, carla, dora, suffer, fixed):
    Policy.objects.create(daily_cap=1)
    suffer(carla)
    suffer(dora)
    telling = plan(fixed, sue)
    tell_what_was_fixed()
    stop_telling(telling, by=sue)
    stop_telling(telling, by=sue)  # doing it twice is harmless
    tell_what_was_fixed()
    assert [mail.state for mail in mails()] == [MailState.CANCELLED]
    assert {(row.state, row.reason) for row in telling.rows.all()} == {("left_out", "stopped")}
    assert not Event.objects.filter(type="cause.told").exists()
    suffer(carla)
    assert plan_of(fixed, NOON - timedelta(days=200), NOON).count == 2  # they were not told


def test_a_mail_that_could_not_leave_told_nobody(sue, carla, suffer, fixed):
    suffer(carla)
    telling = plan(fixed, sue)
    tell_what_was_fixed()
    row = telling.rows.get()
    assert settle_told(row, by=None) is False
    Mail.objects.update(state=MailState.FAILED)
    assert end_telling(telling, by=None) is False
    assert settle_told(row, by=None) is True
    row.refresh_from_db()
    assert (row.state, row.reason) == ("left_out", "not_sent")
    assert end_telling(telling, by=None) is True
    assert not Event.objects.filter(type="cause.told").exists()


def test_it_stops_by_itself_when_it_is_not_fixed_any_more(sue, carla, suffer, fixed, depot):
    suffer(carla)
    telling = plan(fixed, sue)
    look_after_cause(depot, by=sue, state="fixing", owner=None, change=WORDS)
    assert tell_what_was_fixed() == 0
    assert telling.rows.get().reason == "not_fixed"


def test_each_reads_it_in_their_language(sue, carla, dora, suffer, fixed):
    Customer.objects.filter(pk=dora.pk).update(locale="de-AT")
    dora.refresh_from_db()
    suffer(carla)
    suffer(dora)
    plan(fixed, sue, translations={"de": "Der Bote klingelt erst.", "fr": "Non", "en": ""})
    tell_what_was_fixed()
    english, german = mails()
    assert (WORDS in english.text, "Der Bote klingelt erst." in german.text) == (True, True)
    assert WORDS not in german.text
    assert (english.language, german.language) == ("en", "de")


def test_words_are_no_markup(sue, carla, suffer, fixed):
    suffer(carla)
    plan(fixed, sue, words="<script>alert(1)</script> & more\n\n{{ customer.name }}")
    tell_what_was_fixed()
    assert "<script>" not in mails()[0].html
    assert "{{ customer.name }}" in mails()[0].html


def test_trying_it_writes_to_oneself_alone(sue, carla, suffer, fixed):
    suffer(carla)
    mail = try_telling(fixed, by=sue, words=WORDS, language="de")
    assert (mail.recipients.get().email, mail.language, mail.about) == (sue.email, "de", "")
    assert WORDS in mail.text
    assert not TellingRow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_each_once(sue, suffer, fixed):
    for number in range(6):
        suffer(person(f"Person{number}"))
    telling = plan(fixed, sue)
    at_once(*[lambda: [tell_next(telling, by=None) for _each in range(6)]] * 4)
    assert len(mails()) == 6
    assert set(telling.rows.values_list("state", flat=True)) == {"told"}
