"""Root causes, as programs read them."""

from __future__ import annotations

from rest_framework import serializers

from api.serializers.base import Out
from api.serializers.desk import AssigneeOut
from tickets.models import RootCause


class RootCauseOut(Out):
    parent = serializers.SlugField(  # type: ignore[assignment]  # a field is no attribute of its class
        source="parent.slug", default=None, read_only=True, help_text="What it is below; null: it is at the top."
    )
    owner = AssigneeOut(read_only=True, allow_null=True, help_text="Who sees to it that it is mended.")

    class Meta:
        model = RootCause
        fields = ["slug", "name", "parent", "state", "owner", "change", "fixed_at"]
        read_only_fields = fields
