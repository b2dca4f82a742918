"""Whatever is done in whatever order: what is counted as it happens is what the slow and obvious reference says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import Calendar, Site, Team, User
from customers.models import Customer
from reports.actions import differences, recount, sweep
from reports.actions.counting import _logs
from reports.facts import History
from reports.measures import MEASURES
from reports.models import Fact
from reports.periods import Period
from reports.queries.figures import parts, totals
from reports.queries.question import Question
from tests.reports.reference import Reference, Value
from tickets.actions import (
    assign_ticket,
    merge_ticket,
    open_by_letter,
    open_ticket,
    post_letter,
    post_message,
    rate_ticket,
    remembering,
    reopen_ticket,
    resolve_ticket,
    restore_ticket,
    split_ticket,
    transfer_ticket,
    trash_ticket,
    undo,
    undo_merge,
)
from tickets.actions.lettering import Incoming
from tickets.models import Message, Ticket, Undo

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Amsterdam")
BEGUN = datetime(2026, 10, 22, 6, tzinfo=UTC)  # the clocks go back on the 25th
MIDDLE = date(2026, 10, 24)
HOURS = {str(day): [["08:00", "12:30"], ["13:00", "18:00"]] for day in range(6)}
# In minutes. After twenty days, words on what is solved begin another conversation.
GAPS = [0, 5, 10, 55, 180, 600, 1440, 20 * 1440]
Turn = tuple[int, str, int, int]  # how long after the one before, what, on which ticket, and which other one


@dataclass
class Desk:
    """Who acts, on what, and when; a history's turns are its methods."""

    people: list[Customer]
    alice: User
    teams: list[Team]
    sites: list[Site | None]
    now: datetime = BEGUN
    tickets: list[Ticket] = field(default_factory=list)
    undos: list[Undo] = field(default_factory=list)
    letters: int = 0

    def play(self, turn: Turn) -> None:
        gap, what, one, other = turn
        self.now += timedelta(minutes=gap)
        if not self.tickets:
            self.begin(0, other)
        ticket = Ticket.objects.get(pk=self.tickets[one % len(self.tickets)].pk)
        if what in ("begin", "write_first", "call", "import_one"):
            getattr(self, what)(one, other)
        else:
            getattr(self, what)(ticket, other)

    # --- A conversation begins ---

    def begin(self, one: int, other: int) -> None:
        customer, channel = self.people[one % 2], ["email", "chat", "form"][other % 3]
        site, team = self.sites[other % 2], [*self.teams, None][one % 3]
        self.tickets.append(open_ticket(customer, by=customer, body="?", channel=channel, site=site, team=team))

    def write_first(self, one: int, other: int) -> None:
        customer = self.people[one % 2]
        self.tickets.append(open_ticket(customer, by=self.alice, body="!", channel="email", site=self.sites[other % 2]))

    def call(self, one: int, other: int) -> None:
        words: dict[str, Any] = {"body": "Rang.", "channel": "phone", "kind": "note"}
        self.tickets.append(open_ticket(self.people[one % 2], by=self.alice, site=self.sites[other % 2], **words))

    def import_one(self, one: int, other: int) -> None:
        customer, letter = self.people[one % 2], Incoming("carla@example.org", text="Long ago.")
        at = self.now - timedelta(days=other)
        message = open_by_letter(customer, by=customer, incoming=letter, client_id=self.letter(), at=at)
        self.tickets.append(message.ticket)

    # --- Words ---

    def ask(self, ticket: Ticket, other: int) -> None:
        message = post_message(ticket, by=ticket.customer, body="?")
        if message.ticket_id not in {ticket.pk for ticket in self.tickets}:
            self.tickets.append(message.ticket)

    def answer(self, ticket: Ticket, other: int) -> None:
        post_message(ticket, by=self.alice, body="!")

    def note(self, ticket: Ticket, other: int) -> None:
        post_message(ticket, by=self.alice, body="Hm.", kind="note")

    def stranger(self, ticket: Ticket, other: int) -> None:
        letter = Incoming("someone@example.net", text="Mine.", is_by_stranger=True)
        post_letter(ticket, by=None, incoming=letter, kind="note", client_id=self.letter(), is_quiet=other == 0)

    def rate(self, ticket: Ticket, other: int) -> None:
        rate_ticket(ticket, by=ticket.customer, score=1 + other % 5)

    def letter(self) -> str:
        self.letters += 1
        return f"letter-{self.letters}"

    # --- Deeds ---

    def solve(self, ticket: Ticket, other: int) -> None:
        with self.remembering():
            resolve_ticket(ticket, by=self.alice, root_cause=None)

    def reopen(self, ticket: Ticket, other: int) -> None:
        reopen_ticket(ticket, by=self.alice)

    def hand_over(self, ticket: Ticket, other: int) -> None:
        with self.remembering():
            transfer_ticket(ticket, by=self.alice, team=self.teams[other % 2], note="Look.")

    def move(self, ticket: Ticket, other: int) -> None:
        with self.remembering():
            assign_ticket(ticket, by=self.alice, team=[*self.teams, None][other % 3])

    def undo(self, ticket: Ticket, other: int) -> None:
        if self.undos:
            undo(self.undos.pop(), by=self.alice)

    def merge(self, ticket: Ticket, other: int) -> None:
        merge_ticket(ticket, by=self.alice, into=self.tickets[other % len(self.tickets)])

    def unmerge(self, ticket: Ticket, other: int) -> None:
        undo_merge(ticket, by=self.alice)

    def split(self, ticket: Ticket, other: int) -> None:
        messages = Message.objects.filter(ticket=ticket, kind="reply").order_by("pk")
        if messages:
            message = messages[other % len(messages)]
            self.tickets.append(split_ticket(ticket, message=message, by=self.alice, subject=f"Other {other}"))

    def trash(self, ticket: Ticket, other: int) -> None:
        trash_ticket(ticket, by=self.alice)

    def restore(self, ticket: Ticket, other: int) -> None:
        restore_ticket(ticket, by=self.alice)

    def count(self, ticket: Ticket, other: int) -> None:
        """What has happened so far is counted, as it is every few seconds."""
        sweep()

    @contextmanager
    def remembering(self) -> Iterator[None]:
        with remembering(self.tickets, by=self.alice) as noted:
            yield
        if noted.undo:
            self.undos.append(noted.undo)


