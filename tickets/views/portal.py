"""What customers open from a mail, without signing in. To look at it changes nothing: scanners follow each link."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tickets import actions
from tickets.forms.rating import RatingForm
from tickets.models import Rating
from tickets.queries.rating import ticket_to_rate


@never_cache
@require_http_methods(["GET", "POST"])
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """How it went, in one press, and in words if they like; it can be changed as long as the link stands."""
    ticket = ticket_to_rate(token)
    if ticket is None or ticket.customer.is_blocked:
        raise Http404
    form = RatingForm(request.POST or None, initial=_initial(request, getattr(ticket, "rating", None)))
    is_done = False
    if request.method == "POST" and form.is_valid():
        actions.rate_ticket(ticket, by=ticket.customer, **form.cleaned_data)
        is_done = True
    status = 422 if form.is_bound and not is_done else 200
    return render(request, "tickets/rate.html", {"form": form, "is_done": is_done}, status=status)


def _initial(request: HttpRequest, given: Rating | None) -> dict[str, object]:
    """What was said before, else what the mail's link says was pressed there."""
    if given:
        return {"score": given.score, "comment": given.comment}
    pressed = request.GET.get("score", "")
    return {"score": int(pressed)} if pressed in {"1", "2", "3", "4", "5"} else {}
