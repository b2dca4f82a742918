"""“You told us, we fixed it”, to read: what is told of which root cause, and how far it has come."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import READING, operation
from api.serializers import NoFilters
from api.serializers.telling import TellingOut
from api.views.base import Door, each, found, one, page, query, viewer
from recovery.actions.telling import PERMISSION
from recovery.models import Telling, TellingRow

State = TellingRow.State


class Tellings(Door):
    @operation(
        "tellings_list",
        "List who was told of what was fixed",
        answers={200: TellingOut(many=True)},
        errors=[*READING, 403],
        tag="recovery",
    )
    def get(self, request: Request) -> Response:
        """For whoever looks after the root causes, the newest first. Customers are counted, not named."""
        query(request, NoFilters)
        return page(request, _tellings(request).order_by("-id"), each(TellingOut))


class OneTelling(Door):
    @operation(
        "tellings_read",
        "Read how far a telling has come",
        answers={200: TellingOut},
        errors=[*READING, 403, 404],
        tag="recovery",
    )
    def get(self, request: Request, pk: int) -> Response:
        """With how many were told, wait, and were left out."""
        return one(TellingOut, found(_tellings(request).filter(pk=pk)))


def _tellings(request: Request) -> QuerySet[Telling]:
    """They reach over all teams: only for whoever may plan them."""
    if not viewer(request).has_perm(PERMISSION):
        raise PermissionDenied
    is_told = Q(rows__state=State.TOLD, rows__done_at__isnull=False)
    on_the_way = Q(rows__state=State.WAITING) | Q(rows__state=State.TOLD, rows__done_at=None)
    return Telling.objects.select_related("cause").annotate(
        told=Count("rows", filter=is_told),
        waiting=Count("rows", filter=on_the_way),
        left_out=Count("rows", filter=Q(rows__state=State.LEFT_OUT)),
    )
