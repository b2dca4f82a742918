"""A ticket, and what is done to it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from api.serializers.base import Id, Out, PersonOrNone, Strict, TeamOrNone, Text, Time
from api.serializers.desk import AssigneeOut, CauseOut, NamedStatusOut, TeamOut
from api.serializers.people import CustomerOfOut, WhoIn
from tickets.actions.sorting import MAX_TAGS
from tickets.models import Channel, Priority, Status, Ticket
from tickets.when import MAX_CHARS

UNSOLVED_CHOICES = [choice for choice in Status.choices if choice[0] != Status.SOLVED]


def tag_list(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=Text(max_length=50), max_length=MAX_TAGS, **options)


class TicketOut(Out):
    priority = serializers.IntegerField(
        read_only=True, min_value=1, max_value=4, help_text="1 low, 2 normal, 3 high, 4 urgent."
    )
    customer = CustomerOfOut(read_only=True)
    team = TeamOut(read_only=True, allow_null=True)
    assignee = AssigneeOut(read_only=True, allow_null=True)
    root_cause = CauseOut(read_only=True, allow_null=True, help_text="Chosen when it was solved.")
    tags = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)  # type: ignore[var-annotated]
    named_status = NamedStatusOut(
        read_only=True, allow_null=True, help_text="The company's own word for its status, if it has one."
    )

    class Meta:
        model = Ticket
        fields = [
            "number",
            "reference",
            "subject",
            "status",
            "named_status",
            "priority",
            "channel",
            "customer",
            "team",
            "assignee",
            "tags",
            "root_cause",
            "fields",
            "merged_into",
            "preview",
            "last_seq",
            "waiting_since",
            "answer_due_at",
            "first_answered_at",
            "solved_at",
            "snoozed_at",
            "snoozed_until",
            "trashed_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "fields": {"help_text": "What the company's own fields hold, by slug; see `fields/`."},
            "last_seq": {"help_text": "The seq of the ticket's newest event."},
            "merged_into": {"help_text": "The number of the ticket that goes on for this one."},
        }


class TicketFilters(Strict):
    number = Id(required=False)
    reference = Text(required=False, max_length=20)
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    team = TeamOrNone(required=False, help_text="A team's id, or `none`.")
    assignee = PersonOrNone(required=False, help_text="A person's id, `me` or `none`.")
    customer = Id(required=False)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    tag = Text(required=False, max_length=50, help_text="A tag's name, whatever its case.")
    updated_after = Time(
        required=False,
        help_text="Changed since then. Turns the order round: the longest unchanged first, for keeping a copy.",
    )
    q = Text(
        required=False, max_length=200, help_text="Words and filters as in the search box: `tyre is:open from:carla`."
    )
    view = Text(
        required=False,
        max_length=100,
        help_text="A place of the inbox: `mine`, `waiting`, `trash`, `team-<slug>`, …, or a saved view: `saved-<id>`.",
    )

    def validate_reference(self, value: str) -> str:
        return value.lower()


class TicketIn(Strict):
    customer = WhoIn()
    subject = Text(max_length=200)
    body = Text(max_length=settings.MESSAGE_MAX_CHARS, help_text="The customer's words, in plain text.")
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.API)
    team = Id(required=False, allow_null=True, help_text="A team's id.")
    priority = serializers.ChoiceField(choices=Priority.choices, default=Priority.NORMAL)
    tags = tag_list(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        said = "What the company's own fields hold, by slug: text, a number, true, false or a list."
        return {**super().get_fields(), "fields": FieldsIn(required=False, help_text=said)}


class TicketChangeIn(Strict):
    status = serializers.ChoiceField(
        choices=UNSOLVED_CHOICES,
        required=False,
        help_text="Solving and reopening are `resolve/` and `reopen/`.",
    )
    priority = serializers.ChoiceField(choices=Priority.choices, required=False)
    tags = tag_list(required=False, help_text="All of them: what is missing here is taken off.")
    team = Id(required=False, allow_null=True, help_text="A team's id, or null for none.")
    assignee = Id(required=False, allow_null=True, help_text="A person's id, or null for nobody.")
    named_status = Id(
        required=False,
        allow_null=True,
        help_text="The id of one of `statuses/`, which brings its status with it; null for none.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        said = "Of the company's own fields those that change, by slug: text, a number, true, false, a list, or null."
        return {**super().get_fields(), "fields": FieldsIn(required=False, help_text=said)}


class FieldsIn(serializers.DictField):
    """What to put into fields, by slug; which values are right is the field's question."""

    child = serializers.JSONField(allow_null=True)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, dict) and len(data) > 100:
            raise serializers.ValidationError("That is too many.")
        return super().run_validation(data)


class AssignIn(Strict):
    user = Id(required=False, allow_null=True, help_text="A person's id, or null for nobody.")
    team = Id(required=False, allow_null=True, help_text="A team's id, or null for none.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Give user, team or both.")
        return attrs


class ResolveIn(Strict):
    root_cause = Text(max_length=120, help_text="The slug of a root cause, or `none`, as an explicit choice.")
    note = Text(required=False, allow_blank=True, default="", max_length=2000, help_text="For the team.")
    named_status = Id(required=False, allow_null=True, help_text="The id of one of `statuses/` that is solved.")


class MergeIn(Strict):
    into = Id(help_text="The number of the ticket that goes on.")


class SnoozeIn(Strict):
    until = Text(
        allow_null=True,
        max_length=MAX_CHARS,
        help_text="A time (without a zone in yours), words such as `tomorrow 9`, or null: until they reply.",
    )
