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
from api.serializers.reporting import ChangesOut, ReportFilters, ReportOut
from api.views.base import Door, one, query, viewer
from reports.pages import PAGES
from reports.queries.answers import Answer, answer
from reports.queries.asking import asked
from reports.queries.changes import USUAL_SPAN, review
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


class Changes(Door):
    @operation(
        "reports_changes",
        "Read what changed",
        answers={200: ChangesOut},
        filters=ReportFilters,
        errors=[*READING, 403],
        tag="reports",
    )
    def get(self, request: Request) -> Response:
        """What changed in the last full week against the one before, or in other days (`span`). Of all numbers, by
        team, channel, cause, tag, company, promise and part of the week: only what chance alone would hardly do."""
        user = viewer(request)
        if not user.has_perm("reports.view"):
            raise PermissionDenied
        given = query(request, ReportFilters)
        now = timezone.now()
        with from_replica():
            wanted = asked({"span": USUAL_SPAN} | given, user, now)
            if wanted.problems:
                raise refuse(**wanted.problems)
            found = review(wanted.question, now=now)
            if found is None:
                raise refuse(span="No day of this is over yet.")
            return one(ChangesOut, found)


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
