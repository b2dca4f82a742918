"""What somebody was told."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.serializers.base import Id, Out, Strict
from tickets.models import Notification
from tickets.queries.notifications import said


class NotificationOut(Out):
    ticket = serializers.IntegerField(source="ticket_id", read_only=True, help_text="Its number.")
    subject = serializers.CharField(source="ticket.subject", read_only=True)
    seq = serializers.IntegerField(source="event.seq", read_only=True, help_text="Of the event on the ticket.")
    said = serializers.SerializerMethodField(help_text="What happened, in words; never what somebody wrote.")

    class Meta:
        model = Notification
        fields = ["id", "kind", "ticket", "subject", "seq", "said", "created_at", "read_at"]
        read_only_fields = fields

    def get_said(self, row: Notification) -> str:
        return said(row)


class ReadOut(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread until now.")


class NotificationFilters(Strict):
    unread = serializers.BooleanField(required=False, help_text="Only those that you have not read.")


class ReadIn(Strict):
    ids = serializers.ListField(child=Id(), required=False, max_length=500, help_text="Of notifications.")
    all = serializers.BooleanField(required=False, default=False, help_text="All of them.")
