"""Cases: the queue of them, what was decided, and what is done with one beside its ticket."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from accounts.models import User
from recovery import actions
from recovery.forms.cases import CaseForm, DecisionForm, OpenCaseForm, QueueForm
from recovery.models import Case, Trigger
from recovery.queries.queue import (
    COUNT_CAP,
    case_page,
    count_mine,
    decision_page,
    due_words,
    is_overdue,
    stretch_of,
)
from recovery.views.panel import act_on, ticket_of
from tickets.models import Undo
from tickets.views.inbox import answer, viewer_with_teams
from tickets.views.undoing import offer_undo

STRETCHES = {
    "overdue": gettext_lazy("Overdue"),
    "today": gettext_lazy("Today"),
    "later": gettext_lazy("Later"),
    "done": gettext_lazy("Made good"),
}


# --- The queue -----------------------------------------------------------------------------
@requires("recovery.view")
@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The open cases, the one that is due first at the top."""
    user, now = viewer_with_teams(request), timezone.now()
    form = QueueForm(request.GET)
    asked = form.asked()
    page = case_page(user, asked, cursor=request.GET.get("cursor", ""))
    rows = [
        {"case": one, "due": due_words(one, now), "is_overdue": is_overdue(one, now), "stretch": stretch_of(one, now)}
        for one in page.cases
    ]
    filters = {name: request.GET[name] for name in ("whose", "state", "trigger", "second") if request.GET.get(name)}
    context = {
        "groups": [
            {"key": key, "label": STRETCHES[key], "rows": list(group)}
            for key, group in groupby(rows, key=lambda row: str(row["stretch"]))
        ],
        "next_cursor": page.next_cursor,
        "form": form,
        "whose": asked.whose,
        "filters": urlencode(filters),
        "is_filtered": bool(asked.state or asked.trigger or asked.is_second or asked.whose != "all"),
        "is_first_page": "cursor" not in request.GET,
        "tab": "cases",
        "section": "recovery",
    }
    return answer(request, context, page="recovery/queue.html", fragment="recovery/_queue.html")


@requires("recovery.view")
@never_cache
@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """What triggers asked, and why there is a case, or why not."""
    form = DecisionForm(request.GET)
    asked = form.asked()
    page = decision_page(viewer_with_teams(request), **asked, cursor=request.GET.get("cursor", ""))
    context = {
        "decisions": page.decisions,
        "next_cursor": page.next_cursor,
        "form": form,
        "filters": urlencode({name: value for name, value in asked.items() if value}),
        "is_filtered": any(asked.values()),
        "tab": "decisions",
        "section": "recovery",
    }
    return render(request, "recovery/decisions.html", context)


@requires("recovery.view")
@never_cache
@require_safe
def place(request: HttpRequest) -> HttpResponse:
    """The place in the rail, with how many open cases are theirs: fetched by the page, which has no query for it."""
    count = count_mine(viewer(request))
    shown = f"{COUNT_CAP}+" if count > COUNT_CAP else count
    return render(request, "recovery/_place.html", {"mine": shown, "is_counted": True})


# --- Beside a ticket -----------------------------------------------------------------------
@requires("recovery.work")
@require_POST
def open_case(request: HttpRequest, number: int) -> HttpResponse:
    """One of us thinks that this is to be made good."""
    ticket, form = ticket_of(request, number), OpenCaseForm(request.POST)

    def act() -> None:
        why = {"note": form.cleaned_data["note"], "at": timezone.now().isoformat()}
        actions.open_case(ticket, by=viewer(request), trigger=Trigger.AGENT, why=why)

    return act_on(request, ticket, form, act)


@requires("recovery.work")
@require_POST
def case(request: HttpRequest, number: int) -> HttpResponse:
    """Take it, say that they were called, that it is right now, that it is over, or that it is not."""
    ticket, form, user = ticket_of(request, number), CaseForm(request.POST), viewer(request)
    undo: list[Undo] = []

    def act() -> None:
        found = get_object_or_404(Case.objects.visible_to(user).select_related("ticket", "owner"), ticket=ticket)
        said = form.cleaned_data
        undo.extend(actions.remember_case(found, by=user, act=lambda: _deeds(found, user, said)[said["do"]]()))

    response = act_on(request, ticket, form, act)
    return offer_undo(response, undo[0] if undo else None)


def _deeds(found: Case, user: User, said: dict[str, Any]) -> dict[str, Callable[[], object]]:
    note = said["note"]
    return {
        "take": lambda: actions.take_case(found, by=user),
        "give": lambda: actions.take_case(found, by=user, user=said["user"]),
        "call": lambda: actions.contact_case(found, by=user, way="call", note=note),
        "contact": lambda: actions.contact_case(found, by=user, note=note),
        "verify": lambda: actions.verify_case(found, by=user, note=note),
        "close": lambda: actions.close_case(found, by=user, note=note),
        "reopen": lambda: actions.reopen_case(found, by=user, why=note),
    }
