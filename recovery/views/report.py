"""Whether making good does any good, how the cases went, and whether the same failure is met alike."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from recovery import fairness
from recovery.queries.alike import AGENT, SEGMENTS, lines, settled, strata
from recovery.queries.beyond import FEW
from recovery.queries.report import PERIODS, USUAL_DAYS, report
from recovery.shares import ENOUGH
from tickets.views.inbox import viewer_with_teams


@requires("reports.view")
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The report of the last 30, 90 or 365 days."""
    context = {
        "report": report(viewer_with_teams(request), now=timezone.now(), days=_days(request)),
        "periods": PERIODS,
        "enough": ENOUGH,
        "enough_cases": fairness.ENOUGH,
        "few": FEW,
        "tab": "report",
        "section": "recovery",
    }
    return render(request, "recovery/report.html", context)


@requires("reports.view")
@never_cache
@require_safe
def same_failure(request: HttpRequest) -> HttpResponse:
    """The very cases behind a line of the comparison: those of a group, beside the others with the same failure."""
    by, key = request.GET.get("by", ""), request.GET.get("of", "")
    if by != AGENT and by not in SEGMENTS:
        raise Http404
    days = _days(request)
    found = settled(viewer_with_teams(request), now=timezone.now(), days=days)
    line = next((one for one in lines(found, by) if one.key == key), None)
    if line is None:
        raise Http404
    context = {
        "line": line,
        "strata": strata(found, by, key),
        "days": days,
        "enough_cases": fairness.ENOUGH,
        "tab": "report",
        "section": "recovery",
    }
    return render(request, "recovery/same_failure.html", context)


def _days(request: HttpRequest) -> int:
    return next((one for one in PERIODS if str(one) == request.GET.get("days")), USUAL_DAYS)
