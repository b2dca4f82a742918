"""Cases: why, by whom, until when, and how far they are."""

from __future__ import annotations

from rest_framework import serializers

from api.serializers.base import Id, Out, Strict, Text, Time
from recovery.actions.cases import NOTE_CHARS
from recovery.models import Case, Trigger
from recovery.queries.whys import why_words

OPEN = "open"


class CaseFilters(Strict):
    state = serializers.ChoiceField(choices=[OPEN, *Case.State.values], required=False)
    trigger = serializers.ChoiceField(choices=Trigger.values, required=False)
    owner = Id(required=False, help_text="A person's id.")
    ticket = Id(required=False, help_text="A ticket's number.")
    is_second_failure = serializers.BooleanField(required=False)


class CaseOut(Out):
    ticket = serializers.IntegerField(source="ticket_id", read_only=True, help_text="Its number.")
    customer = serializers.IntegerField(source="customer_id", read_only=True)
    owner = serializers.IntegerField(source="owner_id", read_only=True, allow_null=True)
    follows = serializers.IntegerField(
        source="follows_id", read_only=True, allow_null=True, help_text="The case of the first failure."
    )
    reason = serializers.SerializerMethodField(help_text="Why it was opened, in English words.")
    opened_at = Time(read_only=True)
    contact_due_at = Time(read_only=True)
    resolution_due_at = Time(read_only=True)
    contacted_at = Time(read_only=True, allow_null=True)
    offered_at = Time(read_only=True, allow_null=True)
    answered_at = Time(read_only=True, allow_null=True)
    verified_at = Time(read_only=True, allow_null=True)
    closed_at = Time(read_only=True, allow_null=True)
    watch_until = Time(read_only=True, allow_null=True)

    class Meta:
        model = Case
        fields = [
            "id",
            "ticket",
            "customer",
            "owner",
            "state",
            "trigger",
            "reason",
            "is_second_failure",
            "follows",
            "opened_at",
            "contact_due_at",
            "resolution_due_at",
            "contacted_at",
            "offered_at",
            "answered_at",
            "verified_at",
            "closed_at",
            "close_note",
            "reopened_count",
            "watch_until",
        ]
        read_only_fields = fields

    def get_reason(self, case: Case) -> str:
        return why_words(case.trigger, case.why)


class CaseIn(Strict):
    note = Text(required=False, allow_blank=True, default="", max_length=NOTE_CHARS, help_text="Why, in a few words.")


class TakeCaseIn(Strict):
    user = Id(required=False, help_text="Whose it is from now on; yours without it.")


class ContactIn(Strict):
    by_phone = serializers.BooleanField(required=False, default=False)
    note = Text(required=False, allow_blank=True, default="", max_length=NOTE_CHARS)


class CaseNoteIn(Strict):
    note = Text(max_length=NOTE_CHARS)
