"""What one did a moment ago is offered to be undone, and is."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from accounts.access import own_path, requires, viewer
from tickets import actions
from tickets.actions.undoing import UNDO_FOR
from tickets.models import Undo
from tickets.queries.undos import UNDO_COOKIE, offer_of
from tickets.views.inbox import wants_fragment

NAMED = 5  # tickets whose trouble is said one by one


@requires("tickets.view")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put back what was there before. What is not one's own does not exist."""
    row, user = get_object_or_404(Undo, pk=pk, user=viewer(request)), viewer(request)
    try:
        undone = actions.undo(row, by=user)
    except ValidationError as error:
        return _answer(request, " ".join(error.messages), is_error=error.code != "again")
    count = len(undone.done)
    words = [_("Undone.")]
    if undone.left or not count:
        words = [_("%(count)s undone, %(left)s left alone.") % {"count": count, "left": len(undone.left)}]
    named = list(undone.left.items())[:NAMED]
    words += [_("Ticket %(number)s: %(why)s") % {"number": number, "why": why} for number, why in named]
    return _answer(request, " ".join(words), is_error=bool(undone.left))


def _answer(request: HttpRequest, words: str, *, is_error: bool) -> HttpResponse:
    if wants_fragment(request):
        response = HttpResponse(status=204)
        trigger_client_event(response, "desk:toast", {"text": words, "isError": is_error})
        trigger_client_event(response, "desk:undone", {})
    else:
        (messages.error if is_error else messages.info)(request, words)
        response = redirect(back(request))
        response.status_code = 303  # the answer to a POST is to GET that page
    response.delete_cookie(UNDO_COOKIE, samesite="Lax")
    return response


def offer_undo(response: HttpResponse, undo: Undo | None) -> HttpResponse:
    """Say with an answer that this can be undone: to the page that is open, and to the next one."""
    if undo is not None:
        trigger_client_event(response, "desk:undoable", offer_of(undo))
        # Only pages that come with it ask what can be undone.
        age = int(UNDO_FOR.total_seconds())
        response.set_cookie(UNDO_COOKIE, str(undo.pk), max_age=age, httponly=True, samesite="Lax")
    return response


def back(request: HttpRequest) -> str:
    """The page they came from, or the inbox."""
    return own_path(request, request.headers.get("Referer")) or reverse("tickets:inbox")
