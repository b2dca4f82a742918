"""A ticket is put into the trash, and taken out of it."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.access import requires, viewer
from tickets import actions
from tickets.models import Ticket
from tickets.views.acting import act_on, after
from tickets.views.undoing import offer_undo


@requires("tickets.trash")
@require_POST
def trash(request: HttpRequest, number: int) -> HttpResponse:
    """Out of everybody's sight; the list of what is there has it."""
    form, user = forms.Form(request.POST), viewer(request)
    return act_on(request, number, form, lambda ticket: actions.trash_ticket(ticket, by=user), is_undoable=True)


@requires("tickets.trash")
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """Back where it was. What somebody else has restored meanwhile is simply shown."""
    user = viewer(request)
    ticket = get_object_or_404(Ticket.objects.trash_of(user) | Ticket.objects.visible_to(user), pk=number)
    with actions.remembering([ticket], by=user) as noted:
        actions.restore_ticket(ticket, by=user)
    return offer_undo(after(request, ticket), noted.undo)
