"""Root causes: what a ticket can be solved with, and how far their mending is."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import operation
from api.serializers import NoFilters
from api.serializers.causes import RootCauseOut
from api.views.base import Door, each, page, query
from tickets.models import RootCause


class RootCauses(Door):
    @operation("root_causes_list", "List the root causes", answers={200: RootCauseOut(many=True)}, tag="desk")
    def get(self, request: Request) -> Response:
        """Those that a ticket can be solved with, by their `slug`. What is archived, or was merged, is not there."""
        query(request, NoFilters)
        causes = RootCause.objects.offered().select_related("parent", "owner")
        return page(request, causes.order_by("id"), each(RootCauseOut))
