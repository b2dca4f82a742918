"""The ledger: entries, balances, a file of them, and what the nightly proof found."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk
from recovery import actions
from recovery.forms.offering import NoteForm
from recovery.models import LedgerAlarm, LedgerEntry
from recovery.money import exact
from recovery.queries.budgets import own_limits, team_budgets
from recovery.queries.ledger import alarm_words, balances, entries_for, open_alarms
from recovery.sheets import file_of
from tickets.views.acting import UNPROCESSABLE, see_other

PAGE_SIZE = 50
COLUMNS = [
    "at",
    "ticket",
    "customer",
    "offer",
    "version",
    "step",
    "amount",
    "currency",
    "own_amount",
    "own_currency",
    "by",
    "note",
]


@requires("recovery.approve")
@never_cache
@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """The steps of all offers that the viewer may see, the newest first."""
    return _page(request)


@requires("recovery.approve")
@never_cache
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The same as a file for spreadsheets."""
    entries = entries_for(viewer(request)).iterator(chunk_size=500)
    lines = file_of(COLUMNS, (_cells(entry) for entry in entries))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="ledger-{day}.csv"'
    return response


@requires("recovery.manage")
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has looked into an alarm."""
    form, alarm = NoteForm(request.POST), get_object_or_404(LedgerAlarm, pk=pk)
    if form.is_valid():
        try:
            actions.settle_alarm(alarm, by=viewer(request), note=form.cleaned_data["note"])
        except ValidationError as error:
            refuse(form, error)
        else:
            return see_other(reverse("recovery:ledger"))
    return _page(request, form=form, status=UNPROCESSABLE)


def _page(request: HttpRequest, *, form: NoteForm | None = None, status: int = 200) -> HttpResponse:
    user = viewer(request)
    entries = entries_for(user)
    is_manager = user.has_perm("recovery.manage")
    alarms = [(alarm, alarm_words(alarm.what)) for alarm in open_alarms()] if is_manager else []
    context: dict[str, Any] = {
        "page": Paginator(entries, PAGE_SIZE).get_page(request.GET.get("page")),
        "balances": balances(entries),
        "budgets": team_budgets(user, timezone.now()),
        "own_limits": own_limits(user, timezone.now()),
        "own_currency": Desk.current().currency,
        "alarms": alarms,
        "form": form,
        "tab": "ledger",
        "section": "recovery",
    }
    return render(request, "recovery/ledger.html", context, status=status)


def _cells(entry: LedgerEntry) -> list[str]:
    offer = entry.offer
    own = "" if entry.own_amount is None else f"{exact(entry.own_amount, entry.own_currency):f}"
    return [
        entry.at.isoformat(),
        str(offer.case.ticket_id),
        offer.case.ticket.customer.display_name,
        str(offer.pk),
        str(offer.version),
        entry.step,
        f"{exact(entry.amount, entry.currency):f}",
        entry.currency,
        own,
        entry.own_currency,
        entry.by.name if entry.by else "",
        entry.note,
    ]
