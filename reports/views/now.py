"""How things stand now, and who carries how much."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import requires, viewer
from reports.queries import now_figures, team_load


@requires("reports.view")
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """How things stand now. The page asks for itself again; with `?fragment=1` only the part that moves comes."""
    now = timezone.now()
    figures = now_figures(viewer(request), now)
    template = "reports/_now.html" if request.GET.get("fragment") else "reports/dashboard.html"
    return render(request, template, {"now": now, "figures": figures, "section": "dashboard"})


@requires("reports.view")
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Who carries how much: by name, or with `?order=load` most open work first."""
    is_by_load = request.GET.get("order") == "load"
    people = team_load(viewer(request), timezone.now(), by_load=is_by_load)
    context = {"people": people, "is_by_load": is_by_load, "section": "dashboard"}
    return render(request, "reports/team.html", context)
