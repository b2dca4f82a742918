"""What an agent's days leave on a desk and seeding does not: made by the actions, alike at every size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from customers.models import Customer
from demo import words
from demo.seed import tidy
from tickets.actions import (
    Post,
    add_attachment,
    index_due,
    notify,
    open_ticket,
    post_messages,
    save_view,
    snooze_ticket,
    trash_ticket,
)
from tickets.models import Channel, Message, Promise, SavedView, Ticket

MESSAGES = 50
NOTE_EVERY = 10
SUBJECT = "The wheel from order 48213 is not true"  # its number and its file are what searches look for
FILE = "warranty-card.pdf"
SNOOZED = 20
AT_LEAST, EACH = 40, 1000  # mentioned, and in the trash: so many, and one more for so many tickets
PROMISED = 240  # minutes
VIEWS = {"Urgent": "is:unsolved priority:urgent priority:high", "Lamps": "lamp after:20d"}


def live_through(agent: User, manager: User) -> None:
    """Once in each database: views are saved, tickets snoozed, people mentioned, a long conversation held."""
    if not SavedView.objects.filter(owner=agent, name__in=VIEWS).exists():
        _live_through(agent, manager, timezone.now())
        tidy()


@transaction.atomic
def _live_through(agent: User, manager: User, now: datetime) -> None:
    for name, query in VIEWS.items():
        save_view(by=agent, name=name, query=query)
    for ticket in Ticket.objects.visible_to(agent).unsolved().order_by("-number")[:SNOOZED]:
        snooze_ticket(ticket, by=agent, until=now + timedelta(days=30), at=now)
    for ticket in _spread(Ticket.objects.visible_to(agent).solved(), offset=1):
        trash_ticket(ticket, by=manager, at=now)
    _mention(agent, manager, now)
    _converse(agent, now)
    while index_due():
        pass


# What `read_promises` and `break_promises` make of the log for a promise round the clock, all at once; its tickets are
# not told of those that are broken.
_RUNS = """
    INSERT INTO tickets_promiserun
        (promise_id, ticket_id, began_id, ended_id, state, began_at, due_at, warn_at, ended_at, broken_at)
    SELECT %(promise)s, said.ticket_id, said.id, answer.id,
        CASE WHEN due_at < coalesce(answer.at, %(now)s) THEN 'broken'
            WHEN answer.id IS NULL THEN 'running' ELSE 'kept' END,
        said.at, due_at, due_at - %(length)s / 4, answer.at,
        CASE WHEN due_at < coalesce(answer.at, %(now)s) THEN due_at END
    FROM (
        SELECT DISTINCT ON (ticket_id) ticket_id, id, seq, at, at + %(length)s AS due_at FROM tickets_event
        WHERE type = 'message.posted' AND is_public AND by_customer_id IS NOT NULL ORDER BY ticket_id, seq
    ) said LEFT JOIN LATERAL (
        SELECT id, at FROM tickets_event WHERE ticket_id = said.ticket_id AND seq > said.seq
            AND type = 'message.posted' AND is_public AND by_user_id IS NOT NULL ORDER BY seq LIMIT 1
    ) answer ON true"""


def make_promise(now: datetime) -> None:
    """Once in each database: a first answer within four hours, given before all tickets, and how that went."""
    if Promise.objects.exists():
        return
    minutes = timedelta(minutes=PROMISED)
    promise = Promise.objects.create(
        words="A first answer within four hours",
        measure=Promise.Measure.FIRST_ANSWER,
        minutes=PROMISED,
        is_round_the_clock=True,
        created_at=datetime(2000, 1, 1, tzinfo=UTC),
    )
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, {"promise": promise.pk, "length": minutes, "now": now})


def long_ticket() -> Ticket:
    """The conversation of MESSAGES messages."""
    return Ticket.objects.filter(subject=SUBJECT)[0]


def _spread(tickets: QuerySet[Ticket], *, offset: int) -> QuerySet[Ticket]:
    """Some of them, evenly from the oldest to the newest; others for another offset."""
    last = Ticket.objects.order_by("-number").values_list("number", flat=True)[0]
    step = max(2, last // max(AT_LEAST, last // EACH))
    return tickets.filter(number__in=range(last - offset, 0, -step)).order_by("number")


def _mention(agent: User, by: User, now: datetime) -> None:
    body = f"Can you have a look at this one, @{agent.name}?"
    note: dict[str, Any] = {"body": body, "kind": Message.Kind.NOTE, "at": now}
    posts = [Post(ticket, by=by, **note) for ticket in _spread(Ticket.objects.visible_to(agent), offset=0)]
    for message in post_messages(posts):
        notify(message.event)


def _converse(agent: User, now: datetime) -> None:
    """A conversation of two days with notes, formatted answers, and a file."""
    customer = Customer.objects.exclude(name="").order_by("-pk")[0]
    began = now - timedelta(days=2)
    facts: dict[str, Any] = {"channel": Channel.CHAT, "team": agent.teams.order_by("pk")[0], "at": began}
    ticket = open_ticket(customer, by=customer, subject=SUBJECT, body=words.ASKED[0].replace("#", "48213"), **facts)
    post_messages(list(_posts(ticket, customer, agent, began)))


def _posts(ticket: Ticket, customer: Customer, agent: User, began: datetime) -> Iterator[Post]:
    """All messages after the first one: in turn the agent's and the customer's, now and then a note."""
    file = str(add_attachment(SimpleUploadedFile(FILE, b"%PDF-1.4 a card"), by=customer).pk)
    for place in range(1, MESSAGES):
        at = began + timedelta(minutes=20 * place)
        more = words.MORE[place % len(words.MORE)]
        if place % NOTE_EVERY == 0:
            yield Post(ticket, by=agent, body=f"{words.NOTED[0]} {more}", kind=Message.Kind.NOTE, at=at)
        elif place % 2:
            body = f"{words.ANSWERED[place % len(words.ANSWERED)]}\n\n- **Today:** {more}\n- *Tomorrow:* the rest"
            yield Post(ticket, by=agent, body=body, format=Message.Format.MARKDOWN, at=at)
        else:
            files = (file,) if place == 2 else ()
            body = f"{words.ASKED[place % len(words.ASKED)]} {more}"
            yield Post(ticket, by=customer, body=body, attachments=files, at=at)
