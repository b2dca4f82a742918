"""What changed: in sentences, each a way to its tickets of now and of before."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from recovery.shares import ENOUGH
from reports.changes import FEWEST
from reports.pages import address_of
from reports.queries.asking import asked
from reports.queries.changes import RIPE, USUAL_SPAN, review
from reports.replica import reads_replica
from reports.views.figures import filled_in, filters
from tickets.views.inbox import viewer_with_teams


@requires("reports.view")
@never_cache
@require_safe
@reads_replica
def page(request: HttpRequest) -> HttpResponse:
    """The last full week against the one before, or other days. Nothing is compared before all of them are counted."""
    user, now = viewer_with_teams(request), timezone.now()
    query = filled_in(request, user)
    if query is not None:
        return redirect(address_of("changes", query))
    given = request.GET.copy()
    given["span"] = given.get("span") or USUAL_SPAN
    wanted = asked(given, user, now)
    context = {
        "review": review(wanted.question, now=now),
        "problems": wanted.problems.values(),
        "ripe_days": RIPE.days,
        "enough": ENOUGH,
        "fewest": FEWEST,
        "section": "dashboard",
    } | filters(user, wanted.question)
    context["query"] = wanted.question.query_with_days  # elsewhere, other days are usual
    return render(request, "reports/changes.html", context)
