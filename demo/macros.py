"""What Bellwether Cycles answers again and again."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Team, User
from tickets.actions import create_macro
from tickets.macros import Step, read
from tickets.models import Macro, Message

# name, whose ("" everybody, a team's slug, or a person's name), words, steps as `kind:value`, times used
MACROS = [
    (
        "Thanks, we are looking into it",
        "",
        "Hello {{ customer.first_name | there }},\n\nthank you for writing. I have your message and am looking into it"
        " now; you hear from me today.\n\nKind regards,\n{{ agent.name }}, {{ company.name }}",
        ["assign:me"],
        214,
    ),
    (
        "Ask for the tyre size",
        "",
        "Hello {{ customer.first_name | there }},\n\nwhich numbers stand on the side of your old tyre? They look like"
        " 42-622 or 28 × 1.60. The number on the frame is the frame’s own, not the tyre’s. A photo is fine, too.",
        ["add_tags:tyre", "status:pending"],
        131,
    ),
    (
        "Wrong part: sorry, the right one is on its way",
        "online-orders",
        "Hello {{ customer.first_name | there }},\n\nI am sorry: we sent you the wrong part. The right one leaves today"
        " and costs you nothing. Keep the other one, or drop it off when you pass by; you need not send it back.\n\n"
        "{{ agent.name }}",
        ["add_tags:wrong part", "priority:3", "snooze:in 3 days"],
        58,
    ),
    (
        "Parcel is at the depot",
        "online-orders",
        "Hello {{ customer.first_name | there }},\n\nyour parcel is at the carrier’s depot and goes out again on the"
        " next working day. If it does not come, answer this message and I send a new one. Your reference is"
        " {{ ticket.reference }}.",
        ["resolve:parcel-at-depot"],
        77,
    ),
    (
        "Bike is ready to be picked up",
        "workshop",
        "Hello {{ customer.first_name | there }},\n\nyour bicycle is ready. We are here until 18:00, on Saturdays until"
        " 17:00. Please bring the ticket from the workshop, or just tell us your name.",
        ["resolve:none"],
        164,
    ),
    (
        "I want to help; swearing won’t get us there",
        "",
        "{{ customer.first_name | Hello }}, I can hear how annoyed you are, and I want to put this right. I can do that"
        " best if we stay with what happened. Tell me what would help you most, and I start with that.",
        [
            "abuse:abusive",
            "note:Rough words in {{ ticket.subject }}. If it goes on, hand it to a lead: nobody takes this alone.",
        ],
        12,
    ),
    ("Hand to the workshop", "shop", "", ["team:workshop", "assign:nobody", "add_tags:workshop"], 43),
    (
        "Loan wheel while you wait",
        "Jonas Reuter",
        "We have a loan wheel in your size. You can take it home today and bring it back when yours is done.",
        ["add_tags:loan wheel"],
        9,
    ),
]


def write_macros(people: dict[str, User], teams: dict[str, Team], now: datetime) -> None:
    """Keep them all; whoever shares them is a lead of theirs, or the manager."""
    manager = people["Ingrid Solheim"]
    for number, (name, whose, body, texts, used) in enumerate(MACROS):
        owner, team = people.get(whose), teams.get(whose)
        steps = [_step(text, teams) for text in texts]
        macro = create_macro(
            by=owner or manager, name=name, body=body, kind=Message.Kind.REPLY, steps=steps, owner=owner, team=team
        )
        used_at = now - timedelta(hours=5 * number + 1)
        Macro.objects.filter(pk=macro.pk).update(used=used, used_at=used_at)


def _step(text: str, teams: dict[str, Team]) -> Step:
    step = read(text)
    if step["do"] == "team":
        step["value"] = str(teams[step["value"]].pk)
    return step
