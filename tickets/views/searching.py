"""What the list shows when something is searched for or a saved view is open."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from customers.models import Address
from tickets.actions import index_due
from tickets.models import SavedView, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.customers import visible_customers
from tickets.queries.excerpts import excerpts
from tickets.queries.filtering import searched_by, understand
from tickets.queries.searching import NEEDS_ANSWER, SORTS, Found, direct_hit, people_found, search_page
from tickets.queries.viewing import USUAL_COLUMNS, awake_for, know_fields, shown_columns
from tickets.search_words import MAX_CHARS, Search


def asked(request: HttpRequest) -> str:
    """What is in the search box."""
    return request.GET.get("q", "").replace("\x00", "")[:MAX_CHARS].strip()


def straight_to(request: HttpRequest, user: User) -> HttpResponse | None:
    """Where a number, a reference or an address alone leads, if it can mean nothing else."""
    words = asked(request)
    search = understand(words, user) if words else Search()
    ticket = direct_hit(Ticket.objects.visible_to(user), search)
    if ticket is not None:
        query = urlencode({"view": request.GET["view"]}) if request.GET.get("view") else ""
        return redirect(f"{ticket.get_absolute_url()}?{query}" if query else ticket.get_absolute_url())
    if search.email:
        theirs = Address.objects.filter(email__iexact=search.email).values("customer")
        found = list(visible_customers(user).filter(pk__in=theirs)[:2])
        if len(found) == 1:
            return redirect("customers:detail", pk=found[0].pk)
    return None


def found_list(request: HttpRequest, user: User, tickets: TicketQuerySet) -> dict[str, Any]:
    """What `?q=` finds: rows with excerpts, what was understood, and people of that name."""
    words, sort = asked(request), request.GET.get("sort", "")
    search = understand(words, user)
    index_due()  # what was said a second ago is found, too
    tickets = searched_by(search, user) if search.is_of_trash else tickets
    page = search_page(tickets, user, search, cursor=request.GET.get("cursor", ""), sort=sort)
    hits = excerpts(page.tickets, user, search, is_similar=page.is_similar)
    for ticket in page.tickets:
        ticket.hit = hits[ticket.pk]  # type: ignore[attr-defined]  # for the row
    is_first = not request.GET.get("cursor")
    return _list(page) | {
        "is_trash": search.is_of_trash,
        "chips": _chips(search, request),
        "people": people_found(user, search) if is_first else [],
        "sort": sort if sort in SORTS else "",
        "sorts": SORTS,
        "default_sort": _("Best match first") if search.wanted else SORTS["newest"],
        "is_similar": page.is_similar,
        "is_too_much": page.is_too_much,
    }


def view_list(request: HttpRequest, user: User, tickets: TicketQuerySet, saved: SavedView) -> dict[str, Any]:
    """What a saved view shows."""
    search = understand(saved.query, user)
    tickets = searched_by(search, user) if search.is_of_trash else tickets
    sort = saved.sort or NEEDS_ANSWER
    page = search_page(tickets.filter(awake_for(search)), user, search, cursor=request.GET.get("cursor", ""), sort=sort)
    if "tags" in saved.columns:
        prefetch_related_objects(page.tickets, "tags")
    know_fields(page.tickets, saved.columns)
    if "team" in saved.columns:
        prefetch_related_objects(page.tickets, "team")
    listed = _list(page) | {"is_trash": search.is_of_trash}
    return listed | {"saved": saved, "columns": shown_columns(saved.columns or USUAL_COLUMNS)}


def _list(page: Found) -> dict[str, Any]:
    return {"tickets": page.tickets, "next_cursor": page.cursor, "is_older": page.is_older}


def _chips(search: Search, request: HttpRequest) -> list[dict[str, str]]:
    """Each part as it was understood, and the address of the search without it."""
    kept = {name: request.GET[name] for name in ("view", "sort") if request.GET.get(name)}
    address = reverse("tickets:inbox")
    return [
        {"label": part.label, "url": f"{address}?{urlencode({**kept, 'q': search.without(part)})}"}
        for part in search.parts
    ]
