"""The pages of figures over some days: filters on top, then charts, each a way to its tickets."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires, viewer
from accounts.models import User
from reports.pages import PAGES, address_of
from reports.periods import DAYS
from reports.queries.answers import answer
from reports.queries.asking import FILTERS, asked, company_named, teams_of
from reports.queries.counting import counted_until
from reports.queries.drawing import draw
from reports.queries.question import Question
from reports.replica import reads_replica
from tickets.models import Channel
from tickets.views.inbox import viewer_with_teams

UNKNOWN = "0"  # no company has this number


@requires("reports.view")
@never_cache
@require_safe
@reads_replica
def page(request: HttpRequest, page: str) -> HttpResponse:
    """One of `PAGES`. What is not understood of the filters is said, and what is usual is shown instead. With `table`,
    one chart of it in numbers."""
    now, shown = timezone.now(), PAGES[page]
    # Who sees everything is asked for no teams of their own.
    user = viewer(request) if viewer(request).has_perm("tickets.view_all") else viewer_with_teams(request)
    query = filled_in(request, user)
    if query is not None:
        return redirect(address_of(page, query))
    wanted = asked(request.GET, user, now)
    single = shown.chart(request.GET.get("table", ""))
    drawn = draw(answer([single] if single else shown.charts, wanted.question, now), now)
    if single and request.headers.get("HX-Request"):
        return render(request, "reports/_table.html", {"drawn": drawn[0]})
    context = {
        "page": shown,
        "drawn": drawn,
        "is_table": single is not None,
        "problems": wanted.problems.values(),
        "counted_until": counted_until(),
        "section": "dashboard",
    } | filters(user, wanted.question)
    return render(request, "reports/figures.html", context)


def filters(user: User, question: Question) -> dict[str, Any]:
    """What a bar of filters needs."""
    return {
        "question": question,
        "query": question.query,
        "teams": teams_of(user),
        "channels": Channel.choices,
        "spans": spans(question),
        "is_more": bool(question.tag or question.company or question.by_clock or ".." in question.span),
    }


def spans(question: Question) -> list[tuple[str, str]]:
    """The periods to choose from, and the one that is chosen."""
    found = [(str(days), ngettext("Last %(days)s day", "Last %(days)s days", days) % {"days": days}) for days in DAYS]
    found += [("month", _("This month")), ("last-month", _("Last month"))]
    if question.span not in dict(found):
        found.append((question.span, _("Days of my own")))
    return found


def filled_in(request: HttpRequest, user: User) -> str | None:
    """What people fill in (two days, the name of a company, and nothing) as the address has it, which is to be handed
    on; None if it is so already."""
    given, query = request.GET, request.GET.copy()
    period = _period(given.get("from", ""), given.get("until", ""))
    if period:
        query["span"] = period
    name = given.get("company_name", "").replace("\x00", "").strip()
    if name:
        company = company_named(name, user)
        query["company"] = str(company.pk) if company else UNKNOWN
    if not period and not name and all(given.values()):
        return None
    return urlencode({key: query[key] for key in FILTERS if query.get(key)}, safe=".")


def _period(first: str, last: str) -> str:
    """Of two days, whichever is the earlier; empty if they are none."""
    try:
        days = sorted(map(date.fromisoformat, (first, last)))
    except ValueError:
        return ""
    return f"{days[0]}..{days[1]}"
