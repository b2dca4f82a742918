"""Panels: set by administrators, and seen beside a ticket. What a system answers slowly or not at all keeps nobody
waiting: a panel is fetched after its page, by itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from tickets.actions import panels as acts
from tickets.fetching import FetchError
from tickets.forms.panels import PanelForm
from tickets.models import Panel, Ticket
from tickets.panel_data import ShapeError
from tickets.queries.panels import about_nobody, about_ticket, look, panels_of, signed_url, try_out
from tickets.views.shaping import STEPS

UNPROCESSABLE = 422


# --- Beside a ticket -----------------------------------------------------------------------
@requires("tickets.view")
@never_cache
@require_safe
def panel(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """What its system says of the ticket, as we show it; or, calmly, why there is nothing."""
    ticket, found = _seen(request, number, pk)
    if found.kind != Panel.Kind.DATA:
        return redirect("tickets:panel_frame", number, pk)
    try:
        context: dict[str, Any] = {"shown": look(found, ticket, viewer(request))}
    except (FetchError, ShapeError) as error:
        context = {"trouble": str(error)}
    return render(request, "tickets/_panel.html", context | {"panel": found, "ticket": ticket})


@requires("tickets.view")
@never_cache
@xframe_options_sameorigin
@require_safe
def panel_frame(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """A page with nothing but the frame in it. Only its policy lets that one site into a frame, so that the
    workspace, which stays open all day, allows none."""
    ticket, found = _seen(request, number, pk, kind=Panel.Kind.PAGE)
    response = render(request, "tickets/panel_frame.html", {"panel": found, "ticket": ticket})
    response._csp_replace = {  # type: ignore[attr-defined]  # django-csp's way
        "frame-src": [SELF, _origin(found)], "frame-ancestors": [SELF], "script-src": [NONE],
    }  # fmt: skip
    return response


@requires("tickets.view")
@never_cache
@require_safe
def panel_door(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """To the page itself, with a token that is made for this look at it and stands in no page of ours."""
    ticket, found = _seen(request, number, pk, kind=Panel.Kind.PAGE)
    return HttpResponseRedirect(signed_url(found, about_ticket(ticket, viewer(request)), now=timezone.now()))


def _seen(request: HttpRequest, number: int, pk: int, **kind: str) -> tuple[Ticket, Panel]:
    """The ticket and a panel beside it; 404 if the viewer does not see the ticket with this panel."""
    tickets = Ticket.objects.visible_to(viewer(request)).select_related("customer")
    ticket = get_object_or_404(tickets.prefetch_related("customer__addresses"), pk=number)
    return ticket, get_object_or_404(panels_of(ticket).filter(**kind), pk=pk)


def _origin(found: Panel) -> str:
    parts = urlsplit(found.url)
    return f"{parts.scheme}://{parts.netloc}"


# --- Under Settings ------------------------------------------------------------------------
@requires("accounts.manage_sites")
@require_safe
def panels(request: HttpRequest) -> HttpResponse:
    context = {"panels": Panel.objects.select_related("team"), "section": "panels"}
    return render(request, "tickets/panels.html", context)


@requires("accounts.manage_sites")
@require_http_methods(["GET", "HEAD", "POST"])
def new_panel(request: HttpRequest) -> HttpResponse:
    """The page after it shows the secret, once."""
    form = PanelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.create_panel(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            return _page(request, PanelForm(panel=made), made, secret=made.secret)
    return _page(request, form)


@requires("accounts.manage_sites")
@require_http_methods(["GET", "HEAD", "POST"])
def change_panel(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Panel, pk=pk)
    form = PanelForm(request.POST if request.method == "POST" else None, panel=found)
    if request.method == "POST" and form.is_valid():
        try:
            acts.change_panel(found, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("shaping:panel", pk)
    return _page(request, form, found)


@requires("accounts.manage_sites")
@require_POST
def new_panel_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Make another one and show it, once."""
    found = get_object_or_404(Panel, pk=pk)
    secret = acts.renew_panel_secret(found, by=viewer(request))
    return _page(request, PanelForm(panel=found), found, secret=secret)


@requires("accounts.manage_sites")
@never_cache
@require_safe
def try_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask it about a made-up customer: data is shown here, a page is opened."""
    found = get_object_or_404(Panel, pk=pk)
    if found.kind == Panel.Kind.PAGE:
        return HttpResponseRedirect(signed_url(found, about_nobody(viewer(request)), now=timezone.now()))
    try:
        tried: dict[str, Any] = {"shown": try_out(found, viewer(request))}
    except (FetchError, ShapeError) as error:
        tried = {"trouble": str(error)}
    return _page(request, PanelForm(panel=found), found, is_tried=True, **tried)


@requires("accounts.manage_sites")
@require_POST
def move_panel(request: HttpRequest, pk: int) -> HttpResponse:
    acts.move_panel(get_object_or_404(Panel, pk=pk), by=viewer(request), step=STEPS.get(request.POST.get("to", ""), 0))
    return redirect("shaping:panels")


@requires("accounts.manage_sites")
@require_POST
def delete_panel(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Panel, pk=pk)
    acts.delete_panel(found, by=viewer(request))
    messages.success(request, _("“%(name)s” is gone. Your own system is as it was.") % {"name": found.name})
    return redirect("shaping:panels")


def _page(request: HttpRequest, form: PanelForm, found: Panel | None = None, **more: Any) -> HttpResponse:
    host = urlsplit(found.url).hostname if found else ""
    context = {"form": form, "panel": found, "host": host, "section": "panels", **more}
    return render(request, "tickets/panel.html", context, status=UNPROCESSABLE if form.errors else 200)
