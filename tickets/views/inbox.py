"""The inbox: places on the left, and who needs an answer first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import requires, viewer
from accounts.models import Team, User
from customers.models import Customer
from tickets.models import Ticket
from tickets.queries.inbox import (
    COUNT_CAP,
    DEFAULT_VIEW,
    MENTIONS,
    TRASH,
    Cursor,
    Page,
    View,
    first_page,
    inbox_page,
    inbox_views,
)
from tickets.queries.notifications import mentions_page
from tickets.queries.people import all_teams
from tickets.queries.today import unlisted_view
from tickets.queries.viewing import (
    FIELDS,
    KEY,
    USUAL_COLUMNS,
    count_rail,
    key_of,
    opened_view,
    rail_views,
    saved_views,
    shown_columns,
)
from tickets.views.searching import asked, found_list, straight_to, view_list

MAX_WORDS = 200
_KEPT = ("q", "sort")


@requires("tickets.view")
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """A view of the inbox, or what `?q=` finds; htmx gets the list and the places only."""
    if asked(request) and not wants_fragment(request):
        ticket_or_person = straight_to(request, viewer_with_teams(request))
        if ticket_or_person is not None:
            return ticket_or_person
    context = workspace(request)
    if request.GET.get("view", "").startswith(KEY) and context["current_view"] != request.GET["view"]:
        raise Http404  # a saved view that is gone, or somebody else's own
    know_names(context["tickets"])
    return answer(request, context, page="tickets/inbox.html", fragment="tickets/_live.html")


def answer(
    request: HttpRequest, context: dict[str, Any], *, page: str, fragment: str, status: int = 200
) -> HttpResponse:
    """The page for a browser, its moving part for htmx. A cache must not give one for the other."""
    response = render(request, fragment if wants_fragment(request) else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; when it goes back in the history, it wants all of it."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def workspace(request: HttpRequest, teams: list[Team] | None = None) -> dict[str, Any]:
    """The list beside every ticket and the places beside the list. `teams` are all teams, if they are at hand."""
    user = viewer_with_teams(request)
    saved = saved_views(user)
    rail_teams = _rail_teams(user, teams)
    rail = inbox_views(user, rail_teams)
    views = rail | {view.key: view for view in rail_views(user, saved)}
    kept = {key_of(one) for one in saved}
    key = request.GET.get("view", "")
    opened = opened_view(key, saved)
    current = _current(key, views, user)
    tickets = Ticket.objects.visible_to(user)
    words = asked(request)
    if words:
        listed = found_list(request, user, tickets)
    elif opened is not None:
        listed = view_list(request, user, tickets, opened)
    else:
        cursor = Cursor.parse(request.GET.get("cursor", ""))
        if current.key == MENTIONS:
            page = mentions_page(tickets, user, cursor)
        elif cursor is None and current.key in rail:
            page = first_page(user, rail_teams, list(rail).index(current.key))
        else:
            listed_of = Ticket.objects.trash_of(user) if current.key == TRASH else tickets
            page = inbox_page(listed_of, user, current, cursor)
        listed = {"tickets": page.tickets, "next_cursor": _text(page)}
    counts = count_rail(user, rail_teams, views.values())
    shown = [_place(view, counts, is_current=view is current and not words) for view in views.values()]
    return {
        "views": [place for place in shown if not place["is_team"] and place["key"] not in kept],
        "saved_views": [place for place in shown if place["key"] in kept],
        "teams_views": [place for place in shown if place["is_team"]],
        "current_view": current.key,
        "current_label": _("Found for “%(words)s”") % {"words": words} if words else current.label,
        "q": words,
        # What an address says of this list, but not where in it: rows and pages keep it.
        "here": urlencode({"view": current.key} | {name: request.GET[name] for name in _KEPT if request.GET.get(name)}),
        "columns": shown_columns(USUAL_COLUMNS),
        "is_trash": current.key == TRASH,
        "has_fields": counts[FIELDS],
        "now": timezone.now(),
        **listed,
    }


def _current(key: str, views: dict[str, View], user: User) -> View:
    """The place that the address names; one that we do not know is the usual one."""
    return views.get(key) or (unlisted_view(key, user, timezone.now()) if key else None) or views[DEFAULT_VIEW]


def viewer_with_teams(request: HttpRequest) -> User:
    """Who is signed in, with their teams read once for all that a page asks."""
    user = viewer(request)
    prefetch_related_objects([user], "teams")
    return user


def know_names(tickets: Iterable[Ticket], *others: Customer) -> None:
    """Fetch at once what names the customers: their addresses, where they have no name."""
    nameless = [ticket.customer for ticket in tickets if not ticket.customer.name]
    prefetch_related_objects([*others, *nameless], "addresses")


def _rail_teams(user: User, teams: list[Team] | None) -> list[Team]:
    if not user.has_perm("tickets.view_all"):
        return list(user.teams.all())
    return all_teams() if teams is None else teams


def _place(view: View, counts: dict[str, int], *, is_current: bool) -> dict[str, Any]:
    """One line of the rail."""
    count = counts.get(view.key)
    return {
        "key": view.key,
        "label": view.label,
        "icon": view.icon,
        "count": f"{COUNT_CAP}+" if count is not None and count > COUNT_CAP else count,
        "is_current": is_current,
        "is_team": view.is_team,
        "url": f"{reverse('tickets:inbox')}?{urlencode({'view': view.key})}",
    }


def _text(page: Page) -> str:
    return str(page.next_cursor) if page.next_cursor else ""
