"""What the company promises its customers."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import READING, operation
from api.serializers import NoFilters
from api.serializers.promising import PromiseOut, PromiseRunOut
from api.views.base import Door, each, find_ticket, page, query
from tickets.models import Promise, PromiseRun
from tickets.queries.promises import DAYS, lately


class Promises(Door):
    @operation("promises_list", "List what is promised", answers={200: PromiseOut(many=True)}, tag="desk")
    def get(self, request: Request) -> Response:
        """Those that are in force, with how often each was kept in the last 30 days. A changed promise is a new one."""
        query(request, NoFilters)
        promises = Promise.objects.filter(is_on=True).select_related("team", "calendar")
        return page(request, promises.order_by("id"), _with_shares)


class TicketPromises(Door):
    @operation(
        "tickets_promises",
        "List what was promised on a ticket, and how it went",
        answers={200: PromiseRunOut(many=True)},
        errors=[*READING, 404],
        tag="tickets",
    )
    def get(self, request: Request, number: int) -> Response:
        """Each time that a promise was to be kept, the newest first; what does not count (`void`) is listed, too."""
        query(request, NoFilters)
        runs = PromiseRun.objects.filter(ticket=find_ticket(request, number)).select_related("promise")
        return page(request, runs.order_by("-id"), each(PromiseRunOut))


def _with_shares(rows: list[Promise]) -> Any:
    shares = lately(rows, timezone.now())
    for row in rows:
        share = shares[row.pk]
        row.lately = {"kept": share.kept, "of": share.of, "days": DAYS}  # type: ignore[attr-defined]  # for `PromiseOut`
    return PromiseOut(rows, many=True).data
