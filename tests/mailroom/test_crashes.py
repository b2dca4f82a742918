"""Workers are killed at every step; no mail is lost and none is doubled (invariant E6)."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from mailroom.actions import handle, take_in
from mailroom.actions.handling import MOST_CRASHES, claim
from mailroom.models import Mailbox, RawMail, Source, State
from outbox.models import Mail
from tests.mailroom.letters import letter
from tickets.models import Attachment, Letter, Message, Ticket

ROOT = Path(settings.BASE_DIR)

# Workers, one after the other, each of which kills itself at the N-th statement that it sends to the database. After
# each its lease is over, and the mail is not taken to be the one to blame.
WORKERS = """
import json, os, signal, sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.MEDIA_ROOT = sys.argv[2]
django.setup()
from django.db import connection
from django.utils import timezone
from mailroom.jobs import handle_due
from mailroom.models import RawMail

class Until:
    def __init__(self, left):
        self.left = left
    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

kills = 0
for statements in json.loads(sys.argv[3]):
    connection.close()
    child = os.fork()
    if child == 0:
        with connection.execute_wrapper(Until(statements)):
            while handle_due(30.0):
                pass
        os._exit(0)
    kills += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    waiting = RawMail.objects.filter(state="new")
    waiting.update(lease_until=None, next_at=timezone.now())
    waiting.filter(attempts__gte=2).update(attempts=1)
    if not waiting.exists():
        break
print(kills)
"""


def work(statements: list[int]) -> int:
    """Let workers see to what is due, each until it has sent so many statements; how many of them were killed."""
    name, files = connection.settings_dict["NAME"], str(settings.MEDIA_ROOT)
    done = subprocess.run(
        [sys.executable, "-c", WORKERS, name, files, json.dumps(statements)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "helpdesk.settings"},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def let_leases_run_out() -> None:
    RawMail.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))


def assert_all_here_once(mails: int) -> None:
    """Every mail is on one ticket, with its words and its file, and answered once at most."""
    states = Counter(RawMail.objects.values_list("state", flat=True))
    assert states == Counter({State.TICKET: mails}), states
    assert Ticket.objects.count() == Message.objects.count() == Letter.objects.count() == mails
    said = list(Message.objects.values_list("body", flat=True))
    assert len(set(said)) == mails
    assert Attachment.objects.filter(message__isnull=False).count() == mails
    receipts = list(Mail.objects.filter(kind="acknowledgement").values_list("about", flat=True))
    assert len(set(receipts)) == len(receipts) == mails


def bring(support: Mailbox, number: int) -> RawMail:
    file = (f"{number}.bin", "application/octet-stream", b"\x01\x02 %d" % number)
    raw = letter(f"Words {number}", sender=f"person{number}@example.org", subject=f"Matter {number}", files=(file,))
    return take_in(raw, source=Source.PIPE, mailbox=support)


ALL = 1_000_000  # statements: to the end


@pytest.mark.django_db(transaction=True)
def test_workers_that_die_anywhere_lose_and_double_nothing(support: Mailbox, tmp_path: Path, settings: Any):
    """Each kill comes some statements later than the one before, so that together they meet every step of a mail."""
    settings.MEDIA_ROOT = tmp_path
    for number in range(4):
        bring(support, number)
    assert work([*range(4, 84, 13), ALL]) >= 4
    assert_all_here_once(4)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_hundred_kills_at_any_moment_lose_and_double_nothing(support: Mailbox, tmp_path: Path, settings: Any):
    settings.MEDIA_ROOT = tmp_path
    chance = random.Random(6)
    for number in range(60):
        bring(support, number)
    assert work([*(chance.randint(2, 75) for _ in range(130)), ALL, ALL]) >= 100
    assert_all_here_once(60)


@pytest.mark.django_db
def test_a_mail_that_kills_its_worker_is_put_aside_after_three_times(support: Mailbox):
    mail = bring(support, 1)
    for attempt in range(1, MOST_CRASHES + 1):
        ours = claim(mail)
        assert ours is not None
        assert ours.attempts == attempt
        assert claim(mail) is None  # somebody has it
        let_leases_run_out()
    ended = handle(mail)
    assert ended.state == State.QUARANTINE
    assert ended.reason
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_who_was_frozen_past_the_lease_does_nothing_any_more(support: Mailbox, monkeypatch: pytest.MonkeyPatch):
    mail = bring(support, 1)
    from mailroom.actions import handling

    def freeze(*args: Any) -> Any:
        """While it slept, another one has seen to the mail."""
        monkeypatch.setattr(handling, "judged", judged)
        let_leases_run_out()
        assert handle(mail).state == State.TICKET
        return judged(*args)

    judged = handling.judged
    monkeypatch.setattr(handling, "judged", freeze)
    assert handle(mail).state == State.TICKET
    assert Ticket.objects.count() == Message.objects.count() == 1
    assert Mail.objects.count() == 1


@pytest.mark.django_db
def test_one_poisonous_mail_does_not_hold_up_the_next(support: Mailbox):
    """A mail that takes long to read costs its own few seconds, and the next one is seen to."""
    bomb = b"From: a@example.org\r\nSubject: deep\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (depth, depth) for depth in range(5_000)
    )
    take_in(bomb, source=Source.PIPE, mailbox=support)
    good = bring(support, 2)
    began = time.monotonic()
    from mailroom.jobs import handle_due

    handle_due(20.0)
    assert time.monotonic() - began < 10
    good.refresh_from_db()
    assert good.state == State.TICKET
    assert not RawMail.objects.filter(state=State.NEW).exists()
