"""Pages of figures."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import refuse
from api.schema import READING, operation
from api.serializers.reporting import ReportFilters, ReportOut
from api.views.base import Door, one, query, viewer
from reports.pages import PAGES
from reports.queries.answers import Answer, answer
from reports.queries.asking import asked
from reports.queries.counting import counted_until
from reports.queries.tables import table
from reports.replica import from_replica


class OneReport(Door):
    @operation(
        "reports_read",
        "Read a page of figures",
        answers={200: ReportOut},
        filters=ReportFilters,
        errors=[*READING, 403, 404],
        tag="reports",
    )
    def get(self, request: Request, name: str) -> Response:
        """`trends`, `promises`, `satisfaction`, `causes`, `channels` or `tags`: each chart as a table, over the tickets
        that you may see. The numbers are those of the page, and so are their definitions."""
        user = viewer(request)
        if not user.has_perm("reports.view"):
            raise PermissionDenied
        if name not in PAGES:
            raise Http404
        given = query(request, ReportFilters)
        with from_replica():
            return one(ReportOut, _report(name, given, user))


def _report(name: str, given: dict[str, Any], user: Any) -> dict[str, Any]:
    page, now = PAGES[name], timezone.now()
    wanted = asked(given, user, now)
    if wanted.problems:
        raise refuse(**wanted.problems)
    period = wanted.question.period
    return {
        "name": name,
        "title": page.title,
        "first": period.first,
        "last": period.last,
        "first_before": period.before.first,
        "time_zone": str(period.zone),
        "counted_until": counted_until(),
        "charts": [_chart(one) for one in answer(page.charts, wanted.question, now).values()],
    }


def _chart(found: Answer) -> dict[str, Any]:
    shown = table(found)
    chart = found.chart
    return {
        "key": chart.key,
        "title": chart.title,
        "numbers": chart.described,
        "columns": shown.columns,
        "rows": shown.rows,
    }
