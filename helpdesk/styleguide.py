"""Every component in every state on one page, with sample data; development only."""

from datetime import datetime, timedelta
from types import SimpleNamespace as Sample
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tickets.queries.viewing import USUAL_COLUMNS, shown_columns

COLORS = [
    "paper",
    "surface",
    "sunken",
    "ink",
    "ink-2",
    "ink-3",
    "accent",
    "accent-soft",
    "note",
    "note-ink",
    "wrong",
    "calm",
]


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(help_text="As customers see it.")
    email = forms.EmailField(label="Email")
    role = forms.ChoiceField(choices=[("agent", "Agent"), ("lead", "Lead"), ("admin", "Admin")])
    about = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    copy_me = forms.BooleanField(label="Send me a copy", required=False, help_text="To the address above.")


class SampleReply(forms.Form):
    """Refuses whatever is longer than ten characters, to show how."""

    body = forms.CharField(max_length=10)
    kind = forms.CharField()
    client_id = forms.CharField(required=False)


SHOWS = {"ticket": "tickets/ticket.html", "inbox": "tickets/inbox.html"}


def styleguide(request: HttpRequest) -> HttpResponse:
    """The page; `?dir=rtl` shows it from right to left, `?show=ticket` or `inbox` the whole workspace."""
    now = timezone.now()
    return render(
        request,
        SHOWS.get(request.GET.get("show", ""), "styleguide.html"),
        {
            "colors": COLORS,
            "empty_form": SampleForm(),
            "wrong_form": SampleForm({"name": "", "email": "carla(at)example.com", "about": "Kept as it was typed."}),
            "composer_error": SampleReply({"body": "Nadia, take our loan wheel home today", "kind": "note"}),
            "text_direction": "rtl" if request.GET.get("dir") == "rtl" else "ltr",
            "now": now,
            "perms": {
                "tickets": dict.fromkeys(["reply", "resolve", "assign", "set_priority", "set_status", "tag"], True),
                "customers": {"block": True},
            },
            **_live_chat(now),
            **_workspace(now),
        },
    )


def _live_chat(now: datetime) -> dict[str, Any]:
    """What rings, and what is known of a visitor."""
    tickets = _tickets(now)
    asked = Sample(ticket=tickets[2], invited_by=_person("Lena Brandt", "LB"), note="You know tubeless best.")
    page = Sample(url="https://shop.example/tyres/42", title="Tyres in 622 × 42", at=now - timedelta(minutes=3))
    return {
        "calls": [{"ticket": tickets[1], "number": tickets[1].number, "seconds_left": 21}],
        "invitations": [{"invitation": asked, "number": tickets[2].number}],
        "customer": tickets[0].customer,
        "identities": [Sample(site=Sample(name="the shop"), subject="customer-4711")],
        "visitor": Sample(site=Sample(name="the shop"), time_zone="Europe/Berlin", network_address="192.0.2.7"),
        "is_here": True,
        "page": page,
        "pages": [page, Sample(url="https://shop.example/", title="", at=now - timedelta(minutes=9))],
        "own_pages": {page.url},
        "browser": "Firefox 144 on Windows",
        "language": "German",
        "seen": {"seq": 3, "at": now},
    }


def _all(*items: Any) -> Sample:
    """Stands for a related manager."""
    return Sample(all=list(items))


def _workspace(now: datetime) -> dict[str, Any]:
    tickets = _tickets(now)
    ticket = tickets[0]
    views = [
        ("mine", "Mine", "inbox", 4),
        ("waiting", "Waiting for us", "clock", 9),
        ("unassigned", "Unassigned", "plus", 3),
        ("all", "All open", "layers", 31),
        ("solved", "Solved", "circle-check", None),
    ]
    return {
        "views": [
            Sample(key=key, label=label, icon=icon, count=count, is_current=key == "mine", url=f"/inbox/?view={key}")
            for key, label, icon, count in views
        ],
        "teams_views": [
            Sample(
                key="team-workshop",
                label="Workshop",
                icon="users",
                count=6,
                is_current=False,
                url="/inbox/?view=team-workshop",
            )
        ],
        "current_view": "mine",
        "current_label": "Mine",
        "tickets": tickets,
        "columns": shown_columns(USUAL_COLUMNS),
        "next_cursor": "sample",
        "ticket": ticket,
        "open_number": ticket.number,
        "events": _events(ticket, now),
        "teams": [Sample(pk=1, name="Shop"), Sample(pk=2, name="Workshop")],
        "assignees": [Sample(pk=1, name="Jonas Reuter"), Sample(pk=2, name="Lena Brandt")],
        "other_tickets": [
            Sample(number=3977, subject="Is the 622 × 42 in stock?", updated_at=now - timedelta(days=4)),
            Sample(number=2101, subject="Praise for the Saturday team", updated_at=now - timedelta(days=240)),
        ],
        "root_causes": [
            Sample(pk=1, slug="tyre-size", name="Tyre size read off the frame", path="Ordering"),
            Sample(pk=2, slug="depot", name="Parcel left at the depot", path="Delivery"),
        ],
    }


def _person(name: str, initials: str, *addresses: Sample) -> Sample:
    return Sample(
        pk=1,
        name=name,
        display_name=name,
        short_name=name.split()[0],
        initials=initials,
        email=addresses[0].email if addresses else None,
        addresses=_all(*addresses),
        company=Sample(name="Okafor & Sons"),
        locale="en",
        time_zone="Europe/Berlin",
        created_at=datetime(2021, 3, 1, tzinfo=timezone.get_current_timezone()),
    )


