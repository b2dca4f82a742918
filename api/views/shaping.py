"""The company's own fields and statuses."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import operation
from api.serializers import FieldOut, NamedStatusOut, NoFilters
from api.views.base import Door, each, page, query
from tickets.models import Field, NamedStatus


class Fields(Door):
    @operation("fields_list", "List the company's own fields", answers={200: FieldOut(many=True)}, tag="desk")
    def get(self, request: Request) -> Response:
        """Those that are archived are left out; what tickets hold in them is still in their `fields`."""
        query(request, NoFilters)
        fields = Field.objects.filter(archived_at=None).select_related("team")
        return page(request, fields.order_by("id"), each(FieldOut))


class Statuses(Door):
    @operation("statuses_list", "List the company's own statuses", answers={200: NamedStatusOut(many=True)}, tag="desk")
    def get(self, request: Request) -> Response:
        """They stand beside the four, open, pending, on_hold and solved, which always are."""
        query(request, NoFilters)
        return page(request, NamedStatus.objects.filter(archived_at=None).order_by("id"), each(NamedStatusOut))
