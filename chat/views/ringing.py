"""What rings for somebody who works here, and their yes or no to it. Sockets take the same answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from accounts.access import requires, viewer
from chat.actions import accept_chat, decline_chat, ringing_for
from chat.presence import mark_online
from chat.queries import live_chats, open_invitations
from tickets.models import Ticket
from tickets.views.inbox import know_names, wants_fragment

CONFLICT = 409


@requires("tickets.view")
@require_safe
def ringing(request: HttpRequest) -> HttpResponse:
    """The chats that ring for the viewer and the tickets they were asked into: a fragment."""
    # A GET that writes: only that their workspace is open, which they say here where sockets are blocked.
    mark_online(viewer(request))
    return _fragment(request)


@requires("tickets.assign")
@require_POST
def accept(request: HttpRequest, number: int) -> HttpResponse:
    """Take a chat and go to it; 409 for htmx, and a word for everybody, if somebody else has it."""
    ticket = get_object_or_404(Ticket.objects.visible_to(viewer(request)), pk=number)
    try:
        accept_chat(ticket, by=viewer(request))
    except ValidationError as error:
        words = " ".join(error.messages)
        if wants_fragment(request):
            refused = _fragment(request, status=CONFLICT)
            return trigger_client_event(refused, "desk:taken", {"text": words})
        messages.error(request, words)
    url = ticket.get_absolute_url()
    return HttpResponseClientRedirect(url) if wants_fragment(request) else _see_other(url)


@requires("tickets.assign")
@require_POST
def decline(request: HttpRequest, number: int) -> HttpResponse:
    """Leave a chat to the others; htmx gets what still rings."""
    ticket = get_object_or_404(Ticket.objects.visible_to(viewer(request)), pk=number)
    decline_chat(ticket, by=viewer(request))
    return _fragment(request) if wants_fragment(request) else _see_other(reverse("tickets:inbox"))


def _see_other(url: str) -> HttpResponse:
    response = redirect(url)
    response.status_code = 303  # the answer to a POST is to GET that page
    return response


def _fragment(request: HttpRequest, *, status: int = 200) -> HttpResponse:
    load = live_chats(timezone.now()).filter(assignee=viewer(request)).count()
    context = {"calls": _calls(request), "invitations": _invitations(request), "load": load}
    return render(request, "chat/_ringing.html", context, status=status)


def _calls(request: HttpRequest) -> list[dict[str, Any]]:
    """The ringing chats as the fragment shows them."""
    ringing = ringing_for(viewer(request))
    tickets = Ticket.objects.visible_to(viewer(request)).with_people().in_bulk([call.number for call in ringing])
    know_names(tickets.values())
    return [
        {"ticket": tickets[call.number], "number": call.number, "seconds_left": call.seconds_left}
        for call in ringing
        if call.number in tickets
    ]


def _invitations(request: HttpRequest) -> list[dict[str, Any]]:
    """The open invitations as the fragment shows them."""
    asked = list(open_invitations(viewer(request)))
    know_names([invitation.ticket for invitation in asked])
    return [{"invitation": invitation, "number": invitation.ticket_id} for invitation in asked]