def _tickets(now: datetime) -> list[Sample]:
    nadia = _person(
        "Nadia Okafor",
        "NO",
        Sample(email="nadia@example.com", is_verified=True, get_proof_display="verified"),
        Sample(email="n.okafor@example.org", is_verified=False, get_proof_display="not verified"),
    )
    jonas, lena = _person("Jonas Reuter", "JR"), _person("Lena Brandt", "LB")
    long_name = "Wolfgang-Amadeus von und zu Hohenlohe-Waldenburg-Schillingsfürst"
    rows = [
        (nadia, "So it is the wrong one again? I drove forty minutes.", "Chat", "open", 2, 8, 2, True, jonas),
        (
            _person("Henrik Aasen", "HA"),
            "The invoice shows two charges for the same fork",
            "Email",
            "open",
            4,
            22,
            98,
            True,
            None,
        ),
        (_person("دانا فارس", "دف"), "الإطار الذي وصلني ليس المقاس الصحيح", "Form", "open", 3, 31, -20, False, lena),
        (
            _person("Oakline Couriers", "OC"),
            "Re: parcel 7781 left at the wrong depot",
            "Email",
            "pending",
            2,
            None,
            0,
            False,
            lena,
        ),
        (
            _person(long_name, "WH"),
            "Is the cargo rack in stock in green? " * 4,
            "API",
            "on_hold",
            1,
            None,
            0,
            False,
            None,
        ),
        (_person("Tomasz Lewandowski", "TL"), "Thank you, that was quick!", "Chat", "solved", 2, None, 0, False, None),
    ]
    return [
        Sample(
            number=4182 + index,
            pk=4182 + index,
            get_absolute_url=f"/tickets/{4182 + index}/",
            reference=f"0sample{index}",
            subject="Wrong tyre ordered, second visit",
            customer=customer,
            preview=preview,
            channel=channel.lower(),
            get_channel_display=channel,
            status=status,
            get_status_display=status.replace("_", " "),
            priority=priority,
            waiting_since=now - timedelta(minutes=waited) if waited else None,
            answer_due_at=now + timedelta(minutes=due) if waited else None,
            is_unread=unread,
            assignee=assignee,
            assignee_id=1 if assignee is jonas else 2 if assignee else None,
            team=Sample(name="Workshop"),
            team_id=2,
            site=Sample(name="the shop"),
            tag_names=["tyre", "order"],
            root_cause=None,
            root_cause_id=None,
            last_seq=7,
            created_at=now - timedelta(minutes=40),
            updated_at=now - timedelta(minutes=index * index * 40),
            solved_at=now,
        )
        for index, (customer, preview, channel, status, priority, waited, due, unread, assignee) in enumerate(rows)
    ]


def _events(ticket: Sample, now: datetime) -> list[Sample]:
    jonas, lena = _person("Jonas Reuter", "JR"), _person("Lena Brandt", "LB")
    said = [
        (
            "message.posted",
            None,
            "You told me on Tuesday that the 622 × 42 was here. I drove forty minutes, and they hand me a 47.",
        ),
        (
            "ticket.assigned",
            lena,
            {"user": {"from": None, "to": "Jonas Reuter"}, "team": {"from": "Shop", "to": "Workshop"}},
        ),
        (
            "message.posted",
            jonas,
            "You're right, and I'm sorry. We ordered the 47.\n\nGive me a minute to see what I can do today.",
        ),
        (
            "note",
            lena,
            "A loan wheel in her size is on stand 3. Piet can fit the tyre at her home tonight.",
        ),
        ("priority.changed", lena, {"from": 2, "to": 3}),
        ("ticket.tagged", lena, {"added": ["tyre", "order"], "removed": []}),
        (
            "message.posted",
            None,
            "So it is the wrong one again? I drove forty minutes. https://example.com/a/very/long/address/that/does/not/fit/on/one/line/of/a/phone/at/all?order=4182",
        ),
        ("rating.given", None, {"score": 4, "comment": "Quick, and he said sorry like he meant it."}),
        ("agent.invited", jonas, {"user": {"name": "Amara Diallo"}, "note": "Is there a 42 in Utrecht?"}),
        ("ticket.resolved", jonas, {"cause": "Tyre size read off the frame", "note": "Loan wheel until Tuesday."}),
        ("mail.failed", None, {"state": "failed", "reason": "550 no such mailbox"}),
        ("ticket.reopened", jonas, {}),
    ]
    return [
        _event(seq, type_, user, what, ticket, now - timedelta(minutes=12 - seq))
        for seq, (type_, user, what) in enumerate(said, 1)
    ]


def _event(seq: int, type_: str, user: Sample | None, what: Any, ticket: Sample, at: datetime) -> Sample:
    by = {"by_user": user, "by_user_id": user and 2, "by_customer": None if user else ticket.customer}
    message = None
    if isinstance(what, str):
        kind = "note" if type_ == "note" else "reply"
        said_by = user or ticket.customer
        message = Sample(pk=seq, kind=kind, body=what, is_markdown=user is not None, by=said_by, **by)
    if type_ == "mail.failed":
        by["by_customer"] = None
    return Sample(
        seq=seq,
        ticket_id=ticket.pk,
        type=type_,
        template=f"events/_{type_}.html",
        at=at,
        message=message,
        data={} if message else what,
        **by,
    )
