"""The same words for many customers, sent one after the other."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.models.conversation import Message
from tickets.models.ticket import Ticket


class BulkReplyQuerySet(models.QuerySet["BulkReply"]):
    def due(self, now: Any) -> BulkReplyQuerySet:
        """Those that have begun and still have something to send, oldest first."""
        waiting = BulkReplyRow.objects.waiting().filter(bulk=models.OuterRef("pk"))
        begun = self.filter(begins_at__lte=now, stopped_at=None).filter(models.Exists(waiting))
        return begun.order_by("begins_at", "pk")


class BulkReply(models.Model):
    """A reply to many tickets. It begins at `begins_at`, so that it can be taken back until then."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    body = models.TextField()
    client_id = models.CharField(max_length=64)
    begins_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BulkReplyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("user", "client_id", name="bulk_reply_once")]
        indexes = [
            models.Index("user", models.F("created_at").desc(), name="bulk_reply_newest"),
            models.Index("begins_at", name="bulk_reply_begun", condition=models.Q(stopped_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.begins_at}"


class BulkReplyRowQuerySet(models.QuerySet["BulkReplyRow"]):
    def waiting(self) -> BulkReplyRowQuerySet:
        return self.filter(state=BulkReplyRow.State.WAITING)


class BulkReplyRow(models.Model):
    """One ticket of a bulk reply. The row is the queue: whoever locks it sends it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        LEFT = "left", _("Not sent")
        STOPPED = "stopped", _("Stopped")

    bulk = models.ForeignKey(BulkReply, on_delete=models.CASCADE, related_name="rows")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    begun_seq = models.BigIntegerField(help_text="What had happened on the ticket when it was begun.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was not sent.")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = BulkReplyRowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("bulk", "ticket", name="bulk_reply_row_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "sent", "left", "stopped"]), name="bulk_reply_row_state_known"
            ),
        ]
        indexes = [models.Index("bulk", name="bulk_reply_row_waiting", condition=models.Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.bulk_id} on {self.ticket_id}"
