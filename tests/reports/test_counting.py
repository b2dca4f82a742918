"""Counting keeps up with the log: real transactions, several clocks at once, workers that die, hours that change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Calendar
from reports.actions import count_past, counting, recount, skip_counted, sweep
from reports.jobs import count_facts
from reports.measures import Kind
from reports.models import Counting, Fact
from reports.queries.counting import READER, behind, counted_until, counting_faults
from tests.tickets.test_actions_races import at_once, quiet
from tickets.actions import open_ticket, post_message, resolve_ticket, transfer_ticket, trash_ticket
from tickets.models import Event, EventMark, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["quiet"]  # a fixture


@pytest.fixture
def conversation(carla, alice, site):
    """Asked, answered after ten minutes and solved after twenty, an hour or some days ago."""

    def make(ago: timedelta = timedelta(hours=1)) -> Ticket:
        at = timezone.now() - ago
        ticket = open_ticket(carla, by=carla, body="It does not ring.", channel="email", site=site, at=at)
        post_message(ticket, by=alice, body="Shake it.", at=at + timedelta(minutes=10))
        return resolve_ticket(ticket, by=alice, root_cause=None, at=at + timedelta(minutes=20))

    return make


FOUR = {(Kind.OPENED, None), (Kind.FIRST_ANSWER, 600), (Kind.ANSWER, 600), (Kind.SOLVED, 1200)}


def facts(ticket: Ticket) -> set[tuple[int, int | None]]:
    rows = Fact.objects.filter(ticket=ticket).values_list("kind", "seconds")
    assert len(rows) == len(set(rows))
    return set(rows)


def begin() -> None:
    """All that there is, is counted, and the log is read from here on. (The clock begins as soon as no transaction of
    this time is open any more, on the whole server: it may be one of another test.)"""
    recount(Ticket.objects.values_list("pk", flat=True))
    skip_counted(1)


def has_read_all() -> bool:
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    is_read = EventMark.objects.filter(reader=READER, done_id__gte=newest).exists()
    return is_read and Counting.objects.filter(left=0).exists()


def test_the_past_is_counted_and_then_what_happens(conversation, alice):
    old, older = conversation(), conversation(timedelta(days=3))
    assert counted_until() == older.created_at
    end = time.monotonic() + 300  # as in `begin`
    while not has_read_all():
        assert time.monotonic() < end
        count_facts()
        time.sleep(0.05)
    assert counted_until() is None
    assert facts(old) == facts(older) == FOUR
    new = conversation()
    count_facts()
    assert facts(new) == FOUR  # at once: it need not be certain that nothing older comes
    trash_ticket(new, by=alice)
    count_facts()
    assert facts(new) == set()
    row = Counting.objects.get()
    assert (row.left, row.ended_at is not None) == (0, True)


def test_the_past_goes_from_the_newest_back_in_batches(conversation, monkeypatch):
    monkeypatch.setattr(counting, "BATCH", 2)
    tickets = [conversation() for _ in range(5)]
    begin()
    Fact.objects.all().delete()
    Counting.objects.update(left=tickets[-1].pk, ended_at=None)
    said = []
    for counted in (2, 4, 5):
        assert count_past() is (counted < 5)
        assert [bool(facts(ticket)) for ticket in tickets] == [False] * (5 - counted) + [True] * counted
        said.append(counted_until())
    assert said == [tickets[2].created_at, tickets[0].created_at, None]
    assert not count_past()


def test_what_is_committed_late_is_counted_too(conversation, carla):
    """A transaction may have begun, and its events have their keys, before others that are committed first."""
    conversation()
    begin()
    has_written, may_commit = threading.Event(), threading.Event()
    late: list[Ticket] = []

    def write_slowly() -> None:
        with transaction.atomic():
            late.append(open_ticket(carla, by=carla, body="Late.", channel="email"))
            has_written.set()
            may_commit.wait(30)
        connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert has_written.wait(10)
    early = conversation()
    for _ in range(5):
        count_facts()
    assert facts(early) == FOUR
    assert facts(late[0]) == set()
    may_commit.set()
    writer.join()
    count_facts()
    assert facts(late[0]) == {(Kind.OPENED, None)}


def test_many_clocks_count_once(conversation):
    tickets = [conversation() for _ in range(6)]
    begin()
    Counting.objects.update(left=tickets[-1].pk, ended_at=None)
    Fact.objects.all().delete()
    numbers = [ticket.pk for ticket in tickets]
    answers = at_once(*[count_facts] * 3, lambda: recount(numbers), lambda: recount(reversed(numbers)))
    assert not [one for one in answers if isinstance(one, Exception)]
    count_facts()
    for ticket in tickets:
        assert facts(ticket) == FOUR


class DeathError(BaseException):
    """The worker is gone: nobody catches it."""


@pytest.mark.parametrize("place", ["_compare", "_lines", "_logs"])
def test_a_worker_that_dies_leaves_no_half_a_ticket(conversation, monkeypatch, place):
    ticket = conversation()
    begin()
    Fact.objects.filter(kind=Kind.ANSWER).update(seconds=1)
    Fact.objects.filter(kind=Kind.SOLVED).delete()
    was = facts(ticket)
    mark = EventMark.objects.get(reader=READER).done_id
    with monkeypatch.context() as patch:

        def die(*args: object) -> None:
            raise DeathError

        patch.setattr(counting, place, die)
        with pytest.raises(DeathError):
            recount([ticket.pk])
        Counting.objects.update(left=ticket.pk)
        with pytest.raises(DeathError):
            count_past()
        assert Counting.objects.get().left == ticket.pk
        newer = conversation()
        with pytest.raises(DeathError):
            sweep()
    assert facts(ticket) == was
    assert EventMark.objects.get(reader=READER).done_id == mark
    count_facts()
    assert facts(ticket) == facts(newer) == FOUR


def test_between_a_batch_and_its_mark_nothing_is_lost(conversation, monkeypatch):
    """The batch is written, and the worker dies before it has said so: both are taken back."""
    ticket = conversation()
    begin()
    Fact.objects.all().delete()
    Counting.objects.update(left=ticket.pk, ended_at=None)
    with monkeypatch.context() as patch:
        patch.setattr(Counting, "save", lambda *args, **kwargs: (_ for _ in ()).throw(DeathError()))
        with pytest.raises(DeathError):
            count_past()
    assert facts(ticket) == set()
    assert Counting.objects.get().left == ticket.pk
    count_facts()
    assert facts(ticket) == FOUR


def test_one_ticket_that_cannot_be_counted_holds_up_no_other(conversation, caplog):
    bad, good = conversation(), conversation()
    begin()
    bad.events.filter(type="ticket.resolved").update(type="rating.given", data={"score": {"five": 5}})
    Fact.objects.filter(ticket=good).delete()
    recount([bad.pk, good.pk])
    assert facts(bad) == facts(good) == FOUR
    assert f"ticket {bad.pk} could not be counted" in caplog.text


def test_other_opening_hours_count_everything_anew(conversation, site):
    ticket = conversation()
    begin()
    assert set(Fact.objects.filter(kind=Kind.SOLVED).values_list("open_seconds", flat=True)) == {1200}
    begun = Counting.objects.get().begun_at
    yesterday = (ticket.created_at - timedelta(days=2)).strftime("%A")
    day = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].index(yesterday)
    site.calendar = Calendar.objects.create(name="One day", hours={str(day): [["09:00", "10:00"]]})
    site.save()
    count_facts()
    assert set(Fact.objects.filter(kind=Kind.SOLVED).values_list("seconds", "open_seconds")) == {(1200, 0)}
    assert Counting.objects.get().begun_at > begun
    again = Counting.objects.get().begun_at
    count_facts()
    assert Counting.objects.get().begun_at == again


def test_a_team_of_today_is_that_of_its_facts(conversation, carla, alice, workshop, shop):
    ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", team=workshop)
    begin()
    assert set(Fact.objects.values_list("team", flat=True)) == {workshop.pk}
    transfer_ticket(ticket, by=alice, team=shop)
    count_facts()
    assert set(Fact.objects.values_list("team", flat=True)) == {shop.pk}
    shop.delete()
    assert set(Fact.objects.values_list("team", flat=True)) == {None}


def test_writing_waits_for_no_counting(conversation, carla, alice):
    """Whoever counts holds no ticket: a message that is written meanwhile need not wait."""
    ticket = conversation()

    def write() -> str:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            return post_message(ticket, by=alice, body="And turn it round.").body

    with transaction.atomic():
        recount([ticket.pk])
        assert at_once(write) == ["And turn it round."]


def test_standing_still_is_told(conversation):
    conversation()
    begin()
    now = timezone.now()
    assert behind(now) == timedelta(0)
    assert list(counting_faults(now)) == []
    ticket = conversation(timedelta(hours=2))
    assert timedelta(hours=1, minutes=59) < behind(now) <= timedelta(hours=2, minutes=1)
    assert [fault.key for fault in counting_faults(now)] == ["reports.late"]
    count_facts()
    EventMark.objects.update(done_id=Event.objects.latest("pk").pk)  # as soon as it is certain
    assert list(counting_faults(now)) == []
    assert facts(ticket) == FOUR


# --- manage.py rebuild_reports ---


def rebuild(*, check: bool = False) -> str:
    out = StringIO()
    call_command("rebuild_reports", check=check, stdout=out)
    return out.getvalue()


def test_the_command_proves_it_and_mends_it(conversation):
    for _ in range(3):
        conversation()
    with pytest.raises(CommandError, match="3 of 3 tickets differ"):
        rebuild(check=True)
    assert "3 tickets counted" in rebuild()
    assert "The facts of 3 tickets are what their logs say." in rebuild(check=True)
    assert "0 facts were changed" in rebuild()


@pytest.mark.parametrize(
    "broken",
    [
        lambda rows: rows.filter(kind=Kind.ANSWER).update(seconds=601),
        lambda rows: rows.filter(kind=Kind.ANSWER).update(open_seconds=None),
        lambda rows: rows.filter(kind=Kind.OPENED).delete(),
        lambda rows: rows.filter(kind=Kind.SOLVED).update(is_undone=True),
        lambda rows: rows.filter(kind=Kind.SOLVED).update(number=7),
        lambda rows: rows.filter(kind=Kind.OPENED).update(channel="phone"),
        lambda rows: rows.filter(kind=Kind.OPENED).update(team=None),
        lambda rows: rows.filter(kind=Kind.OPENED).update(at=timezone.now()),
        lambda rows: rows.filter(kind=Kind.OPENED).update(seq=99),
    ],
)
def test_whatever_is_wrong_is_found(conversation, broken):
    conversation()
    wrong = conversation()
    rebuild()
    broken(Fact.objects.filter(ticket=wrong))
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2 tickets differ"):
        call_command("rebuild_reports", check=True, stdout=out)
    assert f"Ticket {wrong.pk} differs." in out.getvalue()
    rebuild()
    assert "are what their logs say" in rebuild(check=True)
    assert facts(wrong) == FOUR


def test_facts_of_no_ticket_are_found(conversation):
    ticket = conversation()
    rebuild()
    Fact.objects.create(ticket_id=ticket.pk + 99, kind=Kind.OPENED, seq=1, at=timezone.now(), channel="email")
    with pytest.raises(CommandError, match="1 facts are of no ticket"):
        rebuild(check=True)
    rebuild()
    assert "are what their logs say" in rebuild(check=True)


def test_what_is_not_read_yet_is_no_difference(conversation, alice):
    ticket = conversation()
    begin()
    post_message(ticket, by=alice, body="And turn it round.")
    trash_ticket(ticket, by=alice)
    assert "are what their logs say" in rebuild(check=True)


# --- Killed, for real ---

# Workers, one after the other, who all have everything to count, and each of whom kills itself at the N-th statement
# that it sends to the database; said of each: whether it was killed, what is left, and how many facts each ticket has.
WORKERS = """
import json, os, signal, sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from django.db import connection
from django.db.models import Count
from reports.actions import counting
from reports.jobs import count_facts
from reports.models import Counting, Fact
from tickets.models import Ticket

