"""What Bellwether Cycles checks on again and again, and what it has planned for the next days."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Team, User
from tickets.actions import plan_follow_up, run_follow_up
from tickets.actions.follow_up_templates import create_template
from tickets.models import FollowUp, FollowUpTemplate, Ticket, Unless

MESSAGE, TASK = FollowUp.Kind.MESSAGE, FollowUp.Kind.TASK
# name, kind, whose ("" everybody, a team's slug), when, words, what makes it pointless
TEMPLATES = [
    (
        "Has the part arrived?",
        MESSAGE,
        "",
        "friday 9",
        "Hello {{ customer.first_name | there }},\n\nby now the right part should be with you. Is it there, and does it"
        " fit? If not, just answer this mail, and I see to it today.\n\n{{ agent.name }}",
        [Unless.CUSTOMER_WRITES],
    ),
    (
        "Does the repair hold?",
        MESSAGE,
        "workshop",
        "in 14 days",
        "Hello {{ customer.first_name | there }},\n\ntwo weeks ago we worked on your bicycle. Does everything run as it"
        " should? If anything rattles or rubs, come by: we look at it while you wait.\n\n{{ agent.name }},"
        " {{ company.name }}",
        [Unless.CUSTOMER_WRITES, Unless.REOPENED],
    ),
    (
        "Call the depot",
        TASK,
        "online-orders",
        "tomorrow 9",
        "Call the depot: has the parcel moved? If not, send a new one.",
        [Unless.SOLVED],
    ),
]
# days from now until it is due, kind, the template's name, or words of its own
PLANNED = [
    (-0.1, TASK, "", "Ring them: did the loan wheel fit?"),
    (0.2, TASK, "Call the depot", ""),
    (1, MESSAGE, "Has the part arrived?", ""),
    (3, TASK, "", "Check that the supplier has confirmed the frame."),
    (5, MESSAGE, "Has the part arrived?", ""),
    (12, MESSAGE, "Does the repair hold?", ""),
]


def write_templates(people: dict[str, User], teams: dict[str, Team]) -> None:
    """Keep them, by the manager."""
    for name, kind, whose, when, body, unless in TEMPLATES:
        create_template(
            by=people["Ingrid Solheim"],
            name=name,
            kind=kind,
            body=body,
            when=when,
            unless=unless,
            team=teams.get(whose),
        )


def plan_follow_ups(now: datetime) -> None:
    """Plan some on conversations that rest, each by whoever has it; the first is due already."""
    since = now - timedelta(days=1)
    resting = Ticket.objects.filter(
        assignee__isnull=False,
        waiting_since=None,
        snoozed_at=None,
        trashed_at=None,
        merged_into=None,
        updated_at__lt=since,
        customer__is_blocked=False,
    )
    kept = {template.name: template for template in FollowUpTemplate.objects.all()}
    newest = resting.exclude(customer__addresses=None).select_related("assignee").order_by("-updated_at")
    found = [*newest.unsolved(), *newest.solved()[: len(PLANNED)]]
    for ticket, (days, kind, name, words) in zip(found, PLANNED, strict=False):
        template, by = kept.get(name), ticket.assignee
        assert by is not None
        row = plan_follow_up(
            ticket,
            by=by,
            kind=kind,
            body=template.body if template else words,
            due_at=now + timedelta(days=days),
            unless=template.unless if template else [],
            template=template,
            at=since,
        )
        if row.due_at <= now:
            run_follow_up(row, at=row.due_at)
