"""Follow-ups that somebody plans on a ticket."""

from __future__ import annotations

from rest_framework import serializers

from api.serializers.base import Id, Out, OwnId, Strict, Text
from api.serializers.desk import AssigneeOut
from tickets.models import FollowUp, FollowUpTemplate, Unless
from tickets.models.follow_up import BODY_CHARS
from tickets.queries.follow_ups import ALL, MINE, TEAMS
from tickets.when import MAX_CHARS

KINDS = [FollowUp.Kind.MESSAGE.value, FollowUp.Kind.TASK.value]
_DUE = "An ISO time, or words such as “friday 9”, on the customer's clock."
_UNLESS = "What makes it pointless before it is due; all of them, if several."


class FollowUpOut(Out):
    ticket = serializers.IntegerField(source="ticket_id", read_only=True, help_text="Its number.")
    by = AssigneeOut(read_only=True, allow_null=True, help_text="Who planned it: in their name a message leaves.")
    assignee = AssigneeOut(
        read_only=True, allow_null=True, help_text="Whose task it is; null: of whoever has the ticket."
    )
    reason = serializers.CharField(read_only=True, help_text="Why it was cancelled.")
    time_zone = serializers.CharField(read_only=True, help_text="The customer's, when it was planned.")

    class Meta:
        model = FollowUp
        fields = [
            "id",
            "ticket",
            "kind",
            "state",
            "body",
            "due_at",
            "time_zone",
            "unless",
            "by",
            "assignee",
            "reason",
            "created_at",
            "ended_at",
        ]
        read_only_fields = fields


class FollowUpTemplateOut(Out):
    class Meta:
        model = FollowUpTemplate
        fields = ["id", "name", "kind", "body", "when", "unless"]
        read_only_fields = fields


class FollowUpIn(Strict):
    kind = serializers.ChoiceField(choices=KINDS)
    body = Text(max_length=BODY_CHARS, help_text="What is said, in Markdown, or what is to be done.")
    due_at = Text(max_length=MAX_CHARS, help_text=_DUE)
    unless = serializers.ListField(
        child=serializers.ChoiceField(choices=Unless.choices), required=False, default=list, help_text=_UNLESS
    )
    assignee = Id(required=False, allow_null=True, help_text="Whose task it is.")
    client_id = OwnId()


class FollowUpChangeIn(Strict):
    body = Text(required=False, max_length=BODY_CHARS)
    due_at = Text(required=False, max_length=MAX_CHARS, help_text=_DUE)
    unless = serializers.ListField(child=serializers.ChoiceField(choices=Unless.choices), required=False)
    assignee = Id(required=False, allow_null=True)
    is_done = serializers.BooleanField(required=False, help_text="Of a task: it is done, or not after all.")


class FollowUpFilters(Strict):
    whose = serializers.ChoiceField(
        choices=[MINE, TEAMS, ALL], required=False, default=MINE, help_text="Yours, your teams', or all that you see."
    )
    state = serializers.ChoiceField(
        choices=["scheduled", "due"], required=False, help_text="Still to come, or tasks whose time has come."
    )
