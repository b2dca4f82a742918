"""Two tickets are made one, or two again."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.access import requires, viewer
from tickets import actions
from tickets.forms import MergeForm
from tickets.models import Ticket


@requires("tickets.merge")
@require_POST
def merge(request: HttpRequest, number: int) -> HttpResponse:
    """Let another ticket go on for this one, and show that."""
    user = viewer(request)
    tickets = Ticket.objects.visible_to(user)
    ticket = get_object_or_404(tickets, pk=number)
    form = MergeForm(request.POST, tickets=tickets)
    try:
        if form.is_valid():
            into = actions.merge_ticket(ticket, by=user, into=form.cleaned_data["into"])
            messages.success(request, f"Ticket {ticket.pk} is merged into this one. It can be undone at any time.")
            return _see(into)
        problem = " ".join(str(error) for errors in form.errors.values() for error in errors)
    except ValidationError as error:
        problem = " ".join(error.messages)
    messages.error(request, problem)
    return _see(ticket)


@requires("tickets.merge")
@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Make a merged ticket what it was, and show it."""
    user = viewer(request)
    ticket = get_object_or_404(Ticket.objects.visible_to(user), pk=number)
    try:
        actions.undo_merge(ticket, by=user)
        messages.success(request, "This ticket stands by itself again.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return _see(ticket)


def _see(ticket: Ticket) -> HttpResponse:
    """The answer to a POST is to GET that page."""
    response = redirect(ticket.get_absolute_url())
    response.status_code = 303
    return response