WORDS = ["ask", "answer", "ask", "answer", "note", "stranger", "rate"]
DEEDS = ["solve", "solve", "reopen", "hand_over", "move", "undo", "undo", "merge", "merge", "unmerge", "split"]
OTHERS = ["begin", "begin", "write_first", "call", "import_one", "trash", "restore", "count"]
turns = st.tuples(st.sampled_from(GAPS), st.sampled_from(WORDS + DEEDS + OTHERS), st.integers(0, 4), st.integers(0, 4))


@pytest.fixture
def make_desk(desk_row, carla, dora, alice, workshop, shop, site, monkeypatch) -> Callable[[], Desk]:
    site.calendar = Calendar.objects.create(
        name="Shop", time_zone="Europe/Amsterdam", hours=HOURS, holidays=["2026-10-26"]
    )
    site.team = None
    site.save()

    def make() -> Desk:
        desk = Desk([carla, dora], alice, [workshop, shop], [site, None])
        monkeypatch.setattr(timezone, "now", lambda: desk.now)
        sweep()  # reads from here on
        return desk

    return make


def plain(found: dict[str, Any]) -> dict[str, Value]:
    """As the reference says it."""
    return {key: value_of(total.now) for key, total in found.items()}


def value_of(found: Any) -> Value:
    return (found.n, *(None if one is None else pytest.approx(one) for one in (found.value, found.ninety)))


def check(desk: Desk, sue: User) -> None:
    reference = Reference()
    periods = [Period(BEGUN.date(), MIDDLE, ZONE), Period(MIDDLE + timedelta(days=1), date(2027, 12, 31), ZONE)]
    for period, by_clock in product(periods, (False, True)):
        asked = Question(sue, period, by_clock=by_clock)
        said = reference.figures(period.start, period.end, by_clock=by_clock)
        assert plain(totals(MEASURES.values(), asked)) == said
    for team in (*desk.teams, None):
        said = reference.figures(
            periods[1].start, periods[1].end, by_clock=False, of=lambda ticket, team=team: ticket.team == team
        )
        for measure in MEASURES.values():
            of_team = parts(measure, Question(sue, periods[1]), "team").get(team.pk if team else None)
            assert (value_of(of_team.now) if of_team else (0, said[measure.key][1], None)) == said[measure.key]


def check_waiting() -> None:
    """Whoever waits by the log, waits on the ticket, where nothing was taken back or given back."""
    numbers = list(Ticket.objects.values_list("pk", flat=True))
    with transaction.get_connection().cursor() as cursor:
        logs = _logs(cursor, numbers)
    for ticket in Ticket.objects.filter(merged_into=None):
        is_plain = not any(
            type_ in ("ticket.unmerged", "ticket.reopened") and data for _, _, type_, *_, data in logs[ticket.pk]
        )
        if is_plain:
            assert History(ticket.pk, logs).waiting_since == ticket.waiting_since


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(turns, min_size=4, max_size=22))
@example([(0, "begin", 0, 0), (5, "begin", 0, 0), (5, "merge", 0, 1), (5, "ask", 1, 0), (5, "unmerge", 0, 0),
          (5, "answer", 0, 0), (5, "answer", 1, 0)])  # fmt: skip
@example([(0, "begin", 0, 0), (5, "solve", 0, 0), (0, "answer", 0, 0), (5, "undo", 0, 0), (5, "answer", 0, 0)])
def test_what_is_counted_is_what_the_events_say(make_desk, sue, history):
    with transaction.atomic():
        desk = make_desk()
        for turn in history:
            known = list(desk.tickets)
            try:
                with transaction.atomic():
                    desk.play(turn)
            except (ValidationError, PermissionDenied):
                desk.tickets = known  # refused: nothing has happened
        sweep()
        check(desk, sue)
        check_waiting()
        numbers = list(Ticket.objects.values_list("pk", flat=True))
        assert differences(numbers) == set()
        assert recount(numbers) == 0
        stored = sorted(Fact.objects.values_list("ticket", "kind", "seq", "at", "seconds", "open_seconds", "number"))
        Fact.objects.all().delete()
        recount(numbers)
        assert stored == sorted(
            Fact.objects.values_list("ticket", "kind", "seq", "at", "seconds", "open_seconds", "number")
        )
        transaction.set_rollback(True)
