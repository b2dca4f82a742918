"""Many senders at once, and senders that are killed (reliability rows 59, E1, E2, E5)."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

from outbox import tasks
from outbox.actions import cancel_mails
from outbox.actions import mails as actions
from outbox.jobs import send_due
from outbox.models import Mail
from outbox.tasks import deliver
from tests.outbox.conftest import Fault, Server, again, end_leases, fall_silent, free_port, make_due

pytestmark = pytest.mark.django_db(transaction=True)
Promise = Callable[..., Mail]

ONE_SENDER = """
import django, json, os
from django.conf import settings
django.setup()
settings.OUTBOX_SMTP = json.loads(os.environ["TEST_SMTP"])
settings.OUTBOX_GUARDS = {}
from outbox.jobs import send_due
send_due()
"""


def times_taken(smtp: Server) -> Counter[str]:
    return Counter(str(message_from_bytes(taken.content)["Message-ID"]) for taken in smtp.taken)


def run_at_once(*jobs: Callable[[], Any]) -> None:
    def closing(job: Callable[[], Any]) -> None:
        try:
            job()
        finally:
            connection.close()

    threads = [Thread(target=closing, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_clocks_and_many_nudges_send_no_row_twice(smtp: Server, promise: Promise) -> None:
    kinds = ["offer" if number % 2 else "reply" for number in range(60)]
    keys = [str(promise(kind=kind, to=f"carla{number}@example.com").pk) for number, kind in enumerate(kinds)]

    def nudged() -> None:
        for key in keys:
            deliver(key)

    run_at_once(send_due, send_due, nudged, lambda: [deliver(key) for key in reversed(keys)])
    while send_due():
        pass
    taken = times_taken(smtp)
    assert len(taken) == 60
    assert set(taken.values()) == {1}
    assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_the_same_promise_made_at_once_is_one_mail(promise: Promise) -> None:
    run_at_once(*[lambda: promise(dedupe_key="reply:1")] * 6)
    assert Mail.objects.count() == 1
    assert Mail.objects.get().recipients.count() == 1


def test_a_mail_is_either_cancelled_or_sent_never_both(smtp: Server, promise: Promise) -> None:
    for number in range(20):
        promise(about=f"ticket:{number}")
    run_at_once(
        send_due, lambda: [cancel_mails(about=f"ticket:{n}", reason="They wrote.") for n in reversed(range(20))]
    )
    while send_due():
        pass
    taken = times_taken(smtp)
    assert Mail.objects.filter(state__in=["sent", "cancelled"]).count() == 20
    for mail in Mail.objects.all():
        assert taken[mail.message_id] == (1 if mail.state == "sent" else 0)


def test_what_a_customer_is_just_cancelling_is_not_sent(smtp: Server, promise: Promise) -> None:
    mail = promise(about="ticket:1")
    with transaction.atomic():
        cancel_mails(about="ticket:1", reason="They wrote.")
        run_at_once(send_due)
        assert smtp.taken == []
    assert again(mail).state == "cancelled"


@contextmanager
def sender(smtp: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that sends what is due, against the same database and server."""
    config = {**django_settings.OUTBOX_SMTP, "timeout": 20}
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    process = subprocess.Popen(
        [sys.executable, "-c", ONE_SENDER],
        cwd=Path(__file__).resolve().parents[2],
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
            "TEST_SMTP": json.dumps(config),
        },
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ["reply", "offer"])
def test_a_sender_killed_before_the_text_left_changes_nothing(smtp: Server, promise: Promise, kind: str) -> None:
    mail = promise(kind=kind)
    smtp.at_recipient = {"carla@example.com": fall_silent}
    with sender(smtp):
        wait_for(lambda: smtp.offers == 1)
        assert again(mail).state == "sending"
    smtp.at_recipient = {}
    assert again(mail).data_started_at is None
    end_leases()
    send_due()
    assert again(mail).state == "sent"
    assert times_taken(smtp) == {mail.message_id: 1}


