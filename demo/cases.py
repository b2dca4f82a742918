"""The cases of the demo company: opened by what happened, decided as from day to day, and most of them seen through."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.recovery import second_visit
from recovery.actions import close_case, contact_case, verify_case
from recovery.actions.considering import ask_about, decide
from recovery.models import Case, Decision, Trigger
from recovery.queries.triggers import ASKS_ON, rules
from tickets.actions import rate_ticket
from tickets.models import Event, Ticket

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATELY = timedelta(days=30)
ASK = (Trigger.RATING, Trigger.REOPENED, Trigger.SECOND)
SETTLED_AFTER, TOUCHED_AFTER = 3 * DAY, 12 * HOUR


# What customers thought of it, the newest ticket first.
RATINGS: list[tuple[int, str]] = [
    (5, "Super quick, thank you"),
    (1, "Never again. Three people, three answers."),
    (4, ""),
    (5, "Friendly as ever"),
    (2, "It works now, but it took a week and nobody called."),
    (5, ""),
    (4, "All good"),
    (1, "I was charged twice and had to find out myself."),
    (5, "The best shop in town"),
    (3, ""),
    (2, "Wrong part again"),
    (5, "Thanks, Tomás!"),
    (5, ""),
]


def open_cases(now: datetime) -> None:
    """By what customers said in the last month; the tyre story is left for whoever plays it."""
    _rate(now)
    found = rules()
    types = {type_ for trigger in ASK for type_ in ASKS_ON[trigger]}
    lately = Event.objects.filter(type__in=types, at__gte=now - LATELY).exclude(
        ticket__customer=second_visit().customer
    )
    for event in lately.select_related("ticket__customer", "message").order_by("at", "pk"):
        for trigger in ASK:
            if event.type in ASKS_ON[trigger] and ask_about(event, rule=found[trigger]):
                asked = Decision.objects.select_related("ticket").get(trigger=trigger, event=event)
                decide(asked, at=_after(event.ticket_id, event.at + MINUTE, now))
    for case in Case.objects.open().filter(trigger__in=ASK).select_related("owner", "ticket").order_by("pk"):
        _see_through(case, now)


def _rate(now: datetime) -> None:
    """Every fourth of the tickets solved lately is rated; whoever was offered something is asked by its survey."""
    solved = Ticket.objects.solved().filter(
        merged_into=None, rating=None, recovery_case=None, solved_at__gte=now - LATELY
    )
    solved = solved.exclude(customer=second_visit().customer)  # for whom it is the first failure
    newest = solved.select_related("customer").order_by("-solved_at")[::4]
    for ticket, (score, comment) in zip(newest, RATINGS, strict=False):
        at = _after(ticket.pk, ticket.updated_at + HOUR, now)
        rate_ticket(ticket, by=ticket.customer, score=score, comment=comment, at=at)


def _see_through(case: Case, now: datetime) -> None:
    """What was opened days ago is made good and closed; of the last hours nothing is done yet."""
    age, by = now - case.opened_at, case.owner
    if by is None or age < TOUCHED_AFTER:
        return
    case = contact_case(case, by=by, way="call", at=_after(case.ticket_id, case.opened_at + 3 * HOUR, now))
    if age > SETTLED_AFTER:
        case = verify_case(case, by=by, at=_after(case.ticket_id, case.opened_at + DAY, now))
        close_case(case, by=by, at=_after(case.ticket_id, case.opened_at + 2 * DAY, now))


def _after(number: int, at: datetime, now: datetime) -> datetime:
    """This moment, or one after the last that happened on the ticket; not in the future."""
    last = Ticket.objects.values_list("updated_at", flat=True).get(pk=number)
    return min(max(at, last + MINUTE), max(last, now - MINUTE))
