"""What the company promises its customers, and how often it was kept."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.serializers.base import Out, Time
from api.serializers.desk import TeamOut
from tickets.models import Promise, PromiseRun


class ShareOut(serializers.Serializer[Any]):
    kept = serializers.IntegerField(help_text="How many times it was kept,")
    of = serializers.IntegerField(help_text="of how many that are decided. Below 20 that says little.")
    days = serializers.IntegerField(help_text="Of those that began in so many days.")


class PromiseRunOut(Out):
    promise = serializers.IntegerField(source="promise_id", help_text="Its id; one that has ended is in no list.")
    words = serializers.CharField(source="promise.words")
    measure = serializers.ChoiceField(source="promise.measure", choices=Promise.Measure.choices)
    began_at = Time(read_only=True)
    due_at = Time(read_only=True, allow_null=True, help_text="Null: a matter of how, not of when; or it is paused.")
    ended_at = Time(read_only=True, allow_null=True)
    broken_at = Time(read_only=True, allow_null=True, help_text="It may be kept late: then it has ended, too.")
    is_paused = serializers.SerializerMethodField(help_text="The ticket is pending, and that time does not count.")

    class Meta:
        model = PromiseRun
        fields = [
            "id",
            "promise",
            "words",
            "measure",
            "state",
            "began_at",
            "due_at",
            "ended_at",
            "broken_at",
            "is_paused",
        ]
        read_only_fields = fields

    def get_is_paused(self, run: PromiseRun) -> bool:
        return run.left is not None and run.due_at is None and run.ended_at is None


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
