"""The process that fetches: it waits, hears, survives, and ends when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from accounts.models import Heartbeat
from mailroom import rounds
from mailroom.actions.mailboxes import change_mailbox
from mailroom.models import Mailbox, RawMail
from mailroom.rounds import Rounds, Watcher
from runner.environment import ROOT
from tests.mailroom.imap_server import ImapServer
from tests.mailroom.test_fetching import mail, make_mailbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as running:
        yield running


@pytest.fixture(autouse=True)
def hurried(monkeypatch) -> None:
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.2)
    monkeypatch.setattr(rounds, "STEP_SECONDS", 0.2)


@contextmanager
def going_round() -> Iterator[Rounds]:
    stop = threading.Event()
    going = Rounds(stop)
    thread = threading.Thread(target=going.run)
    thread.start()
    try:
        yield going
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def until(is_so: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_what_comes_while_the_server_is_listened_to_is_here_at_once(server):
    mailbox = make_mailbox(server)
    with going_round():
        until(lambda: "IDLE" in server.commands)
        server.deliver(mail("One"))
        until(lambda: RawMail.objects.count() == 1, 5)
        until(lambda: server.flags(1))
        assert Heartbeat.objects.filter(name="fetch").exists()
    mailbox.refresh_from_db()
    assert mailbox.lease_until is None, "whoever comes next need not wait"


def test_two_processes_at_once_fetch_each_mail_once(server):
    make_mailbox(server)
    with going_round(), going_round():
        for number in range(20):
            server.deliver(mail(f"Number {number}"))
        until(lambda: RawMail.objects.count() == 20)
        until(lambda: all(server.flags(uid) for uid in range(1, 21)))
    assert sum(command.startswith("UID FETCH") and "BODY" in command for command in server.commands) == 20


def test_a_server_that_goes_away_is_asked_again(server):
    mailbox = make_mailbox(server)
    with going_round():
        until(lambda: "IDLE" in server.commands)
        server.cut_all()
        until(lambda: Mailbox.objects.get().failing_since)
        server.deliver(mail("One"))
        until(lambda: RawMail.objects.count() == 1)
        until(lambda: Mailbox.objects.get().failing_since is None)
    mailbox.refresh_from_db()
    assert mailbox.failures == 0


def test_a_mail_at_which_the_connection_breaks_does_not_delay_the_next_ones(server):
    server.faults.cut_at.add(1)
    server.deliver(mail("Poison"))
    server.deliver(mail("Next"))
    make_mailbox(server)
    with going_round():
        until(lambda: RawMail.objects.count() == 1, 5)
    assert Mailbox.objects.get().missing == 1


def test_a_mailbox_that_is_changed_or_switched_off_is_followed(server):
    mailbox = make_mailbox(server)
    server.folders["Sales"] = []
    with going_round() as going:
        until(lambda: "IDLE" in server.commands)
        change_mailbox(mailbox, by=None, folder="Sales")
        server.cut_all()
        until(lambda: any(command.startswith('SELECT "Sales"') for command in server.commands))
        change_mailbox(mailbox, by=None, is_active=False)
        server.cut_all()
        until(lambda: not any(thread.is_alive() for thread in going._threads.values()))


def test_a_wrong_password_is_said_and_not_tried_all_the_time(server):
    make_mailbox(server, password="wrong")
    with going_round():
        until(lambda: Mailbox.objects.get().trouble)
        time.sleep(1)
    assert sum(command.startswith("LOGIN") for command in server.commands) == 1
    assert "does not let support@example.com in" in Mailbox.objects.get().trouble


def test_a_database_that_goes_away_is_waited_for(monkeypatch):
    tries = []

    def away(_pk: int) -> None:
        tries.append(1)
        raise OperationalError("gone")

    monkeypatch.setattr(rounds, "claim_mailbox", away)
    stop = threading.Event()
    waits = []
    monkeypatch.setattr(stop, "wait", lambda seconds: waits.append(seconds) or len(waits) > 2 and stop.set())
    Watcher(1, stop).run()
    assert (len(tries), waits) == (3, [5.0, 5.0, 5.0])


def test_an_error_of_ours_does_not_end_it(monkeypatch):
    def broken(_pk: int) -> None:
        stop.set()
        raise ZeroDivisionError

    monkeypatch.setattr(rounds, "claim_mailbox", broken)
    stop = threading.Event()
    Watcher(1, stop).run()


def test_the_process_idles_and_ends_cleanly_when_told():
    environment = os.environ | {
        "DATABASE_URL": "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    }
    process = subprocess.Popen([sys.executable, "manage.py", "fetch_mail"], cwd=ROOT, env=environment)
    try:
        until(lambda: signal.SIGTERM in _caught(process.pid), 60)
        time.sleep(1)
        assert process.poll() is None
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()


def _caught(pid: int) -> set[int]:
    """The signals that a process handles itself."""
    with open(f"/proc/{pid}/status") as file:
        mask = int(next(line for line in file if line.startswith("SigCgt")).split()[1], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}
