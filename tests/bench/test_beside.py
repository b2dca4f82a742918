"""What is measured beside us is worked out right; django-helpdesk itself runs in the long test only."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext

import pytest
from django.db import connection
from django.utils import timezone

from bench import beside, neighbour
from bench.beside import Pair, Taken, Work
from demo.seed import Writer, prepare_house
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded(desk_row, workshop, alice, lea, sue) -> None:
    Writer(prepare_house(), 120, 7, timezone.now()).write_block(0)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")  # triggers again, which seeding went past


def _pairs(**seconds: float) -> list[Pair]:
    named = {beside.LIST: 1.0, beside.DASHBOARD: 1.0} | seconds
    return [Pair(Work(name, "/", "/"), Taken([0.01], [0.01]), Taken([took], [took])) for name, took in named.items()]


@pytest.mark.parametrize(
    ("took", "status"),
    [
        ({}, 0),
        ({beside.LIST: 0.499}, 1),
        ({beside.LIST: 0.501}, 0),
        ({beside.DASHBOARD: 0.149}, 1),
        ({"ticket": 0.001}, 0),
    ],
)
def test_list_and_dashboard_are_to_be_many_times_as_fast(took, status, tmp_path, settings, capsys):
    settings.DATA_DIR = tmp_path
    assert beside.tell(_pairs(**took), 1000, 100, 500) == status
    assert ("MISSED" in capsys.readouterr().out) == bool(status)
    assert list(tmp_path.glob("bench/beside-*.json"))


def test_all_of_our_work_can_be_done(seeded, alice, sue, client):
    for work in beside.works():
        client.force_login({"manager": sue, "agent": alice}[work.who])
        beside._ask(client, work)
    made = Ticket.objects.get(subject=beside.SUBJECT)
    assert Message.objects.filter(ticket=made, body__startswith="The bell").exists()


def test_what_was_created_goes_to_the_trash(seeded, alice, sue, client, monkeypatch):
    monkeypatch.setattr(beside, "connected_to", lambda desk: nullcontext())
    client.force_login(alice)
    with beside.cleaned_up(desk=None):
        beside._ask(client, beside.works()[-1])
    assert not Ticket.objects.filter(subject=beside.SUBJECT, trashed_at=None).exists()


def test_our_tickets_become_rows_of_theirs(seeded):
    found = {}
    with connection.cursor() as cursor:
        for table, (columns, query) in neighbour.TABLES.items():
            cursor.execute(query.format(after=0))
            names = columns.split()
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    tickets = {row["id"]: row for row in found["helpdesk_ticket"]}
    assert tickets.keys() == set(Ticket.objects.values_list("number", flat=True))
    for ticket in Ticket.objects.all():
        row = tickets[ticket.number]
        assert (row["status"] == 1) == (ticket.status != "solved")
        assert row["submitter_email"] == ticket.customer.addresses.get().email
        said = [one["comment"] for one in found["helpdesk_followup"] if one["ticket_id"] == ticket.number]
        assert set(ticket.messages.values_list("body", flat=True)) <= set(said)
        assert row["description"] in said


@pytest.mark.long
def test_the_whole_benchmark_runs_beside(tmp_path):
    sizes = ["--base", "300", "--tickets", "1200", "--runs", "2", "--beside"]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "queue", *sizes],
        env=os.environ | {"DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "django-helpdesk" in done.stdout, done.stderr
    assert done.returncode in (0, 1)
    assert list(tmp_path.glob("bench/beside-*.json"))
