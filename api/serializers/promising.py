"""What the company promises its customers, and how often it was kept."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.serializers.base import Out
from api.serializers.desk import TeamOut
from tickets.models import Promise


class ShareOut(serializers.Serializer[Any]):
    kept = serializers.IntegerField(help_text="How many times it was kept,")
    of = serializers.IntegerField(help_text="of how many that are decided. Below 20 that says little.")
    days = serializers.IntegerField(help_text="Of those that began in so many days.")


class PromiseOut(Out):
    team = TeamOut(read_only=True, allow_null=True, help_text="On whose tickets it holds; null: on every ticket.")
    hours = serializers.SerializerMethodField(
        help_text="In whose hours time counts: a calendar's name, `site` for those of the customer's site, or `always`."
    )
    lately = ShareOut(read_only=True, help_text="How often it was kept.")

    class Meta:
        model = Promise
        fields = [
            "id",
            "words",
            "measure",
            "minutes",
            "hours",
            "is_paused_while_pending",
            "channel",
            "team",
            "priority",
            "is_public",
            "created_at",
            "lately",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "minutes": {"help_text": "Within how many; null for what is no matter of time."},
            "channel": {"help_text": "Empty: on every channel."},
            "priority": {"help_text": "From this priority on; null: on every ticket."},
            "created_at": {"help_text": "What began before is measured by another promise, or by none."},
        }

    def get_hours(self, promise: Promise) -> str:
        if promise.is_round_the_clock:
            return "always"
        return promise.calendar.name if promise.calendar else "site"
