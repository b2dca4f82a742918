"""Whether making good does any good, and how the cases went."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from recovery.queries.report import PERIODS, USUAL_DAYS, report
from recovery.shares import ENOUGH
from tickets.views.inbox import viewer_with_teams


@requires("reports.view")
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The report of the last 30, 90 or 365 days."""
    days = next((one for one in PERIODS if str(one) == request.GET.get("days")), USUAL_DAYS)
    context = {
        "report": report(viewer_with_teams(request), now=timezone.now(), days=days),
        "periods": PERIODS,
        "enough": ENOUGH,
        "tab": "report",
        "section": "recovery",
    }
    return render(request, "recovery/report.html", context)
