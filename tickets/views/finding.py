"""What the command palette finds: tickets and people, as far as the viewer may see them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.templatetags.grammar import mid_sentence
from tickets.models import Ticket
from tickets.queries.filtering import understand
from tickets.queries.searching import direct_hit, people_found, search_page
from tickets.views.inbox import know_names, viewer_with_teams
from tickets.views.searching import asked

MOST = 6


@requires("tickets.view")
@require_safe
def find(request: HttpRequest) -> JsonResponse:
    """`{"found": [{group, name, detail, url, number}]}`: a few tickets and a few people (who have no number)."""
    user = viewer_with_teams(request)
    words = asked(request)
    if not words:
        return JsonResponse({"found": []})
    search, tickets = understand(words, user), Ticket.objects.visible_to(user)
    hit = direct_hit(tickets, search)
    hits = [hit] if hit else search_page(tickets, user, search).tickets[:MOST]
    know_names(hits)
    found: list[dict[str, Any]] = [_ticket(ticket) for ticket in hits]
    if user.has_perm("customers.view"):
        found += [_customer(customer) for customer in people_found(user, search)]
    return JsonResponse({"found": found})


def _ticket(ticket: Ticket) -> dict[str, str | int]:
    detail = f"{ticket.number} · {ticket.customer.display_name} · {mid_sentence(ticket.get_status_display())}"
    return {
        "group": _("Tickets"),
        "name": ticket.subject or _("No subject"),
        "detail": detail,
        "url": ticket.get_absolute_url(),
        "number": ticket.pk,
    }


def _customer(customer: Any) -> dict[str, str]:
    url = reverse("customers:detail", args=[customer.pk])
    return {"group": _("Customers"), "name": customer.display_name, "detail": customer.email or "", "url": url}
