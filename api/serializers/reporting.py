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


class PieceOut(serializers.Serializer[Any]):
    by = serializers.CharField(help_text="`team`, `channel`, `cause`, `tag`, `company`, `promise` or `hour`.")
    key = serializers.CharField(source="address", help_text="As `part=by:key` of a page has it.")
    title = serializers.CharField(source="label")


class FoundOut(serializers.Serializer[Any]):
    n = serializers.IntegerField(help_text="How many were counted.")
    value = serializers.FloatField(
        allow_null=True, help_text="A count, a share from 0 to 1, or the median in seconds; null of none."
    )


class ChangeOut(serializers.Serializer[Any]):
    number = NumberOut(source="measure")
    part = serializers.SerializerMethodField(help_text="Null: of everything.")
    sentence = serializers.CharField(help_text="In your language.")
    before = FoundOut(source="total.before")
    now = FoundOut(source="total.now")
    is_better = serializers.BooleanField(allow_null=True, help_text="Null: neither good nor bad.")
    chance = serializers.FloatField(
        help_text="How probable it is that, if nothing has changed, any of all that were compared differs so much."
    )

    @extend_schema_field(PieceOut(allow_null=True))
    def get_part(self, change: Any) -> Any:
        if not change.piece.by:
            return None
        return {"by": change.piece.by, "key": change.address, "title": change.label}


class ChangesOut(serializers.Serializer[Any]):
    first = serializers.DateField(source="now.first", help_text="The first day, where the token's owner is.")
    last = serializers.DateField(source="now.last", help_text="The last full day.")
    first_before = serializers.DateField(source="before.first", help_text="As many days, moved back by whole weeks.")
    last_before = serializers.DateField(source="before.last")
    time_zone = serializers.CharField(source="now.zone")
    begun = serializers.DateField(
        allow_null=True, help_text="Set if the first conversation began too late to compare with the days before."
    )
    is_counted = serializers.BooleanField(help_text="Else these days are still being counted: nothing is compared.")
    compared = serializers.IntegerField(help_text="How many comparisons were made; 0: there was too little.")
    changes = ChangeOut(many=True)
