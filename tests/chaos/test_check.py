"""The checker finds what is wrong in histories made by hand, and nothing in a good one."""

from __future__ import annotations

import hashlib
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.check import Passed, Record, check, delays
from tests.chaos.history import History, Struck
from tests.chaos.lines import Balancer, Line
from tests.chaos.people import Screen
from tests.chaos.truth import Letter, Row, Ticket, Truth
from tests.journeys.people import Shown

ALICE, CARLA, DORA = 1, 11, 12
TALK = [  # type, kind, client_id, who
    ("ticket.opened", None, None, "carla"),
    ("message.posted", "reply", "carla-00001", "carla"),
    ("ticket.assigned", None, None, "alice"),
    ("message.posted", "note", "alice-00001", "alice"),
    ("message.posted", "reply", "alice-00002", "alice"),
    ("message.posted", "reply", "carla-00002", "carla"),
]
PUBLIC = {1: 0, 2: 1, 5: 2, 6: 5}  # seq: the public one before


@pytest.fixture
def record() -> Record:
    """Carla and Alice talked on one ticket, and all went well."""
    history = History()
    people = {
        "alice": screen("alice", history, "/ws/inbox/"),
        "carla": screen("carla", history, "/ws/widget/"),
        "dora": screen("dora", history, "/ws/widget/"),
    }
    rows, last = [], 0
    for seq, (type_, kind, client_id, who) in enumerate(TALK, 1):
        author = (ALICE, None) if who == "alice" else (None, CARLA)
        words = f"[{client_id}] {'NOTE-CANARY' if kind == 'note' else 'words'}" if client_id else None
        rows.append(Row(seq, last, seq in PUBLIC, type_, kind, words, client_id, *author, committed=100.0 + seq))
        last = seq if seq in PUBLIC else last
        if client_id:
            person = people[who]
            person.said["r"].append(client_id)
            person.invoked_at[client_id], person.stored_at[client_id] = seq - 0.2, seq - 0.1
            person.stored_as[client_id] = ("r", seq)
    for name, seqs in (("alice", range(1, 7)), ("carla", PUBLIC)):
        for seq in seqs:
            show(people[name], rows[seq - 1], at=seq + 0.1)
    people["alice"].follows.add("r")
    ticket = Ticket("r", 1, 6, 6, CARLA, "Workshop", 0, 6, rows)
    stored = {row.client_id: [("r", row.seq)] for row in rows if row.client_id}
    visitors = {hashlib.sha256(name.encode()).hexdigest(): pk for name, pk in (("carla", CARLA), ("dora", DORA))}
    auditor: Any = SimpleNamespace(gaps=[], fallen=[], too_early=[], acks=None)
    desk: Any = SimpleNamespace(letters=SimpleNamespace(taken=Counter()))
    nemesis: Any = SimpleNamespace(memory_grew=[], cut_off=[])
    truth = Truth({"r": ticket}, stored, visitors, [])
    return Record(history, people, {"r": "workshop"}, [], auditor, desk, nemesis, truth)


def screen(name: str, history: History, path: str) -> Screen:
    line = Line(Balancer([]))
    line.url = "http://127.0.0.1:1"
    made = Screen(name, line, history, path, hello={"token": name})
    made.spans = [[0.0, float("inf")]]
    return made


def show(person: Screen, row: Row, at: float) -> None:
    person.screen["r"].append(Shown(row.seq, row.type, row.kind, row.body, row.client_id))
    person.heard.add(("r", row.seq, row.client_id))
    person.shown_at["r", row.seq] = at


def broken(record: Record) -> set[str]:
    return {violation.promise for violation in check(record)}


def test_nothing_is_wrong_with_a_good_history(record):
    assert check(record) == []
    assert len(delays(record)) == 7  # four messages for Alice, three for Carla


def test_an_acknowledged_message_that_is_not_stored(record):
    del record.truth.stored["carla-00002"]
    (violation,) = check(record)
    assert violation.promise == "C1"
    assert "carla-00002 was acknowledged at 5.9 and is lost" in violation.what


def test_a_message_that_is_stored_twice(record):
    record.truth.stored["carla-00002"].append(("r", 7))
    assert broken(record) == {"C1"}


def test_a_message_that_was_not_acknowledged_may_be_stored_or_not(record):
    alice = record.people["alice"]
    alice.invoked_at |= {"alice-00003": 9.0, "alice-00004": 9.0}
    record.truth.stored["alice-00003"] = [("r", 7)]
    assert broken(record) == set()
    alice.outbox["alice-00004"] = {}
    assert broken(record) == {"C7"}, "but not for ever"


def test_an_acknowledgement_that_names_another_place(record):
    record.people["carla"].stored_as["carla-00002"] = ("r", 5)
    assert broken(record) == {"C1"}


