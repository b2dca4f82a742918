"""Bulk data by COPY: the same steady stream of conversations whatever the number, so that more tickets mean more years.

A ticket's age is its place from the newest one, 0; what it is like depends only on the seed and that age.
So the newest days, and the backlog in them, are the same work at every size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from itertools import accumulate, count
from random import Random
from typing import Any

from django.db import connection, models, transaction
from django.utils.text import slugify

from accounts.models import Desk, Site, Team, User
from customers.models import Address, Customer
from demo import words
from reports.actions import recount, skip_counted
from tickets.actions import index_due
from tickets.models import Event, Message, Rating, ReadMark, RootCause, Tag, Ticket, WordsDue

A_DAY = 160  # conversations that begin: ten thousand are two months, a period of thirty days and the one before
BACKLOG = 1000  # of so many newest tickets …
BACKLOG_SHARE = 0.5  # … this share is not solved yet
BLOCK = 1000  # tickets a transaction
NEWEST_ORDER = 20_000_000  # that a conversation is about; each is about one of its own
REGULARS = 300  # customers who write again and again; the others write once or twice
EACH_WRITES = 3  # a new customer for so many tickets
NULL = "\\N"
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"

# Who says what, in order: customer, agent, note. About five messages a ticket.
SOLVED = ["ca", "caca", "cacac", "cnaca", "cacaca", "ccanca", "cacacac", "cnacaca", "cacancaca"]
ANSWERED = ["ca", "caca", "cnaca", "cacaca"]
WAITING = ["c", "cac", "cnc", "cacac", "cc"]
CHANNELS = {"chat": 45, "email": 34, "form": 12, "phone": 6, "api": 3}
PRIORITIES = {2: 80, 3: 10, 1: 7, 4: 3}
RATED_SHARE = 0.15  # of what is solved
SCORES = {5: 52, 4: 26, 3: 10, 2: 5, 1: 7}
UNSOLVED = {("open", True): 45, ("open", False): 25, ("pending", False): 20, ("on_hold", False): 10}


@dataclass(frozen=True)
class House:
    """Who works here, and what tickets point to: rows that exist before the first ticket."""

    desk: Desk
    site_id: int | None
    teams: list[tuple[Team, list[User]]]
    causes: list[RootCause]
    tags: list[Tag]


def prepare_house() -> House:
    """The company with its people as they are; a plain one of our own where nobody works yet."""
    desk = Desk.load() or Desk.objects.create(name="Seeded desk", time_zone="Europe/Amsterdam")
    if not User.objects.filter(teams__isnull=False, is_active=True).exists():
        _hire()
    teams = [(team, list(team.members.filter(is_active=True).order_by("pk"))) for team in Team.objects.order_by("pk")]
    if not RootCause.objects.exists():
        RootCause.objects.bulk_create(RootCause(name=name, slug=slugify(name)) for name in words.CAUSES)
    if not Tag.objects.exists():
        Tag.objects.bulk_create(Tag(name=name) for name in words.TAGS)
    return House(
        desk=desk,
        site_id=Site.objects.order_by("pk").values_list("pk", flat=True).first(),
        teams=[(team, members) for team, members in teams if members],
        causes=list(RootCause.objects.filter(children=None).order_by("pk")),
        tags=list(Tag.objects.order_by("pk")[:20]),
    )


def _hire() -> None:
    for number, name in enumerate(words.TEAMS):
        team, _ = Team.objects.get_or_create(slug=slugify(name), defaults={"name": name})
        for place in range(4):
            person = words.PEOPLE[number * 4 + place]
            email = f"{slugify(person)}@seed.example"
            User.objects.create_user(email, name=person, role="lead" if place == 3 else "agent").teams.add(team)


def seed(tickets: int, *, number: int, now: datetime, tell: Callable[[int], None] = lambda done: None) -> None:
    """Make so many tickets with their customers, messages, events and read marks. `number` is the random seed."""
    writer = Writer(prepare_house(), tickets, number, now)
    for block in reversed(range(-(-tickets // BLOCK))):
        writer.write_block(block)
        tell(tickets - block * BLOCK)
    skip_counted(writer.first_ticket)
    tidy()


def tidy() -> None:
    """What autovacuum would do within minutes: the planner's figures, and which pages need no second look."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


