"""How tickets belong together, and what is to be ticked off."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.serializers.base import Id, Out, Strict, Text
from api.serializers.desk import AssigneeOut
from tickets.models import ChecklistItem, Ticket
from tickets.models.relating import SIDES

LINK_KINDS = ["related", "parent", "child", "duplicate"]


class LinkedTicketOut(Out):
    class Meta:
        model = Ticket
        fields = ["number", "reference", "subject", "status", "trashed_at"]
        read_only_fields = fields


class LinkOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(
        source="side", choices=list(SIDES), help_text="What this ticket is to the other: `parent`: it is part of it."
    )
    ticket = LinkedTicketOut(allow_null=True, help_text="The other one; null if you may not see it.")


class LinksOut(serializers.Serializer[Any]):
    links = LinkOut(source="all", many=True)


class ChecklistItemOut(Out):
    is_done = serializers.BooleanField(read_only=True)
    done_by = AssigneeOut(read_only=True, allow_null=True, help_text="Who ticked it.")

    class Meta:
        model = ChecklistItem
        fields = ["id", "text", "is_done", "done_at", "done_by"]
        read_only_fields = fields


class ChecklistOut(serializers.Serializer[Any]):
    items = ChecklistItemOut(many=True)
    done = serializers.IntegerField(help_text="How many of them are ticked off.")


class LinkIn(Strict):
    other = Id(help_text="The number of the other ticket.")
    kind = serializers.ChoiceField(
        choices=LINK_KINDS, help_text="`parent`: this ticket is part of the other one; `child`: the other way round."
    )


class SplitIn(Strict):
    message = Id(help_text="The id of a message on this ticket.")
    subject = Text(max_length=200, help_text="What the new ticket is about.")
    team = Id(required=False, allow_null=True, help_text="A team's id; without one, this ticket's team.")


class ChecklistIn(Strict):
    text = Text(max_length=11_000, help_text="One thing to do in each line.")


class ChecklistItemChangeIn(Strict):
    text = Text(required=False, max_length=200)
    is_done = serializers.BooleanField(required=False)
    move = serializers.IntegerField(
        required=False, min_value=-50, max_value=50, help_text="So many places down, or up if negative."
    )