def test_a_gap_in_the_seqs(record):
    ticket = record.truth.tickets["r"]
    ticket.rows.pop(2)
    assert {"C2", "C3"} <= broken(record)


def test_commits_in_another_order_than_the_seqs(record):
    rows = record.truth.tickets["r"].rows
    rows[5] = Row(**{**vars(rows[5]), "committed": 104.5})
    assert broken(record) == {"C2"}


def test_a_gap_that_only_somebody_saw_who_looked_at_the_time(record):
    record.auditor.gaps.append("r: 3 events up to seq 4 at 4.0")
    assert broken(record) == {"C2"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda shown: shown.pop(), "carla on r: lacks 6"),
        (lambda shown: shown.insert(1, shown[0]), "carla on r: shows twice 1"),
        (lambda shown: shown.append(shown.pop(1)), "carla on r: out of order"),
        (lambda shown: shown.append(Shown(9, "message.posted", "reply", "x", "y")), "carla on r: shows besides 9"),
        (lambda shown: shown.append(shown.pop()._replace(body="other")), "carla on r: shows other words at 6"),
    ],
)
def test_a_screen_that_shows_something_else_than_it_should(record, change, words):
    change(record.people["carla"].screen["r"])
    violations = check(record)
    assert {one.promise for one in violations} == {"C3"}
    assert words in violations[0].what


def test_words_in_another_order_than_they_were_said(record):
    record.people["carla"].said["r"].reverse()
    assert broken(record) == {"C4"}


def test_a_note_that_reaches_its_customer(record):
    note = record.truth.tickets["r"].rows[3]
    carla = record.people["carla"]
    carla.heard.add(("r", note.seq, note.client_id))
    assert broken(record) == {"C5"}


def test_a_conversation_that_reaches_somebody_else(record):
    record.people["dora"].heard.add(("r", 2, "carla-00001"))
    assert broken(record) == {"C5"}


def test_words_of_a_trespasser(record):
    record.truth.stored["trespass-1"] = [("r", 7)]
    assert broken(record) == {"C5"}


def test_a_read_mark_that_fell(record):
    record.auditor.fallen.append("ticket 1, customer 11: 2 after 6, end 6")
    assert broken(record) == {"C6"}


def test_an_acknowledgement_that_came_before_the_commit(record):
    record.auditor.too_early.append("carla-00001")
    assert broken(record) == {"C7"}


def test_a_refusal_that_nobody_asked_for(record):
    dora = record.people["dora"]
    dora.errors.append({"type": "error", "code": "not_found", "client_id": "trespass-3"})
    assert broken(record) == set()
    dora.errors.append({"type": "error", "code": "conflict", "client_id": "dora-00001"})
    assert broken(record) == {"C7"}


def test_somebody_who_never_got_through(record):
    record.troubles.append("AssertionError: /widget/tickets/ never worked")
    assert broken(record) == {"C7"}


def test_a_screen_that_waited_too_long_with_redis_dead(record):
    record.history.faults.append(Struck(1, "redis: dead for long", 4.0, 30.0))
    record.people["carla"].shown_at["r", 5] = 17.5
    assert broken(record) == {"C8"}
    record.history.faults.append(Struck(2, "line: dark", 5.0, 17.0, who=("carla",)))
    assert broken(record) == set(), "her own line was dark"


def test_a_process_that_grew_for_who_does_not_read(record):
    record.nemesis.memory_grew.append(60 * 1024 * 1024)
    assert broken(record) == {"C9"}


def test_people_who_wait_because_somebody_does_not_read(record):
    record.history.faults.append(Struck(1, "reader: never reads", 0.0, 30.0))
    for row in record.truth.tickets["r"].rows:
        record.people["alice"].shown_at["r", row.seq] = row.seq + 8.0
    assert broken(record) == {"C9"}


def test_answers_to_somebody_who_went(record):
    record.passed.append(Passed("r", "carla-00001", 2.0))
    assert broken(record) == {"C10"}, "the answer was never mailed"
    record.truth.letters.append(Letter(1, "[alice-00002] words", "<1@desk>", "sent"))
    assert broken(record) == set()
    record.truth.letters.append(Letter(1, "[alice-00002] words", "<2@desk>", "sent"))
    assert broken(record) == {"C10"}, "and then twice"


def test_a_mail_with_a_note_or_with_words_of_others(record):
    record.truth.letters.append(Letter(1, "[alice-00001] NOTE-CANARY", "<1@desk>", "sent"))
    assert broken(record) == {"C5"}
    record.truth.letters[:] = [Letter(1, "[bob-00009] words", "<1@desk>", "sent")]
    assert broken(record) == {"C5"}


def test_a_mail_that_left_more_often_than_its_faults_explain(record):
    record.desk.letters.taken["<1@desk>"] = 2
    assert broken(record) == {"C10"}
    record.history.faults.append(Struck(1, "worker: kill", 1.0, 2.0))
    assert broken(record) == set()
