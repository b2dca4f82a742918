"""What the command palette finds: tickets and people, as far as the viewer may see them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import requires, viewer
from tickets.models import Ticket
from tickets.queries import find_customers, find_tickets, visible_customers
from tickets.views.inbox import MAX_WORDS, know_names

MOST = 6


@requires("tickets.view")
@require_safe
def find(request: HttpRequest) -> JsonResponse:
    """`{"found": [{group, name, detail, url}]}`: a few tickets and a few people with these words."""
    user = viewer(request)
    words = request.GET.get("q", "").replace("\x00", "")[:MAX_WORDS].strip()
    found: list[dict[str, Any]] = []
    if words:
        tickets = find_tickets(Ticket.objects.visible_to(user), user, words).tickets[:MOST]
        know_names(tickets)
        found += [_ticket(ticket) for ticket in tickets]
        if user.has_perm("customers.view"):
            people = find_customers(visible_customers(user), words).prefetch_related("addresses")[:MOST]
            found += [_customer(customer) for customer in people]
    return JsonResponse({"found": found})


def _ticket(ticket: Ticket) -> dict[str, str]:
    detail = f"{ticket.number} · {ticket.customer.display_name} · {ticket.get_status_display().lower()}"
    return {
        "group": "Tickets",
        "name": ticket.subject or "No subject",
        "detail": detail,
        "url": ticket.get_absolute_url(),
    }


def _customer(customer: Any) -> dict[str, str]:
    url = reverse("customers:detail", args=[customer.pk])
    return {"group": "Customers", "name": customer.display_name, "detail": customer.email or "", "url": url}
