"""Pages of figures as programs read them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.serializers.base import Strict, Text

UNITS = {
    "count": "how many",
    "seconds": "seconds, in opening hours unless `hours=clock`",
    "share": "from 0 to 1",
    "mean": "of numbers from 1 to 5",
    "day": "an ISO date",
    "text": "words",
    "": "as its row's `unit` says",
}


class ReportFilters(Strict):
    span = Text(required=False, help_text="`7`, `30` (usual), `90`, `365`, `month`, `last-month` or `DAY..DAY`.")
    team = Text(required=False, help_text="A team's slug.")
    channel = Text(required=False)
    tag = Text(required=False, help_text="A tag's name.")
    company = Text(required=False, help_text="A company's id.")
    hours = Text(required=False, help_text="`clock`: times by the clock on the wall instead of in opening hours.")


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}], "nullable": True})
class Cell(serializers.Field[Any, Any, Any, Any]):
    def to_representation(self, value: Any) -> Any:
        return value if value is None or isinstance(value, int | float) else str(value)


class NumberOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField(source="label")
    definition = serializers.CharField(help_text="What is counted, and how.")


class ColumnOut(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Never translated.")
    title = serializers.CharField(source="label")
    unit = serializers.ChoiceField(choices=list(UNITS), help_text=", ".join(f"`{k}`: {v}" for k, v in UNITS.items()))


class ChartOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    numbers = NumberOut(many=True)
    columns = ColumnOut(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=Cell()), help_text="A cell for each column.")


class ReportOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    first = serializers.DateField(help_text="The first day that counts, where the token's owner is.")
    last = serializers.DateField(help_text="The last day that counts.")
    first_before = serializers.DateField(help_text="What is called “before” are as many days, from this one on.")
    time_zone = serializers.CharField()
    counted_until = serializers.DateTimeField(
        allow_null=True, help_text="What began before is still being counted, so that figures of it are too small."
    )
    charts = ChartOut(many=True)
