"""What was said and what happened."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from api.serializers.base import MAX_ID, FileId, OwnId, Strict, Text, Time
from tickets.actions.attaching import MAX_FILES
from tickets.models import Message


# The next ones describe what tickets/serializers.py makes, for the schema; tests hold the two together.
class AuthorOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["agent", "customer", "system"])
    name = serializers.CharField()
    initials = serializers.CharField()
    picture = serializers.CharField(allow_null=True, help_text="The path of the picture, or null.")
    you = serializers.BooleanField(help_text="Whether it was the token's owner.")


class ImageOut(serializers.Serializer[Any]):
    width = serializers.IntegerField(help_text="Pixels.")
    height = serializers.IntegerField(help_text="Pixels.")


class FileOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    type = serializers.CharField()
    image = ImageOut(
        allow_null=True,
        help_text="Of a picture that was made anew here: only its pixels are left, it may be shown where it stands.",
    )
    removed_at = Time(allow_null=True, help_text="When what it held was deleted.")


class MessageOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Message.Kind.choices)
    body = serializers.CharField(help_text="As it was written.")
    format = serializers.ChoiceField(choices=Message.Format.choices, help_text="How the body is meant.")
    html = serializers.CharField(required=False, help_text="The body as safe HTML; only where it is Markdown.")
    client_id = serializers.CharField(allow_null=True, help_text="The id its sender gave it.")
    created_at = Time()
    edited_at = Time(allow_null=True, help_text="When its author changed it; notes only.")
    redacted_at = Time(allow_null=True, help_text="When a part of it was blacked out, for good.")
    attachments = FileOut(many=True)


class AuthoredMessageOut(MessageOut):
    by = AuthorOut()


class EventOut(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="1, 2, 3 … within the ticket, without a gap.")
    prev = serializers.IntegerField(help_text="The seq of the event before it; 0 for the first.")
    type = serializers.CharField(help_text="What happened, such as `message.posted` or `ticket.resolved`.")
    at = Time()
    by = AuthorOut()
    data = serializers.DictField(  # type: ignore[assignment]  # (a name that serializers use too)
        help_text="What else there is to say; depends on the type."
    )
    message = MessageOut(required=False, help_text="Where the event is about one.")


class EventFilters(Strict):
    after = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=MAX_ID, help_text="Only what came after this seq."
    )


class MessageIn(Strict):
    body = Text(max_length=settings.MESSAGE_MAX_CHARS)
    kind = serializers.ChoiceField(
        choices=Message.Kind.choices, default=Message.Kind.REPLY, help_text="A note is seen by the team only."
    )
    format = serializers.ChoiceField(
        choices=Message.Format.choices, default=Message.Format.PLAIN,
        help_text="How the body is meant: as it is typed, or as Markdown (emphasis, lists, quotes, code, links).",
    )  # fmt: skip
    client_id = OwnId(help_text="Your own id for it. Sent again with the same words, the first message is answered.")

    attachments = serializers.ListField(
        child=FileId(),
        required=False,
        max_length=MAX_FILES,
        help_text="Ids of files that you uploaded and have not sent.",
    )
    is_copied = serializers.BooleanField(
        default=True, help_text="False: only the customer gets it, whoever else gets copies on this ticket."
    )


class NoteChangeIn(Strict):
    body = Text(max_length=settings.MESSAGE_MAX_CHARS, help_text="What it says from now on.")
    changed_at = Time(
        required=False, allow_null=True, help_text="The later of its `edited_at` and `redacted_at` as you have seen it."
    )


class RedactIn(Strict):
    passages = serializers.ListField(
        child=Text(max_length=settings.MESSAGE_MAX_CHARS, trim_whitespace=False), min_length=1, max_length=20
    )
