"""What one of us writes first, to several people: a ticket for each, made one after the other."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from tickets.models.conversation import Attachment
from tickets.models.ticket import Ticket


class OutreachQuerySet(models.QuerySet["Outreach"]):
    def due(self, now: datetime) -> OutreachQuerySet:
        """Those that have begun and still have somebody to write to, oldest first."""
        waiting = OutreachRow.objects.waiting().filter(outreach=models.OuterRef("pk"))
        begun = self.filter(begins_at__lte=now, stopped_at=None).filter(models.Exists(waiting))
        return begun.order_by("begins_at", "pk")


class Outreach(models.Model):
    """The same words to several people, who never learn of each other. It begins at `begins_at`, so that it can be
    taken back until then."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    is_mine = models.BooleanField(default=False, help_text="Whether its author has the tickets.")
    fields = models.JSONField(default=dict, blank=True, help_text="What the company's own fields hold on each ticket.")
    attachments = models.ManyToManyField(Attachment, blank=True, related_name="outreaches")
    client_id = models.CharField(max_length=64)
    begins_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OutreachQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("user", "client_id", name="outreach_once")]
        indexes = [
            models.Index("user", models.F("created_at").desc(), name="outreach_newest"),
            models.Index("begins_at", name="outreach_begun", condition=models.Q(stopped_at=None)),
        ]

    def __str__(self) -> str:
        return self.subject


class OutreachRowQuerySet(models.QuerySet["OutreachRow"]):
    def waiting(self) -> OutreachRowQuerySet:
        return self.filter(state=OutreachRow.State.WAITING)


class OutreachRow(models.Model):
    """One person whom an outreach goes to. The row is the queue: whoever locks it opens the ticket."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        LEFT = "left", _("Not sent")
        STOPPED = "stopped", _("Stopped")

    outreach = models.ForeignKey(Outreach, on_delete=models.CASCADE, related_name="rows")
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=160, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was not sent.")
    ticket = models.ForeignKey(Ticket, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = OutreachRowQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("outreach", Lower("email"), name="outreach_row_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "sent", "left", "stopped"]), name="outreach_row_state_known"
            ),
        ]
        indexes = [models.Index("outreach", name="outreach_row_waiting", condition=models.Q(state="waiting"))]

    def __str__(self) -> str:
        return self.email
