"""Two tickets are made one, or two again."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import requires, viewer
from tickets import actions
from tickets.forms import MergeForm, problems_of
from tickets.models import Ticket
from tickets.views.acting import act_on, see_other


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
            said = _("Ticket %(number)s is merged into this one. It can be undone at any time.")
            messages.success(request, said % {"number": ticket.pk})
            return see_other(into.get_absolute_url())
        problem = problems_of(form)
    except ValidationError as error:
        problem = " ".join(error.messages)
    messages.error(request, problem)
    return see_other(ticket.get_absolute_url())


@requires("tickets.merge")
@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Make a merged ticket what it was, and show it."""
    user = viewer(request)
    return act_on(request, number, forms.Form(request.POST), lambda ticket: actions.undo_merge(ticket, by=user))
