"""What Bellwether Cycles has added to its tickets: fields, statuses, articles; and where they are used today."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Team, User
from demo.company import SIGNED_IN
from tickets.actions import add_items, check_item, create_article, set_fields, set_status
from tickets.actions.shaping import create_field, create_status
from tickets.models import Channel, Field, NamedStatus, Status, Ticket

# name, kind, help, team, choices
FIELDS: list[tuple[str, str, str, str, list[str]]] = [
    ("Order", Field.Kind.TEXT, "As on the invoice, such as B-20417.", "", []),
    ("Frame size", Field.Kind.CHOICE, "", "workshop", ["49 cm", "52 cm", "55 cm", "58 cm", "61 cm"]),
    ("Under warranty", Field.Kind.YES_NO, "Two years from the day it was collected.", "", []),
]
STATUSES = [
    ("Waiting for a part", Status.ON_HOLD),
    ("With the maker", Status.ON_HOLD),
    ("To be collected", Status.PENDING),
]
ARTICLES = [
    ("Which tyre fits my rim?", "tyre-sizes", "Where the two numbers on the tyre are, and which ones go together."),
    ("Bring your bike in for a service", "service", "What a service covers, what it costs and how long it takes."),
    ("Send something back", "returns", "Thirty days, any reason; how to get the label."),
    ("Assemble your new bike", "assembly", "Ten steps with pictures, and the two that people ask about."),
]
LOAN_WHEEL = "Loan wheel set aside on stand 3\nThe right tyre ordered, with today's delivery\nA time for fitting agreed"


def write_shapes(people: dict[str, User], teams: dict[str, Team]) -> None:
    """Keep them, each by whoever may."""
    manager = people["Ingrid Solheim"]
    for name, kind, help_text, team, options in FIELDS:
        create_field(by=manager, name=name, kind=kind, help=help_text, team=teams.get(team), options=options)
    for name, status in STATUSES:
        create_status(by=manager, name=name, status=status)
    for title, page, summary in ARTICLES:
        create_article(by=manager, title=title, url=f"https://bellwether.example/help/{page}/", summary=summary)


def use_shapes(people: dict[str, User], now: datetime) -> None:
    """Say on the tickets that wait for something what it is, and what is left to do for the one in the chat."""
    lena, agent, at = people["Lena Brandt"], people[SIGNED_IN], now - timedelta(minutes=1)
    part = NamedStatus.objects.get(name="Waiting for a part")
    for ticket in Ticket.objects.filter(status=Status.ON_HOLD).order_by("number"):
        set_status(ticket, by=lena, status=Status.ON_HOLD, named=part, at=at)
        set_fields(ticket, by=lena, values={"order": f"B-{20_000 + ticket.number}"}, at=at)
    chats = Ticket.objects.unsolved().filter(channel=Channel.CHAT, assignee=agent, customer__name="Nadia Okafor")
    for ticket in chats.order_by("-number")[:1]:
        items = add_items(ticket, by=agent, text=LOAN_WHEEL, at=at)
        check_item(items[0], by=agent, is_done=True, at=at)
