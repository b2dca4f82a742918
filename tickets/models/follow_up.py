"""What will happen on a ticket by itself at its time."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.models.ticket import Ticket


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def scheduled(self) -> FollowUpQuerySet:
        return self.filter(state=FollowUp.State.SCHEDULED)

    def due(self, now: Any) -> FollowUpQuerySet:
        return self.scheduled().filter(due_at__lte=now, ticket__trashed_at=None).order_by("due_at")


class FollowUp(models.Model):
    """A mail that a ticket owes its customer at `due_at`. The row is the queue: the clock claims it."""

    class Kind(models.TextChoices):
        AFTER_SOLVING = "after_solving", _("asks whether all is well")
        UNSEEN_ANSWERS = "unseen_answers", _("sends answers that the customer has not seen in the chat")

    class State(models.TextChoices):
        SCHEDULED = "scheduled", pgettext_lazy("mail", "Scheduled")
        DONE = "done", pgettext_lazy("mail", "Done")
        CANCELLED = "cancelled", pgettext_lazy("mail", "Cancelled")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="follow_ups")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    due_at = models.DateTimeField()
    anchor_seq = models.BigIntegerField(help_text="The event that this follows up on.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    reason = models.CharField(max_length=120, blank=True)
    dedupe_key = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["scheduled", "done", "cancelled"]), name="follow_up_state_known"
            )
        ]
        indexes = [models.Index("due_at", name="follow_up_due", condition=models.Q(state="scheduled"))]

    def __str__(self) -> str:
        return self.dedupe_key
