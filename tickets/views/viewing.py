"""Saved views: kept from a search, changed, shared, put in order."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.models import User
from tickets import actions
from tickets.forms import SavedViewForm
from tickets.models import SavedView
from tickets.queries.viewing import key_of, saved_views
from tickets.views.acting import UNPROCESSABLE
from tickets.views.inbox import viewer_with_teams

STEPS = {"up": -1, "down": 1}


@requires("tickets.view")
@require_safe
def views(request: HttpRequest) -> HttpResponse:
    """All views that one may use; those that one may change can be moved and deleted."""
    user = viewer_with_teams(request)
    mine = {view.pk for view in SavedView.objects.changeable_by(user)}
    rows = [{"view": view, "key": key_of(view), "is_changeable": view.pk in mine} for view in saved_views(user)]
    groups = [
        (_("Only you"), [row for row in rows if row["view"].is_private]),  # type: ignore[attr-defined]
        (_("Your teams"), [row for row in rows if row["view"].team_id]),  # type: ignore[attr-defined]
        (_("Everybody"), [row for row in rows if not row["view"].is_private and not row["view"].team_id]),  # type: ignore[attr-defined]
    ]
    context = {"groups": [group for group in groups if group[1]], "section": "views"}
    return render(request, "tickets/views.html", context)


@requires("tickets.view")
@require_http_methods(["GET", "HEAD", "POST"])
def new_view(request: HttpRequest) -> HttpResponse:
    """Keep what `?q=` asks as a view."""
    user = viewer_with_teams(request)
    begun = {"query": request.GET.get("q", "").replace("\x00", ""), "sort": request.GET.get("sort", "")}
    form = SavedViewForm(request.POST if request.method == "POST" else None, user=user, initial=begun)
    if request.method == "POST" and form.is_valid():
        try:
            return _open(actions.save_view(by=user, **form.chosen()))
        except ValidationError as error:
            form.add_error(None, error)
    return _form_page(request, form)


@requires("tickets.view")
@require_http_methods(["GET", "HEAD", "POST"])
def view(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a view; one of others, which one may only use, answers 403."""
    user = viewer_with_teams(request)
    found = _visible(user, pk)
    if not SavedView.objects.changeable_by(user).filter(pk=pk).exists():
        raise PermissionDenied
    form = SavedViewForm(request.POST if request.method == "POST" else None, user=user, view=found)
    if request.method == "POST" and form.is_valid():
        try:
            return _open(actions.change_view(found, by=user, **form.chosen()))
        except ValidationError as error:
            form.add_error(None, error)
    return _form_page(request, form, found)


@requires("tickets.view")
@require_POST
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    """For good; tickets stay as they are."""
    found = _visible(viewer_with_teams(request), pk)
    actions.delete_view(found, by=viewer(request))
    messages.success(request, _("“%(name)s” is deleted. Its tickets are where they were.") % {"name": found.name})
    return redirect("tickets:views")


@requires("tickets.view")
@require_POST
def move_view(request: HttpRequest, pk: int) -> HttpResponse:
    """One place up or down among those of the same people."""
    found = _visible(viewer_with_teams(request), pk)
    actions.move_view(found, by=viewer(request), step=STEPS.get(request.POST.get("to", ""), 0))
    return redirect("tickets:views")


def _visible(user: User, pk: int) -> SavedView:
    return get_object_or_404(SavedView.objects.visible_to(user), pk=pk)


def _open(saved: SavedView) -> HttpResponse:
    return redirect(f"{reverse('tickets:inbox')}?view={key_of(saved)}")


def _form_page(request: HttpRequest, form: SavedViewForm, saved: SavedView | None = None) -> HttpResponse:
    context = {"form": form, "saved": saved, "section": "views"}
    return render(request, "tickets/view.html", context, status=UNPROCESSABLE if form.errors else 200)
