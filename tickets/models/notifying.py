"""Who wants to hear of what, and what each was told."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.models.conversation import Event
from tickets.models.ticket import Ticket


class Follow(models.Model):
    """Somebody wants to hear of whatever happens on a ticket. It gives no right to see it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="follows")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="follows")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint("ticket", "user", name="follow_once")]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.ticket_id}"


class Notification(models.Model):
    """Something that somebody was told of: one for each person and event."""

    class Kind(models.TextChoices):
        MENTIONED = "mentioned", _("Somebody mentions you")
        ASSIGNED = "assigned", _("A ticket becomes yours")
        INVITED = "invited", _("Somebody asks you for help")
        REPLIED = "replied", _("A customer writes on a ticket of yours")
        FOLLOWED = "followed", _("Something happens on a ticket that you follow")
        RATED = "rated", _("A customer rates a ticket of yours")
        WOKE = "woke", _("A ticket that you snoozed is back")
        HELD = "held", _("A reply of yours is held")
        DUE = "due", _("A follow-up of yours is due, or could not leave")
        PROMISE = "promise", _("A promise on a ticket of yours has little time left")
        RECOVERY = "recovery", _("Somebody is to be made good with, by you or with your approval")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notifications")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    # What is due by these ways; empty once it has left, was read before, or was not wanted.
    push_due_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("user", "event", name="notification_once"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "mentioned",
                        "assigned",
                        "invited",
                        "replied",
                        "followed",
                        "rated",
                        "woke",
                        "held",
                        "due",
                        "promise",
                        "recovery",
                    ]
                ),
                name="notification_kind_known",
            ),
        ]
        indexes = [
            models.Index("user", models.F("created_at").desc(), name="notification_newest"),
            models.Index("user", name="notification_unread", condition=models.Q(read_at=None)),
            models.Index("push_due_at", name="notification_push", condition=models.Q(push_due_at__isnull=False)),
            models.Index("mail_due_at", name="notification_mail", condition=models.Q(mail_due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind} on {self.ticket_id}"


class NotificationSettings(models.Model):
    """How somebody wants to be told. What `ways` does not name is told in the usual way of its kind."""

    class Digest(models.TextChoices):
        HOURLY = "hourly", _("Once an hour")
        DAILY = "daily", _("Once a day")

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="notification_settings")
    ways = models.JSONField(default=dict, blank=True, help_text="By kind: [app, push, mail], those that are wanted.")
    quiet_from = models.TimeField(null=True, blank=True, help_text="Of their own day; nothing is pushed or mailed.")
    quiet_until = models.TimeField(null=True, blank=True)
    is_quiet_at_weekends = models.BooleanField(default=False)
    digest = models.CharField(max_length=6, choices=Digest.choices, default=Digest.HOURLY)
    digest_at = models.TimeField(default="08:00", help_text="When the daily one leaves, on their clock.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_begin_and_end",
            )
        ]

    def __str__(self) -> str:
        return str(self.user_id)


class PushSubscription(models.Model):
    """A browser of somebody that shows what is pushed to it (RFC 8030, RFC 8291)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="push_subscriptions")
    endpoint = models.URLField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=60)
    browser = models.CharField(max_length=80, blank=True, help_text="As a person would name it.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.browser or self.endpoint
