"""How things stand now, on a desk or on a wall, and who carries how much."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.models import Team, User
from reports.pages import PAGES
from reports.periods import USUAL_DAYS, last_days
from reports.queries.answers import answer
from reports.queries.drawing import draw
from reports.queries.load import Loads, nobodys, team_load
from reports.queries.made_good import IS_GOOD, case_page, cases_of_month, made_good
from reports.queries.now import now_figures
from reports.queries.question import Question
from reports.replica import reads_replica
from tickets.queries.people import all_teams
from tickets.views.inbox import viewer_with_teams

ORDERS = ("name", "load")


@requires("reports.view")
@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """How things stand now. The page asks for itself again; with `?fragment=1` only the part that moves comes. With
    `?wall` it is for a screen on a wall: nothing but figures, to be read from afar."""
    user, now = viewer_with_teams(request), timezone.now()
    team, teams = _team(request, user)
    is_wall = "wall" in request.GET
    context = {
        "now": now,
        "figures": now_figures(user, now, team),
        "team": team,
        "is_wall": is_wall,
        "section": "dashboard",
    }
    if request.GET.get("fragment"):
        return render(request, "reports/_now.html", context)
    return render(request, "reports/wall.html" if is_wall else "reports/dashboard.html", context | {"teams": teams})


OVERVIEW = (("causes", "pareto"), ("promises", "kept"), ("trends", "first-answer"), ("satisfaction", "satisfaction"))


@requires("reports.view")
@require_safe
@reads_replica
def overview(request: HttpRequest) -> HttpResponse:
    """The last days at a glance: the part of the page that need not move."""
    user, now = viewer_with_teams(request), timezone.now()
    team, _teams = _team(request, user)
    question = Question(user, last_days(USUAL_DAYS, now, user.zone), team=team)
    charts = {page: PAGES[page].chart(chart) for page, chart in OVERVIEW}
    drawn = draw(answer([chart for chart in charts.values() if chart], question, now), now)
    context = {"drawn": list(zip(charts, drawn, strict=True)), "query": question.query}
    return render(request, "reports/_overview.html", context)


@requires("reports.view")
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Who carries how much: by name, or with `?order=load` most open work first; of one team, or of who is here."""
    user, now = viewer_with_teams(request), timezone.now()
    chosen, teams = _team(request, user)
    order = request.GET.get("order") if request.GET.get("order") in ORDERS else ORDERS[0]
    everybody = team_load(user, now, by_load=order == "load", team=chosen)
    is_here_only = request.GET.get("show") == "here"
    people = [one for one in everybody if one.is_here] if is_here_only else everybody
    context: dict[str, Any] = {
        "loads": Loads(people, *nobodys(user, chosen)),
        "everybody": len(everybody),
        "order": order,
        "kept": [("order", order)] + ([("show", "here")] if is_here_only else []),
        "is_here_only": is_here_only,
        "team": chosen,
        "teams": teams,
        "section": "dashboard",
    }
    return render(request, "reports/team.html", context)


@requires("reports.view")
@require_safe
def good(request: HttpRequest) -> HttpResponse:
    """The cases of this month: those that were made good, or with `?show=all` every one."""
    user, now = viewer_with_teams(request), timezone.now()
    chosen, teams = _team(request, user)
    cases, is_all = cases_of_month(user, now, chosen), request.GET.get("show") == "all"
    page = case_page(cases if is_all else cases.filter(IS_GOOD), cursor=request.GET.get("cursor", ""))
    context = {
        "month": made_good(user, now, chosen),
        "cases": page.cases,
        "next_cursor": page.next_cursor,
        "is_all": is_all,
        "kept": [("show", "all")] if is_all else [],
        "now": now,
        "team": chosen,
        "teams": teams,
        "section": "dashboard",
    }
    return render(request, "reports/made_good.html", context)


def _team(request: HttpRequest, user: User) -> tuple[Team | None, list[Team]]:
    """The team that the address names, and those that it could name; one that the viewer does not see is none."""
    teams = all_teams() if user.has_perm("tickets.view_all") else list(user.teams.all())
    asked = request.GET.get("team", "")
    return next((one for one in teams if one.slug == asked), None), teams
