"""Two programs that answer each other: six kinds of peer write back to all that we send, for a thousand rounds.

At most one automatic mail leaves for each peer and ticket in a day, none of theirs reopens anything (invariant E7), and
whoever writes too much is flagged.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message as Parsed
from itertools import count
from typing import Any, cast

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Desk, User
from mailroom.actions import handle, take_in
from mailroom.models import Mailbox, RawMail, Source, State
from outbox import claims
from outbox.mime import to_bytes
from outbox.models import Mail
from outbox.tasks import send_claimed
from outbox.transport import Ways
from outbox.transport.verdicts import BeforeData, Result, Verdict
from tests.mailroom.letters import SUPPORT, letter
from tickets.actions import post_message, resolve_ticket
from tickets.jobs import run_due_follow_ups
from tickets.models import Event, Ticket

ROUND = timedelta(minutes=10)
DAY = timedelta(days=1)
Answer = tuple[timedelta, bytes, str]  # how much later, what, and from which envelope
Peer = Callable[[str, Parsed], Iterator[Answer]]


def words_of(mail: Parsed) -> str:
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    return cast(bytes, part.get_payload(decode=True)).decode()


def subject_of(mail: Parsed) -> str:
    return " ".join(str(mail["Subject"]).split())


def back_to(mail: Parsed) -> str:
    return str(mail["Reply-To"] or mail["From"])


# --- The six -----------------------------------------------------------------------------
def vacation(me: str, mail: Parsed) -> Iterator[Answer]:
    """Says what it is."""
    headers = {"Auto-Submitted": "auto-replied", "Precedence": "bulk"}
    raw = letter("I am away.", sender=me, to=back_to(mail), answers=mail["Message-ID"], headers=headers, subject="Away")
    yield timedelta(0), raw, ""


def silent_vacation(me: str, mail: Parsed) -> Iterator[Answer]:
    """Does not, and answers each mail with the same words."""
    subject = f"Re: {subject_of(mail)}"
    raw = letter("I am in the mountains.", sender=me, to=back_to(mail), answers=mail["Message-ID"], subject=subject)
    yield timedelta(seconds=2), raw, me


def bouncer(me: str, mail: Parsed) -> Iterator[Answer]:
    """A full mailbox, whose server knows no reports."""
    text = (
        f"This is the mail system at host mx.peer.example.\n\n<{me}>: mailbox is full; 552 5.2.2 over quota\n\n"
        f"--- Below this line is a copy of the message.\n\nMessage-ID: {mail['Message-ID']}\n"
    )
    sender = "Mail Delivery System <MAILER-DAEMON@mx.peer.example>"
    yield timedelta(seconds=1), letter(text, sender=sender, subject="failure notice", proof=None), ""


def echo(me: str, mail: Parsed) -> Iterator[Answer]:
    """Sends back what it gets, after a while."""
    subject = f"Re: {subject_of(mail)}"
    raw = letter(words_of(mail), sender=me, to=back_to(mail), answers=mail["Message-ID"], subject=subject)
    yield timedelta(minutes=30), raw, me


_numbers = count(1000)


def other_helpdesk(me: str, mail: Parsed) -> Iterator[Answer]:
    """Opens a ticket for each mail, says so without naming what it answers, and a person answers later now and then."""
    number = next(_numbers)
    headers = {"X-Auto-Response-Suppress": "All", "Auto-Submitted": "auto-generated"}
    yield (
        timedelta(minutes=1),
        letter(
            f"Your ticket is #{number}.",
            sender=me,
            to=back_to(mail),
            subject=f"[#{number}] {subject_of(mail)}",
            headers=headers,
        ),
        me,
    )


def ourselves(me: str, mail: Parsed) -> Iterator[Answer]:
    """What we send comes into our own mailbox again."""
    yield timedelta(seconds=3), mail.as_bytes(), SUPPORT


PEERS: dict[str, Peer] = {
    "vacation@a.example": vacation,
    "silent@b.example": silent_vacation,
    "full@c.example": bouncer,
    "echo@d.example": echo,
    "desk@e.example": other_helpdesk,
    "self@f.example": ourselves,
}


@dataclass
class World:
    """Our desk on one side, the peers on the other, and a clock."""

    support: Mailbox
    agent: User
    chance: random.Random
    clock: Any
    on_the_way: list[tuple[datetime, int, bytes, str]] = field(default_factory=list)
    left: list[tuple[datetime, str, Mail]] = field(default_factory=list)  # when, to whom, what
    order: Iterator[int] = field(default_factory=lambda: count())

    def carrier_of(self, _mail: Mail) -> World:
        return self

    def carry(self, mail: Mail, recipients: list[str], *, before_data: BeforeData) -> dict[str, Result]:
        """As a way out: what leaves is with the peers at once."""
        assert before_data(recipients)
        now = timezone.now()
        raw = to_bytes(mail, now)
        for email in recipients:
            self.left.append((now, email, mail))
            peer = PEERS.get(email)
            for later, answer, envelope in peer(email, message_from_bytes(raw)) if peer else ():
                heapq.heappush(self.on_the_way, (now + later, next(self.order), answer, envelope))
        return {email: Result(Verdict.TAKEN, "250 ok") for email in recipients}

    def take(self, raw: bytes, envelope: str) -> RawMail:
        mail = handle(take_in(raw, source=Source.SMTP, mailbox=self.support, envelope_from=envelope))
        assert mail.state != State.NEW
        assert mail.state != State.QUARANTINE, mail.reason
        return mail

    def send(self) -> None:
        run_due_follow_ups()
        while (mail := claims.claim(Mail.objects.all())) is not None:
            assert send_claimed(mail, cast(Ways, self))

    def deliver(self, until: datetime) -> None:
        """What is on the way arrives at its time, and what we send because of it leaves at once."""
        while self.on_the_way and self.on_the_way[0][0] <= until:
            at, _order, raw, envelope = heapq.heappop(self.on_the_way)
            self.clock.move_to(at)
            self.take(raw, envelope)
            self.send()
        self.clock.move_to(until)

    def one_round(self, number: int, length: timedelta = ROUND) -> None:
        self.deliver(timezone.now() + length)
        self.send()
        if self.chance.random() < 0.15:
            email = self.chance.choice(list(PEERS))
            self.take(letter(f"Something is wrong, {number}.", sender=email, subject=f"Matter {number}"), email)
        unsolved = list(Ticket.objects.unsolved().order_by("number"))
        ticket = self.chance.choice(unsolved) if unsolved and self.chance.random() < 0.3 else None
        if ticket is not None:
            self._work(ticket, number)
        self.send()

    def _work(self, ticket: Ticket, number: int) -> None:
        """Answer, solve, or both at once; a customer is answered before their ticket is solved."""
        was_answered = ticket.first_answered_at is not None
        does = self.chance.choice(["answer", "solve", "both"]) if was_answered else "answer"
        if does in ("answer", "both"):
            post_message(ticket, by=self.agent, body=f"We look into it, and tell you soon. Number {number}.")
        if does in ("solve", "both"):
            resolve_ticket(ticket, by=self.agent, root_cause=None)


def most_within(times: list[datetime], span: timedelta) -> int:
    times = sorted(times)
    return max((sum(at - span < other <= at for other in times) for at in times), default=0)


def play(world: World, rounds: int, length: timedelta = ROUND) -> None:
    for email in PEERS:
        world.take(letter(f"Hello from {email}", sender=email, subject="My order"), email)
        world.send()
    for number in range(rounds):
        world.one_round(number, length)


def check(world: World) -> None:
    automatic: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    by_address: dict[str, list[datetime]] = defaultdict(list)
    receipts: dict[str, list[datetime]] = defaultdict(list)
    for at, email, mail in world.left:
        if mail.is_automatic:
            automatic[email, mail.about].append(at)
            by_address[email].append(at)
        if mail.kind == "acknowledgement":
            receipts[email].append(at)
    assert automatic, "nothing automatic left: the simulation proves nothing"
    worst = {key: most_within(times, DAY) for key, times in automatic.items()}
    assert max(worst.values()) <= 1, {key: value for key, value in worst.items() if value > 1}
    assert max(most_within(times, timedelta(hours=1)) for times in by_address.values()) <= 5
    assert max(most_within(times, DAY) for times in receipts.values()) == 1
    by_programs = RawMail.objects.filter(subject__startswith="[#", state=State.TICKET).values_list("ticket", flat=True)
    about = [f"ticket:{number}" for number in by_programs]
    assert about, "the other helpdesk wrote nothing"
    assert not Mail.objects.filter(is_automatic=True, kind="acknowledgement", about__in=about).exists()
    assert not Event.objects.filter(type="ticket.reopened").exists(), "no person wrote on anything solved"
    assert not RawMail.objects.filter(state=State.NEW).exists()
    states = set(RawMail.objects.values_list("state", flat=True))
    assert {State.TICKET, State.AUTOMATIC, State.BOUNCE} <= states


@pytest.fixture
def world(support: Mailbox, alice: User, desk_row: Desk) -> Iterator[World]:
    Desk.objects.filter(pk=desk_row.pk).update(follow_up_days=1)
    with time_machine.travel(datetime(2026, 11, 2, 8, tzinfo=timezone.get_current_timezone()), tick=False) as clock:
        yield World(support, alice, random.Random(49), clock)


@pytest.mark.django_db
def test_sixty_rounds_with_six_kinds_of_peer(world: World):
    play(world, 60, timedelta(hours=2))
    check(world)
    assert Event.objects.filter(type="follow_up.sent").exists()


@pytest.mark.long
@pytest.mark.django_db
def test_a_thousand_rounds_with_six_kinds_of_peer(world: World):
    play(world, 1000)
    check(world)
    assert Event.objects.filter(type="follow_up.sent").exists()


@pytest.mark.django_db
def test_two_of_us_do_not_talk_to_each_other_for_ever(world: World):
    """A program that opens a new conversation with each mail: it is told once, and flagged."""

    def endless(me: str, mail: Parsed) -> Iterator[Answer]:
        number = next(_numbers)
        yield (
            timedelta(seconds=30),
            letter(f"Case {number}", sender=me, to=SUPPORT, subject=f"Case {number} opened"),
            me,
        )
        if number % 2:
            yield timedelta(seconds=40), letter(f"Case {number}b", sender=me, to=SUPPORT, subject=f"{number} b"), me

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PEERS, "endless@g.example", endless)
        for number in range(9):
            world.take(
                letter(f"Begin {number}", sender="endless@g.example", subject=f"B {number}"), "endless@g.example"
            )
            world.send()
        for number in range(20):
            world.one_round(number)
    told = [at for at, email, mail in world.left if email == "endless@g.example" and mail.is_automatic]
    assert len(told) == 1
    assert Event.objects.filter(type="sender.flagged").count() == 1