@pytest.mark.parametrize(("kind", "state", "times"), [("offer", "unknown", 1), ("reply", "sent", 2)])
def test_a_sender_killed_in_the_doubtful_window(
    smtp: Server, promise: Promise, kind: str, state: str, times: int
) -> None:
    """The server has the mail, and the sender dies before it can write that down."""
    mail = promise(kind=kind)
    smtp.at_data = fall_silent
    with sender(smtp):
        wait_for(lambda: len(smtp.taken) == 1)
        assert again(mail).data_started_at is not None
    smtp.at_data = ""
    end_leases()
    send_due()
    make_due()
    send_due()
    assert again(mail).state == state
    assert times_taken(smtp) == {mail.message_id: times}


@pytest.mark.long
def test_a_hundred_senders_killed_over_a_mail(smtp: Server, promise: Promise) -> None:
    """Each while its server has the text: half of them before the answer, half as it leaves."""
    chance, kills = Random(6), 0
    for number in range(300):
        promise(kind=("offer", "follow_up", "reply")[number % 3], to=f"carla{number}@example.com")
    while kills < 100:
        end_leases()
        make_due()
        with sender(smtp) as process:
            smtp.at_data = killing(process, after=chance.randrange(4), is_silent=chance.random() < 0.5)
            assert process.wait(60) == -signal.SIGKILL, "it ended by itself"
        kills += 1
    smtp.at_data = ""
    for _ in range(3):  # what is doubtful comes again
        end_leases()
        make_due()
        send_due()
    taken = times_taken(smtp)
    for mail in Mail.objects.all():
        times = taken[mail.message_id]
        assert mail.state in ("sent", "unknown")
        assert times >= 1 if mail.kind == "reply" else times <= 1
        assert mail.state == "unknown" or times
    again_and_unknown = sum(taken.values()) - len(taken) + Mail.objects.filter(state="unknown").count()
    assert 0 < again_and_unknown <= kills


def killing(process: subprocess.Popen[bytes], *, after: int, is_silent: bool) -> Fault:
    """Kill it over the mail that comes after so many."""
    left = after

    async def strike(server: SMTP) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            threading.Timer(0 if is_silent else 0.005, process.kill).start()
            if is_silent:
                await fall_silent(server)

    return strike


def test_a_dead_broker_delays_a_mail_and_loses_nothing(
    smtp: Server, promise: Promise, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = tasks.deliver.apply_async
    with tasks.deliver.app.connection_for_write(f"redis://127.0.0.1:{free_port()}/0") as dead:
        monkeypatch.setattr(
            tasks.deliver, "apply_async", lambda args, **options: send(args, connection=dead, **options)
        )
        monkeypatch.setattr(actions, "nudge", tasks.nudge)
        started = time.monotonic()
        mail = promise()
        assert time.monotonic() - started < 2  # nobody waits for the broker
        tasks._courier().waiting.join()
    assert again(mail).state == "pending"
    send_due()
    assert again(mail).state == "sent"


def test_a_nudge_carries_the_id_and_nothing_else(promise: Promise, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, Any]] = []
    monkeypatch.setattr(tasks.deliver, "apply_async", lambda *args, **options: calls.append((args, options)))
    monkeypatch.setattr(actions, "nudge", tasks.nudge)
    mail = promise()
    tasks._courier().waiting.join()
    assert calls == [(((str(mail.pk),),), {"retry": False})]


def test_a_broker_that_takes_nothing_holds_nobody_up(promise: Promise, monkeypatch: pytest.MonkeyPatch) -> None:
    it_answers = threading.Event()
    courier = tasks._Courier()
    monkeypatch.setattr(tasks, "_courier_of", lambda pid: courier)
    monkeypatch.setattr(tasks.deliver, "apply_async", lambda *args, **options: it_answers.wait(30))
    monkeypatch.setattr(actions, "nudge", tasks.nudge)
    started = time.monotonic()
    mails = [promise() for _ in range(3)]
    for _ in range(tasks.NUDGES_AT_ONCE + 10):
        tasks.nudge(mails[0].pk)
    assert time.monotonic() - started < 5
    assert [again(mail).state for mail in mails] == ["pending"] * 3
    it_answers.set()
    tasks._courier().waiting.join()


def test_one_sweep_ends_in_time_however_much_is_due(smtp: Server, promise: Promise) -> None:
    for _ in range(5):
        promise()
    assert send_due(seconds=0) == 0
    assert Mail.objects.due(timezone.now() + timedelta(seconds=1)).count() == 5