counting.BATCH = 3

class Until:
    def __init__(self, left):
        self.left = left
    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

said = []
for statements in json.loads(sys.argv[2]):
    Fact.objects.all().delete()
    Counting.objects.update(left=Ticket.objects.latest("pk").pk, ended_at=None)
    connection.close()
    child = os.fork()
    if child == 0:
        with connection.execute_wrapper(Until(statements)):
            count_facts()
        os._exit(0)
    is_killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    facts = Ticket.objects.annotate(n=Count("facts")).values_list("pk", "n")
    said.append([is_killed, Counting.objects.get().left, list(facts)])
print(json.dumps(said))
"""


def test_workers_that_are_killed_at_each_step_lose_and_double_nothing(conversation):
    """Every ticket is counted wholly or not at all, and whatever is said to be counted, is."""
    tickets = [conversation() for _ in range(8)]
    begin()
    statements = json.dumps([*range(1, 20), *range(20, 60, 3)])
    done = subprocess.run(
        [sys.executable, "-c", WORKERS, connection.settings_dict["NAME"], statements],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "helpdesk.settings"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert sum(is_killed for is_killed, _, _ in said) > 20
    assert len({left for _, left, _ in said}) > 2  # they died before the first batch, and between batches
    for _, left, counted in said:
        assert all(n == (len(FOUR) if number > left else 0) for number, n in counted)
    count_facts()
    assert all(facts(ticket) == FOUR for ticket in tickets)
