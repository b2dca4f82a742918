"""What an agent works with: drafts, replies that leave later, macros, saved views, and what can be undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from tickets.models.conversation import Attachment, Message
from tickets.models.ticket import Ticket

Row = TypeVar("Row", bound="SharedRow")


class Draft(models.Model):
    """What somebody has begun to write on a ticket and not sent; one for each person and ticket."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=8, choices=Message.Kind.choices, default=Message.Kind.REPLY)
    body = models.TextField(blank=True)
    client_id = models.CharField(max_length=64, blank=True)
    begun_seq = models.BigIntegerField(help_text="What had happened on the ticket when it was begun.")
    attachments = models.ManyToManyField(Attachment, blank=True, related_name="drafts")
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("ticket", "user", name="draft_once")]
        indexes = [models.Index("user", models.F("updated_at").desc(), name="draft_newest")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.ticket_id}"


class ScheduledReplyQuerySet(models.QuerySet["ScheduledReply"]):
    def waiting(self) -> ScheduledReplyQuerySet:
        return self.filter(state=ScheduledReply.State.WAITING)

    def due(self, now: Any) -> ScheduledReplyQuerySet:
        return self.waiting().filter(send_at__lte=now).order_by("send_at", "pk")


class ScheduledReply(models.Model):
    """A reply that is posted at `send_at`, unless it is taken back. The row is the queue: the clock claims it.

    Until then it is no message: nobody but us sees it. One that must not leave unseen is `held` for its author.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        HELD = "held", _("Held")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Taken back")

    OPEN = [State.WAITING, State.HELD]
    MOMENT = timedelta(seconds=60)

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="scheduled_replies")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    body = models.TextField(blank=True)
    client_id = models.CharField(max_length=64)
    attachments = models.ManyToManyField(Attachment, blank=True, related_name="scheduled_replies")
    begun_seq = models.BigIntegerField(help_text="What had happened on the ticket when it was begun.")
    then = models.JSONField(default=dict, blank=True, help_text="What is done once it is sent: {resolve: slug | none}.")
    send_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it is held or was not sent.")
    message = models.OneToOneField(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="scheduled")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScheduledReplyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("user", "client_id", name="scheduled_reply_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "held", "sent", "cancelled"]),
                name="scheduled_reply_state_known",
            ),
        ]
        indexes = [
            models.Index("send_at", name="scheduled_reply_due", condition=models.Q(state="waiting")),
            models.Index("ticket", name="scheduled_reply_open", condition=models.Q(state__in=["waiting", "held"])),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.ticket_id} at {self.send_at}"

    @property
    def is_leaving(self) -> bool:
        """Whether it leaves in a moment, unless it is undone; otherwise somebody has chosen a time for it."""
        return self.send_at - self.created_at <= self.MOMENT


class SharedQuerySet(models.QuerySet[Row]):
    def visible_to(self, user: User) -> SharedQuerySet[Row]:
        """One's own, one's teams' and everybody's."""
        if user.has_perm("tickets.view_all"):
            return self.filter(models.Q(owner=None) | models.Q(owner=user))
        teams = [team.pk for team in user.teams.all()]
        return self.filter(
            models.Q(owner=user) | models.Q(owner=None, team=None) | models.Q(owner=None, team__in=teams)
        )

    def changeable_by(self, user: User) -> SharedQuerySet[Row]:
        """One's own, and those of others if one may share."""
        if user.has_perm("tickets.share"):
            return self.visible_to(user)
        return self.filter(owner=user)


class SharedRow(models.Model):
    """Somebody's own (`owner`), a team's (`team`), or everybody's (neither)."""

    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def is_private(self) -> bool:
        return self.owner_id is not None


class Macro(SharedRow):
    """Words and steps that are used again and again. Stored words are never a template: `{{ customer.name }}` and
    its few sisters are replaced by name, everything else stays as it is written."""

    body = models.TextField(blank=True)
    kind = models.CharField(max_length=8, choices=Message.Kind.choices, default=Message.Kind.REPLY)
    steps = models.JSONField(default=list, blank=True, help_text="What is done: [{do, …}], see macros.py.")
    used = models.PositiveIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = SharedQuerySet["Macro"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(team=None), name="macro_of_one_or_of_a_team"
            )
        ]


class SavedView(SharedRow):
    """A list of tickets that somebody wants to see again: what is asked, as in the search box, and how it is shown."""

    query = models.CharField(max_length=500)
    sort = models.CharField(max_length=20, blank=True)
    columns = models.JSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    objects = SharedQuerySet["SavedView"].as_manager()

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(team=None), name="saved_view_of_one_or_of_a_team"
            )
        ]


class Undo(models.Model):
    """Something that somebody did a moment ago and can take back: what each ticket was, and what it was made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    label = models.CharField(max_length=200)
    steps = models.JSONField(help_text="[{ticket, do, was, is}], see actions/undoing.py.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index("user", models.F("created_at").desc(), name="undo_newest")]

    def __str__(self) -> str:
        return self.label
