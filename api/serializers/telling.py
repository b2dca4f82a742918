"""Who is told that a root cause is fixed, and how far that has come."""

from __future__ import annotations

from rest_framework import serializers

from api.serializers.base import Out, Time
from recovery.models import Telling


class TellingOut(Out):
    root_cause = serializers.CharField(source="cause.slug", help_text="The root cause that is fixed, by its slug.")
    since = Time(read_only=True, help_text="Whoever suffered it from then on is told.")
    send_at = Time(read_only=True)
    created_at = Time(read_only=True)
    stopped_at = Time(read_only=True, allow_null=True)
    ended_at = Time(read_only=True, allow_null=True, help_text="When the last one was told or left out.")
    told = serializers.IntegerField(help_text="To how many it was sent,")
    waiting = serializers.IntegerField(help_text="how many are still to be told, or their mail is on its way,")
    left_out = serializers.IntegerField(help_text="and how many are not told, for a reason.")

    class Meta:
        model = Telling
        fields = [
            "id",
            "root_cause",
            "words",
            "translations",
            "since",
            "send_at",
            "created_at",
            "stopped_at",
            "ended_at",
            "told",
            "waiting",
            "left_out",
        ]
        read_only_fields = fields
