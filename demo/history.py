"""Sixty days in the life of the demo company: which story happens when, and then everything in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from accounts.models import User
from accounts.roles import Role
from customers.actions import create_guest
from customers.models import Customer
from demo.company import SIGNED_IN, ZONE, Cast
from demo.stories import Step, Story, read_stories, span
from outbox.models import Mail, MailState, Recipient, RecipientState
from tickets.actions import (
    assign_ticket,
    open_ticket,
    post_message,
    resolve_ticket,
    run_follow_up,
    set_priority,
    set_status,
    tag_ticket,
)
from tickets.actions.promising import measure_history
from tickets.models import Channel, FollowUp, Message, Priority, ReadMark, Status, Ticket

DAYS = 60
A_DAY = [5, 3, 4, 3, 4, 5, 1]  # conversations that begin, Monday to Sunday
_MINUTE = timedelta(minutes=1)
_MEASURED_EVERY = timedelta(hours=1)  # of that time; which promises were broken stands where one looked


@dataclass
class Conversation:
    """A story as it happens to one customer."""

    story: Story
    customer: Customer
    channel: str
    facts: dict[str, str]
    team: str
    agent: User
    plan: list[tuple[datetime, Step]] = field(default_factory=list)
    ticket: Ticket | None = None
    holder: User | None = None  # whom the ticket is assigned to

    @property
    def known(self) -> Ticket:
        """The ticket, which exists from the first step on."""
        if self.ticket is None:
            raise LookupError(f"{self.story.name} has not begun")
        return self.ticket


def write_history(cast: Cast, now: datetime, rng: Random) -> int:
    """Make the last sixty days happen, up to `now`; returns how many conversations it were."""
    conversations = [*_past(cast, now, rng), *_today(cast, now, rng)]
    History(cast, now, rng).play(conversations)
    return len(conversations)


# --- Which story, when, to whom -----------------------------------------------------------


def _past(cast: Cast, now: datetime, rng: Random) -> Iterator[Conversation]:
    deck = _deck(read_stories("past"), rng)
    told: set[tuple[int | None, str]] = set()
    for days in range(DAYS, -1, -1):
        day = now - timedelta(days=days)
        for _ in range(A_DAY[day.astimezone(ZoneInfo(ZONE)).weekday()]):
            for _attempt in range(30):  # near the end a story may be cut where it leaves somebody waiting
                conversation = _draw(next(deck), cast, rng, told)
                if conversation.customer.pk and (conversation.customer.pk, conversation.story.name) in told:
                    continue  # a story about one person happens once
                begins = _opening_moment(conversation.channel, day, cast, rng)
                conversation.plan = _plan(conversation, begins, cast, rng)
                conversation.plan = [(at, step) for at, step in conversation.plan if at < now - 5 * _MINUTE]
                if _leaves_nobody_waiting(conversation.plan):
                    told.add((conversation.customer.pk, conversation.story.name))
                    yield conversation
                    break


def _leaves_nobody_waiting(plan: list[tuple[datetime, Step]]) -> bool:
    spoken = [step.verb for _, step in plan if step.verb in ("customer", "agent")]
    return bool(spoken) and (spoken[-1] == "agent" or plan[-1][1].verb == "solve")


def _deck(stories: list[Story], rng: Random) -> Iterator[Story]:
    """The stories in their proportions, shuffled, again and again."""
    cards = [story for story in stories for _ in range(story.weight)]
    while True:
        rng.shuffle(cards)
        yield from cards


def _draw(story: Story, cast: Cast, rng: Random, told: set[tuple[int | None, str]]) -> Conversation:
    channel = rng.choice(story.channels)
    people = list(cast.customers.values())
    likely = [1 / (8 + rank) for rank in range(len(people))]  # some write often, most write once
    customer = rng.choices(people, likely)[0]
    while (customer.pk, story.name) in told:
        customer = rng.choice(people)
    if story.who == "guest" or (not story.who and channel == Channel.CHAT and rng.random() < 0.12):
        customer = Customer()  # a guest, who comes to be with the first words
    elif story.who:
        customer = cast.customers[story.who]
    agent = cast.people.get(story.by) or _member(cast, story.team or "shop", rng)
    return Conversation(story, customer, channel, facts(customer, rng), story.team, agent)


def _member(cast: Cast, team: str, rng: Random, but: User | None = None) -> User:
    """Someone of the team; the first ones more often."""
    members = [user for user in cast.members[team] if user != but]
    return rng.choices(members, [1 / (1 + rank) for rank in range(len(members))])[0]


def _opening_moment(channel: str, day: datetime, cast: Cast, rng: Random) -> datetime:
    """A mail may be written at night; who chats or phones does it while we are there."""
    local = day.astimezone(ZoneInfo(ZONE))
    hours = (6.5, 23.5) if channel in (Channel.EMAIL, Channel.FORM) else (8.5, 20.5)
    minutes = int(60 * rng.triangular(*hours, 11.5))
    at = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
        minutes=minutes, seconds=rng.randint(0, 59)
    )
    return at if channel in (Channel.EMAIL, Channel.FORM) else _when_open(at, cast, rng)


def _when_open(at: datetime, cast: Cast, rng: Random) -> datetime:
    """`at`, or some time after we open again."""
    if cast.calendar.is_open(at):
        return at
    while not cast.calendar.is_open(at):
        at += 10 * _MINUTE
    return at + rng.randint(1, 25) * _MINUTE


# --- How long things take -----------------------------------------------------------------


def _plan(conversation: Conversation, at: datetime, cast: Cast, rng: Random) -> list[tuple[datetime, Step]]:
    """When each step of the story happens, if the first one happens at `at`."""
    plan: list[tuple[datetime, Step]] = []
    is_quick = conversation.channel in (Channel.CHAT, Channel.PHONE)
    for step in conversation.story.steps:
        if step.verb == "wait":
            at += span(step.texts[0])
            continue
        if plan:
            at += _gap(step, plan[-1][1], is_quick, rng)
        if step.verb != "customer":
            at = _when_open(at, cast, rng)
        elif not is_quick:
            at = _when_awake(at, rng)
        plan.append((at, step))
    return plan


def _gap(step: Step, before: Step, is_quick: bool, rng: Random) -> timedelta:
    """The time that passes before a step."""
    if step.verb == "customer":
        return timedelta(seconds=rng.randint(25, 150)) if is_quick else _MINUTE * rng.triangular(15, 900, 90)
    if step.verb == "agent" and before.verb == "customer":
        return _MINUTE * rng.triangular(0.6, 7, 1.5) if is_quick else _MINUTE * min(rng.lognormvariate(2.8, 0.6), 150)
    if step.verb == "solve":
        return _MINUTE * rng.triangular(1, 9, 2) if is_quick else _MINUTE * rng.triangular(2, 40, 5)
    return timedelta(seconds=rng.randint(30, 140)) if is_quick else _MINUTE * rng.triangular(1, 12, 3)


def _when_awake(at: datetime, rng: Random) -> datetime:
    hour = at.astimezone(ZoneInfo(ZONE)).hour
    return at if hour >= 7 else at + timedelta(hours=7 - hour) + rng.randint(5, 120) * _MINUTE


# --- Today: what is under way right now ----------------------------------------------------


def _today(cast: Cast, now: datetime, rng: Random) -> Iterator[Conversation]:
    for story in read_stories("today"):
        conversation = _draw(story, cast, rng, set())
        for step in story.steps:
            if step.verb == "ago":
                at = _ago(step.texts[0], cast, now)
            else:
                conversation.plan.append((at, step))
                at += timedelta(seconds=20)
        yield conversation


def _ago(text: str, cast: Cast, now: datetime) -> datetime:
    """`26m` before now; `40m open` before now, of time in which we were open."""
    length, _, is_open = text.partition(" ")
    at, left = now, span(length)
    if not is_open:
        return at - left
    while left > timedelta(0):
        at -= _MINUTE
        left -= _MINUTE if cast.calendar.is_open(at) else timedelta(0)
    return at


# --- Then everything happens, in order of time ---------------------------------------------


class History:
    """Plays conversations by calling the actions, each with the time at which it happened."""

    def __init__(self, cast: Cast, now: datetime, rng: Random) -> None:
        self.cast, self.now, self.rng = cast, now, rng
        self._order = count()  # of two things at the same time the one planned first happens first
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []

    def play(self, conversations: list[Conversation]) -> None:
        for conversation in conversations:
            for at, step in conversation.plan:
                self._at(at, lambda c=conversation, s=step, t=at: self._happen(c, s, t))  # type: ignore[misc]
        heapify(self._heap)
        measured_at = self._heap[0][0]
        while self._heap:
            at, _order, happen = heappop(self._heap)
            if at - measured_at > _MEASURED_EVERY:
                measured_at = at
                measure_history(at)
            happen()
        measure_history(self.now)
        self._read_up()

    def _at(self, at: datetime, happen: Callable[[], None]) -> None:
        heappush(self._heap, (at, next(self._order), happen))

    def _happen(self, conversation: Conversation, step: Step, at: datetime) -> None:
        text = _to(conversation.customer, self.rng.choice(step.texts)).format_map(_by_then(conversation, at))
        if conversation.ticket is None:
            self._open(conversation, step.verb, text, at)
        else:
            getattr(self, f"_{step.verb}")(conversation, text, at)

    def _open(self, conversation: Conversation, verb: str, text: str, at: datetime) -> None:
        if conversation.customer.pk is None:
            conversation.customer = create_guest(locale="en")
            Customer.objects.filter(pk=conversation.customer.pk).update(created_at=at)
        story = conversation.story
        is_ours = verb == "agent"  # a phone call, written down by whoever took it
        subject = self.rng.choice(story.subjects).format_map(_by_then(conversation, at)) if story.subjects else ""
        conversation.ticket = open_ticket(
            conversation.customer,
            by=conversation.agent if is_ours else conversation.customer,
            channel=conversation.channel,
            subject="" if conversation.channel == Channel.CHAT else subject,
            body=text,
            site=self.cast.site if conversation.channel in (Channel.CHAT, Channel.FORM) else None,
            team=self.cast.teams[conversation.team] if conversation.team else None,
            tags=story.tags if conversation.channel == Channel.FORM else None,
            at=at,
        )
        if is_ours:
            self._take(conversation, at)

    def _customer(self, conversation: Conversation, text: str, at: datetime) -> None:
        message = post_message(conversation.known, by=conversation.customer, body=text, at=at)
        if message.ticket != conversation.ticket:  # the first one was solved long ago
            conversation.ticket, conversation.holder = message.ticket, None

    def _agent(self, conversation: Conversation, text: str, at: datetime) -> None:
        self._take(conversation, at - timedelta(seconds=5))
        post_message(conversation.known, by=conversation.agent, body=text, at=at)

    def _take(self, conversation: Conversation, at: datetime) -> None:
        """Whoever answers has the ticket from then on, and says what it is about."""
        ticket, agent = conversation.known, conversation.agent
        if conversation.holder == agent:
            return
        conversation.holder = agent
        assign_ticket(ticket, by=agent, user=agent, at=at)
        if conversation.story.tags:
            tag_ticket(ticket, by=agent, tags=conversation.story.tags, at=at)

    def _note(self, conversation: Conversation, text: str, at: datetime) -> None:
        self._write_note(conversation, conversation.agent, text, at)

    def _colleague(self, conversation: Conversation, text: str, at: datetime) -> None:
        self._write_note(
            conversation, _member(self.cast, conversation.team, self.rng, but=conversation.agent), text, at
        )

    def _write_note(self, conversation: Conversation, by: User, text: str, at: datetime) -> None:
        post_message(conversation.known, by=by, kind=Message.Kind.NOTE, body=text, at=at)

    def _move(self, conversation: Conversation, text: str, at: datetime) -> None:
        assign_ticket(conversation.known, by=conversation.agent, user=None, team=self.cast.teams[text], at=at)
        conversation.team, conversation.holder = text, None
        conversation.agent = _member(self.cast, text, self.rng, but=conversation.agent)

    def _priority(self, conversation: Conversation, text: str, at: datetime) -> None:
        set_priority(conversation.known, by=conversation.agent, priority=Priority[text.upper()], at=at)

    def _pending(self, conversation: Conversation, text: str, at: datetime) -> None:
        set_status(conversation.known, by=conversation.agent, status=Status.PENDING, at=at)

    def _hold(self, conversation: Conversation, text: str, at: datetime) -> None:
        set_status(conversation.known, by=conversation.agent, status=Status.ON_HOLD, at=at)

    def _solve(self, conversation: Conversation, text: str, at: datetime) -> None:
        cause = self.cast.causes.get(conversation.story.cause)
        ticket = resolve_ticket(conversation.known, by=conversation.agent, root_cause=cause, note=text, at=at)
        follow_up = ticket.follow_ups.scheduled().first()
        if follow_up and follow_up.due_at <= self.now:
            self._at(follow_up.due_at, lambda: self._follow_up(follow_up))

    def _follow_up(self, follow_up: FollowUp) -> None:
        """Ask how it went, back then: the mail is recorded as sent at its time and never leaves."""
        sent = run_follow_up(follow_up, at=follow_up.due_at)
        if sent is None:  # the customer had written again
            return
        mails = Mail.objects.about(sent.ticket.about).pending()
        Recipient.objects.filter(mail__in=mails, state=RecipientState.PENDING).update(state=RecipientState.SENT)
        mails.update(state=MailState.SENT, created_at=sent.due_at, sent_at=sent.due_at)

    def _read_up(self) -> None:
        """Everyone has read what they dealt with: customers their chats, agents what nobody waits for."""
        marks = []
        for ticket in Ticket.objects.all():
            if ticket.channel == Channel.CHAT:
                marks.append(
                    ReadMark(ticket=ticket, customer_id=ticket.customer_id, seq=ticket.public_last_seq, at=self.now)
                )
            if ticket.waiting_since is None:
                readers = {
                    ticket.assignee_id,
                    *(user.pk for user in self.cast.people.values() if user.role != Role.AGENT),
                }
                readers.add(self.cast.people[SIGNED_IN].pk)
                marks += [
                    ReadMark(ticket=ticket, user_id=pk, seq=ticket.last_seq, at=self.now) for pk in readers - {None}
                ]
        ReadMark.objects.bulk_create(marks)  # as `mark_seen` would write them, in one statement


# --- The small facts that make one telling differ from the next ----------------------------

_TYRES = [("622 × 42", "622 × 47"), ("584 × 47", "622 × 47"), ("622 × 37", "622 × 32"), ("406 × 50", "406 × 40")]
_BIKES = [
    "Heron 7",
    "Plover 3",
    "Kestrel gravel",
    "Oxbow cargo",
    "Drover e-bike",
    "Lapwing tandem",
    "Wren folding bike",
]
_PARTS = [
    "left pedal",
    "saddle clamp",
    "front light",
    "set of mudguard stays",
    "charger",
    "key to the battery",
    "bell",
    "kickstand",
]
_GOODS = [
    "the green panniers",
    "a child seat",
    "the wide handlebar",
    "the 11-speed chain",
    "the reflective vest",
    "the rain cape",
    "the cargo rack",
    "the dynamo light",
]
_DEPOTS = ["Zaandam", "Diemen", "Nieuwegein", "Hoofddorp"]
_PRICES = ["34.95", "49.00", "62.50", "89.00", "118.40", "129.00", "219.00", "1,849.00"]


def facts(customer: Customer, rng: Random) -> dict[str, str]:
    """What this customer bought, when and for how much."""
    right, wrong = rng.choice(_TYRES)
    return {
        "name": customer.name,
        "first": customer.name.split()[0] if customer.name else "there",
        "order": f"BW-{rng.randint(41000, 58999)}",
        "right": right,
        "wrong": wrong,
        "bike": rng.choice(_BIKES),
        "part": rng.choice(_PARTS),
        "goods": rng.choice(_GOODS),
        "depot": rng.choice(_DEPOTS),
        "price": f"€ {rng.choice(_PRICES)}",
        "hour": rng.choice(["9:30", "10:15", "11:00", "14:00", "15:30", "16:45"]),
        "stand": str(rng.randint(1, 6)),
        "minutes": str(rng.choice([15, 20, 25, 40])),
    }


def _to(customer: Customer, text: str) -> str:
    """A guest has no name to be called by."""
    if customer.name:
        return text
    if text.startswith("{first}, "):
        text = text.removeprefix("{first}, ")
        text = text[:1].upper() + text[1:]
    return text.replace(", {first}", "")


def _by_then(conversation: Conversation, at: datetime) -> dict[str, str]:
    """The facts, with who is speaking and the days as they were called then."""
    local = at.astimezone(ZoneInfo(ZONE))
    days = {"yesterday": -1, "tomorrow": 1, "later": 3, "before": -4}
    named = {word: f"{local + timedelta(days=shift):%A}" for word, shift in days.items()}
    return {**conversation.facts, "me": conversation.agent.short_name, **named}