class Writer:
    """Writes blocks of tickets, the oldest first, lets the search box find them, and reports count them."""

    def __init__(self, house: House, tickets: int, number: int, now: datetime) -> None:
        self.house, self.tickets, self.number, self.now = house, tickets, number, now
        self.newcomers = -(-tickets // EACH_WRITES)
        self.first_ticket = _next_id(Ticket)
        self.first_customer = _next_id(Customer)
        self.messages = count(_next_id(Message))
        self.wait = timedelta(minutes=house.desk.promise_minutes)
        self.rows: dict[str, list[str]] = {}
        self.rng = Random()  # noqa: S311  (of the block at hand)
        self.people = Random()  # noqa: S311  (apart, so that who is born changes nothing in what is written)
        self.references = Random()  # noqa: S311
        self.copies = _copies()
        self.assigned = {
            user.pk: _json({"user": {"from": None, "to": user.name, "id": user.pk}, "team": _same(team)})
            for team, members in house.teams
            for user in members
        }

    def write_block(self, block: int) -> None:
        """One transaction: the tickets whose ages are in this block, whole."""
        self.rng.seed(f"{self.number}/{block}")
        self.people.seed(f"{self.number}/{block}")
        self.references.seed(f"{self.number}/{block}/{self.first_ticket}")
        self.rows = {name: [] for name in self.copies}
        ages = range(block * BLOCK, min((block + 1) * BLOCK, self.tickets))
        if ages.stop == self.tickets:
            for place in range(REGULARS):
                self._customer(self.first_customer + place, self._born(self.tickets))
        for age in reversed(ages):
            if age % EACH_WRITES == EACH_WRITES - 1 or age == self.tickets - 1:
                self._customer(self._newcomer(age), self._born(age + 1))
            self._ticket(age)
        with transaction.atomic(), connection.cursor() as cursor:
            _trust_keys(cursor)
            for name, copy in self.copies.items():
                copy(cursor, self.rows[name])
            for model in (Customer, Ticket, Message):
                _move_sequence(cursor, model)
        while index_due(limit=BLOCK):
            pass
        recount(self.first_ticket + self.tickets - 1 - age for age in ages)

    # --- People ---

    def _born(self, age: float) -> datetime:
        return self.now - timedelta(days=(age + 0.5) / A_DAY)

    def _newcomer(self, age: int) -> int:
        return self.first_customer + REGULARS + self.newcomers - 1 - age // EACH_WRITES

    def _customer(self, pk: int, at: datetime) -> None:
        first, last = self.people.choice(words.FIRST), self.people.choice(words.LAST)
        self.rows["customer"].append(f"{pk}\t{first} {last}\t{at}\n")
        self.rows["address"].append(f"{pk}\t{first}.{last}.{pk}@seed.example\t{at}\n".lower())

    def _writer_of(self, age: int) -> int:
        """Half of the tickets come from regulars, of whom few write very often."""
        if self.rng.random() < 0.5:
            return self._newcomer(age)
        rank = int(20 * (self.rng.paretovariate(0.9) - 1))
        return self.first_customer + rank % REGULARS

    # --- One conversation ---

    def _ticket(self, age: int) -> None:
        rng, rows = self.rng, self.rows
        ticket = self.first_ticket + self.tickets - 1 - age
        customer = self._writer_of(age)
        team, members = rng.choices(self.house.teams, _falling(len(self.house.teams)))[0]
        agent = rng.choices(members, _falling(len(members)))[0].pk
        channel = _draw(rng, CHANNELS)
        is_unsolved = age < BACKLOG and rng.random() < BACKLOG_SHARE
        status, is_waiting = _draw(rng, UNSOLVED) if is_unsolved else ("solved", False)
        script = rng.choice(SOLVED if not is_unsolved else WAITING if is_waiting else ANSWERED)
        if channel == "phone":
            script = "a" + script  # our note of the call comes first
        steps = [*_with_solving(script, rng)] if not is_unsolved else [*script]
        if status in ("pending", "on_hold"):
            steps.append(status)
        born = self._born(age)
        times = self._times(born, steps)
        log = Log(self, ticket, born, channel, customer, order=NEWEST_ORDER - age)
        for step, at in zip(steps, times, strict=True):
            log.add(step, at, agent)
        rows["due"].append(f"{ticket}\n")
        rows["ticket"].append(
            f"{ticket}\t{self._reference()}\t{log.subject}\t{status}\t{_draw(rng, PRIORITIES)}\t{channel}\t{customer}"
            f"\t{team.pk}\t{log.assignee or NULL}\t{self.house.site_id or NULL}\t{log.root_cause or NULL}"
            f"\t{log.preview}\t{log.seq}\t{log.public}\t{log.seq}\t{log.waiting or NULL}"
            f"\t{log.waiting + self.wait if log.waiting else NULL}\t{log.answered or NULL}"
            f"\t{log.solved or NULL}\t{born}\t{log.at}\n"
        )
        if rng.random() < 0.4:
            rows["tag"].append(f"{ticket}\t{rng.choice(self.house.tags).pk}\n")
        if is_unsolved and log.assignee and rng.random() < 0.7:
            rows["mark"].append(f"{ticket}\t{agent}\t{rng.randint(1, log.seq)}\t{log.at}\n")

    def _times(self, born: datetime, steps: list[str]) -> list[datetime]:
        """When each step happens: minutes to hours apart, and all of it before now."""
        rng = self.rng
        gaps = [0.0] + [60 * rng.lognormvariate(2.5 if step in "an" else 3.7, 1.0) for step in steps[1:]]
        ends = list(accumulate(gaps))
        room = (self.now - born).total_seconds() * 0.95
        squeeze = min(1.0, room / ends[-1]) if ends[-1] else 1.0
        return [born + timedelta(seconds=round(end * squeeze, 3)) for end in ends]

    def _reference(self) -> str:
        bits = self.references.getrandbits(65)
        return "".join([_LETTERS[bits >> shift & 31] for shift in range(0, 65, 5)])


class Log:
    """The events of one ticket as the actions would have written them, and what they leave on it."""

    def __init__(self, writer: Writer, ticket: int, born: datetime, channel: str, customer: int, order: int) -> None:
        self.writer, self.ticket, self.customer, self.order = writer, ticket, customer, str(order)
        self.seq = self.public = 0
        self.at = born
        self.assignee: int | None = None
        self.waiting: datetime | None = None
        self.answered: datetime | None = None
        self.solved: datetime | None = None
        self.root_cause: int | None = None
        self.subject = self.preview = ""
        self.is_call = channel == "phone"
        self.channel = channel

    def add(self, step: str, at: datetime, agent: int) -> None:
        self.at = at
        if self.seq == 0:
            by = agent if self.is_call else None
            self._event("ticket.opened", at, by, None if by else self.customer, f'{{"channel": "{self.channel}"}}')
        if step == "c":
            self._customer_writes(at)
        elif step == "a" or step == "n":
            self._agent_writes(at, agent, is_note=step == "n")
        elif step == "solve":
            self._solve(at, agent)
        elif step == "rate":
            self._rate(at)
        else:
            data = f'{{"from": "open", "to": "{step}"}}'
            self._event("status.changed", at, agent, None, data, is_public=False)

    def _customer_writes(self, at: datetime) -> None:
        if self.solved:
            self.solved = None
            self._event("ticket.reopened", at, None, self.customer, "{}")
        self.waiting = self.waiting or at
        self._message(at, None, self.customer, self.writer.rng.choice(words.ASKED))

    def _agent_writes(self, at: datetime, agent: int, *, is_note: bool) -> None:
        if self.assignee is None:
            self.assignee = agent
            self._event("ticket.assigned", at, agent, None, self.writer.assigned[agent], is_public=False)
        if not is_note:
            self.waiting = None
            if self.public > 1:
                self.answered = self.answered or at
        rng = self.writer.rng
        self._message(at, agent, None, rng.choice(words.NOTED if is_note else words.ANSWERED), is_note=is_note)

    def _solve(self, at: datetime, agent: int) -> None:
        rng = self.writer.rng
        cause = rng.choices(self.writer.house.causes, _falling(len(self.writer.house.causes)))[0]
        named = rng.random() < 0.8
        self.root_cause = cause.pk if named else None
        data = _json({"root_cause": cause.slug, "cause": cause.name} if named else {"root_cause": None, "cause": None})
        self._event("ticket.resolved", at, agent, None, data)
        self.solved, self.waiting = at, None

    def _rate(self, at: datetime) -> None:
        rng = self.writer.rng
        score = _draw(rng, SCORES)
        comment = rng.choice(words.RATED[score]) if rng.random() < 0.4 else ""
        self._event("rating.given", at, None, self.customer, _json({"score": score, "comment": comment}))
        self.writer.rows["rating"].append(f"{self.ticket}\t{self.customer}\t{score}\t{comment}\t{at}\n")

    def _message(
        self, at: datetime, user: int | None, customer: int | None, text: str, *, is_note: bool = False
    ) -> None:
        rng, rows = self.writer.rng, self.writer.rows
        text = f"{text} {rng.choice(words.MORE)}".replace("#", self.order)
        pk = next(self.writer.messages)
        kind = "note" if is_note else "reply"
        rows["message"].append(f"{pk}\t{self.ticket}\t{kind}\t{user or NULL}\t{customer or NULL}\t{text}\t{at}\n")
        self._event("message.posted", at, user, customer, "{}", is_public=not is_note, message=pk)
        if not is_note:
            self.preview = text[:160].rstrip()
            self.subject = self.subject or text[:70].rstrip()

    def _event(
        self,
        kind: str,
        at: datetime,
        user: int | None,
        customer: int | None,
        data: str,
        *,
        is_public: bool = True,
        message: int | None = None,
    ) -> None:
        self.seq += 1
        self.writer.rows["event"].append(
            f"{self.ticket}\t{self.seq}\t{self.public}\t{kind}\t{'t' if is_public else 'f'}\t{user or NULL}"
            f"\t{customer or NULL}\t{message or NULL}\t{data}\t{at}\n"
        )
        if is_public:
            self.public = self.seq


def _with_solving(script: str, rng: Random) -> Iterable[str]:
    """A script with its end; one in twenty is taken up again by the customer, and some are rated."""
    yield from script
    yield "solve"
    if rng.random() < 0.05:
        yield from ("c", "a", "solve")
    if rng.random() < RATED_SHARE:
        yield "rate"


def _falling(length: int) -> list[float]:
    """Weights that fall like one over the rank."""
    return [1 / (1 + rank) for rank in range(length)]


def _draw(rng: Random, weights: dict[Any, int]) -> Any:
    return rng.choices(list(weights), list(weights.values()))[0]


def _same(team: Team) -> dict[str, Any]:
    return {"from": team.name, "to": team.name, "id": team.pk}


def _json(data: Any) -> str:
    """JSON as a field of COPY's text format, where a backslash is written twice."""
    return json.dumps(data).replace("\\", "\\\\")


# --- COPY ----------------------------------------------------------------------------------

_Copy = Callable[[Any, list[str]], None]


def _copies() -> dict[str, _Copy]:
    """How the rows of each kind are copied, in an order in which they may point to each other."""
    ticket = (
        "number reference subject status priority channel customer_id team_id assignee_id site_id root_cause_id preview"
        " last_seq public_last_seq mailed_seq waiting_since answer_due_at first_answered_at solved_at created_at"
        " updated_at"
    )
    event = "ticket_id seq public_prev type is_public by_user_id by_customer_id message_id data at"
    return {
        "customer": _copy(Customer, "id name created_at"),
        "address": _copy(Address, "customer_id email created_at", proof=Address.Proof.PROVED),
        "ticket": _copy(Ticket, ticket),
        "tag": _copy(Ticket.tags.through, "ticket_id tag_id"),
        "message": _copy(Message, "id ticket_id kind by_user_id by_customer_id body created_at"),
        "event": _copy(Event, event),
        "mark": _copy(ReadMark, "ticket_id user_id seq at"),
        "rating": _copy(Rating, "ticket_id customer_id score comment at"),
        # What is copied without its keys being looked up goes past the triggers too.
        "due": _copy(WordsDue, "number"),
    }


def _copy(model: type[models.Model], columns: str, **constants: Any) -> _Copy:
    """Copies rows of these columns; every other column gets its constant, or else the model's default."""
    named = columns.split()
    for field in model._meta.concrete_fields:
        if field.column and field.column not in named and not field.primary_key:
            constants.setdefault(field.column, field.get_default())
    tail = "".join(f"\t{NULL if value is None else value}" for value in constants.values()) + "\n"
    statement = f"COPY {model._meta.db_table} ({', '.join([*named, *constants])}) FROM STDIN"

    def copy(cursor: Any, rows: list[str]) -> None:
        cursor.copy_expert(statement, StringIO("".join([row[:-1] + tail for row in rows])))

    return copy


def _trust_keys(cursor: Any) -> None:
    """Leave out the look-up of every foreign key, which takes half the time; the same program made both ends.

    Only a superuser may, such as the one of the databases that `bin/run` starts. A test looks the keys up.
    """
    cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
    if cursor.fetchone()[0]:
        cursor.execute("SET LOCAL session_replication_role = replica")


def _next_id(model: type[models.Model]) -> int:
    return (model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0) + 1


def _move_sequence(cursor: Any, model: type[models.Model]) -> None:
    """The next row made by the application comes after those copied here."""
    meta = model._meta
    table, column = meta.db_table, meta.pk.column
    newest = f"SELECT setval(pg_get_serial_sequence(%s, %s), max({column})) FROM {table}"  # noqa: S608
    cursor.execute(newest, [table, column])
