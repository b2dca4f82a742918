"""Making good beside a ticket: fetched after its page by itself, so that the page asks the database nothing more."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires, viewer
from recovery.models import Failure
from tickets.models import Ticket


@requires("recovery.view")
@never_cache
@require_safe
def panel(request: HttpRequest, number: int) -> HttpResponse:
    """What went wrong on the ticket and what is done about it: a fragment for htmx, a page for everybody else."""
    return panel_of(request, ticket_of(request, number))


def ticket_of(request: HttpRequest, number: int) -> Ticket:
    """The ticket; 404 if the viewer may not see it."""
    tickets = Ticket.objects.visible_to(viewer(request)).select_related("customer__merged_into", "root_cause")
    return get_object_or_404(tickets, pk=number)


def panel_of(request: HttpRequest, ticket: Ticket, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The panel as it is now; `forms` are those that say what is wrong with what was typed."""
    context: dict[str, Any] = {"ticket": ticket, "failure": Failure.objects.filter(ticket=ticket).first(), **forms}
    template = "recovery/_panel.html" if request.htmx else "recovery/panel.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)
