"""What leaves: copies, forwards, conversations that we begin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from api.serializers.base import FileId, Id, Out, OwnId, Strict, Text, Time
from tickets.actions.addressing import MOST_PEOPLE
from tickets.actions.attaching import MAX_FILES
from tickets.actions.forwarding import MOST_MESSAGES, MOST_TO
from tickets.models import Copied, Outreach, OutreachRow


class PersonIn(Strict):
    email = serializers.EmailField(max_length=254)
    name = Text(required=False, allow_blank=True, default="", max_length=160)


class CopyIn(PersonIn):
    pass


class CopyOut(Out):
    class Meta:
        model = Copied
        fields = ["id", "email", "name", "created_at"]
        read_only_fields = fields


class ForwardIn(Strict):
    to = serializers.ListField(child=PersonIn(), min_length=1, max_length=MOST_TO)
    body = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=settings.MESSAGE_MAX_CHARS,
        help_text="Your words, in plain text.",
    )
    messages = serializers.ListField(
        child=Id(),
        required=False,
        max_length=MOST_MESSAGES,
        help_text="Ids of replies; without this all of them, newest 100 at most. Notes never go along.",
    )
    attachments = serializers.ListField(
        child=FileId(), required=False, max_length=MAX_FILES, help_text="Ids of files of its replies; none by itself."
    )
    client_id = OwnId()


class ForwardOut(serializers.Serializer[Any]):
    mail = serializers.UUIDField(help_text="The id that later events of this mail carry.")
    seq = serializers.IntegerField(help_text="The seq of its event on the ticket.")
    leaves_at = Time(help_text="When it leaves.")


class OutreachIn(Strict):
    to = serializers.ListField(child=PersonIn(), min_length=1, max_length=MOST_PEOPLE)
    subject = Text(max_length=200)
    body = Text(max_length=settings.MESSAGE_MAX_CHARS, help_text="Markdown. `{{ customer.first_name }}` is theirs.")
    team = Id(required=False, allow_null=True, help_text="A team's id.")
    is_mine = serializers.BooleanField(default=False, help_text="Whether the tickets become yours.")
    attachments = serializers.ListField(
        child=FileId(), required=False, max_length=MAX_FILES, help_text="Ids of files that you uploaded."
    )
    client_id = OwnId()


class OutreachRowOut(Out):
    ticket = serializers.IntegerField(source="ticket_id", read_only=True, allow_null=True, help_text="Its number.")

    class Meta:
        model = OutreachRow
        fields = ["email", "name", "state", "reason", "ticket"]
        read_only_fields = fields


class OutreachOut(Out):
    people = OutreachRowOut(source="rows", many=True, read_only=True)

    class Meta:
        model = Outreach
        fields = ["id", "subject", "begins_at", "stopped_at", "created_at", "people"]
        read_only_fields = fields
