"""Administrators are told of what goes wrong: once, again after a day, and when it is over."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from accounts.models import User
from outbox.actions import stop_sending, suppress, watch_over
from outbox.jobs import send_due
from outbox.models import Attempt, Mail, Sending, Trouble
from outbox.policy import Fault, Why
from outbox.queries import sending_faults, troubles_now
from tests.outbox.conftest import Server, free_port

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]
FOUND: list[Fault] = []


def faults(now: datetime) -> Iterator[Fault]:
    yield from FOUND


def broken(now: datetime) -> Iterator[Fault]:
    raise RuntimeError("cannot be asked")
    yield


@pytest.fixture(autouse=True)
def sources(settings: Any) -> None:
    FOUND.clear()
    settings.TROUBLE_SOURCES = ["tests.outbox.test_troubles.faults"]


def alarms() -> list[tuple[str, str]]:
    return list(Mail.objects.filter(kind="alarm").order_by("created_at").values_list("subject", "recipients__email"))


def test_once_again_after_a_day_and_when_it_is_over(adam: User, sue: User) -> None:
    begin = timezone.now()
    FOUND.append(Fault("x", "So many are lost: %(count)s.", {"count": 3}))
    assert watch_over(begin) == 1
    assert alarms() == [("Trouble: So many are lost: 3.", adam.email)], "who else could do anything?"
    assert [trouble.said for trouble in troubles_now()] == ["So many are lost: 3."]
    FOUND[:] = [Fault("x", "So many are lost: %(count)s.", {"count": 4})]
    for minutes in (1, 60, 23 * 60):
        watch_over(begin + timedelta(minutes=minutes))
    assert len(alarms()) == 1
    assert troubles_now()[0].said == "So many are lost: 4."
    watch_over(begin + timedelta(hours=24, minutes=1))
    assert len(alarms()) == 2
    FOUND.clear()
    watch_over(begin + timedelta(hours=24, minutes=5))
    assert len(alarms()) == 2, "it may come and go"
    watch_over(begin + timedelta(hours=24, minutes=15))
    assert alarms()[2] == ("Over: So many are lost: 4.", adam.email)
    watch_over(begin + timedelta(hours=25))
    assert (len(alarms()), troubles_now()) == (3, [])


def test_a_trouble_that_comes_and_goes_is_told_once(adam: User) -> None:
    begin = timezone.now()
    for minute in range(30):
        FOUND[:] = [Fault("x", "It flickers.")] if minute % 5 == 0 else []
        watch_over(begin + timedelta(minutes=minute))
    assert len(alarms()) == 1


def test_a_source_that_cannot_be_asked_hides_no_other_and_ends_nothing(adam: User, settings: Any) -> None:
    FOUND.append(Fault("x", "It is wrong."))
    begin = timezone.now()
    watch_over(begin)
    settings.TROUBLE_SOURCES = ["tests.outbox.test_troubles.broken", "no.such.thing"]
    watch_over(begin + timedelta(hours=1))
    assert Trouble.objects.filter(key="x").exists()
    settings.TROUBLE_SOURCES = ["tests.outbox.test_troubles.broken", "tests.outbox.test_troubles.faults"]
    FOUND.append(Fault("y", "That, too."))
    watch_over(begin + timedelta(hours=1, minutes=1))
    assert {trouble.key for trouble in troubles_now()} == {"x", "y"}


def test_the_mail_leaves_and_says_where_to_look(smtp: Server, adam: User, settings: Any) -> None:
    FOUND.append(Fault("x", "<b>100 %% wrong</b>", url="/settings/email/mailboxes/1/"))
    watch_over()
    send_due()
    mail = Mail.objects.get(kind="alarm")
    assert (mail.state, mail.is_automatic) == ("sent", True)
    assert f"{settings.SITE_URL}/settings/email/mailboxes/1/" in mail.text
    assert "&lt;b&gt;100 % wrong" in mail.html


# --- What the outbox itself finds ----------------------------------------------------------------


def keys(now: datetime | None = None) -> set[str]:
    return {fault.key for fault in sending_faults(now or timezone.now())}


def test_all_is_well(smtp: Server, promise: Promise) -> None:
    promise()
    send_due()
    assert keys() == set()


def test_mails_that_are_late(promise: Promise, adam: User) -> None:
    promise()
    assert keys() == set()
    soon = timezone.now() + timedelta(minutes=6)
    assert keys(soon) == {"mail.late"}
    stop_sending(by=adam)
    assert keys(soon) == set(), "whoever stopped it knows"


def test_a_server_that_does_not_answer(smtp: Server, promise: Promise, settings: Any) -> None:
    good = settings.OUTBOX_SMTP
    settings.OUTBOX_SMTP = {**good, "port": free_port()}
    promise()
    send_due()
    assert keys() == {"mail.no_server"}
    settings.OUTBOX_SMTP = good
    promise()
    send_due()
    assert keys() == set()


def test_mails_in_doubt_and_mails_that_failed(smtp: Server, promise: Promise) -> None:
    lost, failed, dead = promise(kind="offer"), promise(to="a@x.example"), promise(to="b@x.example")
    for mail, state, outcome, email in (
        (lost, "unknown", "doubt", "carla@example.com"),
        (failed, "failed", "never", "a@x.example"),
        (dead, "failed", "never", "b@x.example"),
    ):
        Mail.objects.filter(pk=mail.pk).update(state=state)
        Attempt.objects.create(mail=mail, number=1, email=email, outcome=outcome)
    suppress("b@x.example", reason=Why.BOUNCE)
    found = {fault.key: fault.values for fault in sending_faults(timezone.now())}
    assert found == {"mail.unknown": {"count": 1}, "mail.failed": {"count": 1}}, "a dead address is no trouble of ours"
    assert keys(timezone.now() + timedelta(days=2)) == set()
    Mail.objects.update(state="pending")  # sent again by a person
    assert keys() == set()


def test_mails_that_wait_because_too_many_came_back(promise: Promise) -> None:
    Sending.objects.create(held_at=timezone.now())
    assert keys() == {"mail.held"}


def test_every_word_of_ours_can_be_said_in_each_language(promise: Promise) -> None:
    Sending.objects.create(held_at=timezone.now())
    for language in ("en", "de"):
        with translation.override(language):
            for fault in sending_faults(timezone.now()):
                assert Trouble(key="x", words=fault.words, values=dict(fault.values)).said
