"""Outgoing mail: one row per mail, and one per recipient."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection, models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from outbox.models.senders import Sender
from outbox.policy import BY_PERSONS, TO_US, URGENT


class MailState(models.TextChoices):
    PENDING = "pending", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Could not be delivered")
    UNKNOWN = "unknown", _("Perhaps delivered")
    CANCELLED = "cancelled", _("Not needed any more")


END_STATES = (MailState.SENT, MailState.FAILED, MailState.UNKNOWN, MailState.CANCELLED)


class RecipientState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Accepted by the server")
    FAILED = "failed", _("Refused")
    UNKNOWN = "unknown", _("Perhaps accepted")
    SUPPRESSED = "suppressed", _("Gets no mail from us")
    CANCELLED = "cancelled", _("Not needed any more")


class MailQuerySet(models.QuerySet["Mail"]):
    def about(self, about: str) -> MailQuerySet:
        return self.filter(about=about)

    def of_kinds(self, kinds: list[str]) -> MailQuerySet:
        return self.filter(kind__in=kinds)

    def pending(self) -> MailQuerySet:
        return self.filter(state=MailState.PENDING)

    def due(self, now: datetime) -> MailQuerySet:
        """What should leave now, the longest due first."""
        return self.pending().filter(next_at__lte=now).order_by("next_at")

    def let_go(self) -> MailQuerySet:
        """Those that may leave as things are: not if all are stopped, or what is automatic waits for a person.

        How things are is asked when this is called.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT is_stopped, held_at IS NOT NULL FROM outbox_sending")
            is_stopped, is_held = cursor.fetchone() or (False, False)
        if is_stopped:
            return self.filter(kind__in=URGENT)
        return self.filter(kind__in=[*URGENT, *BY_PERSONS, *TO_US]) if is_held else self

    def abandoned(self, now: datetime) -> MailQuerySet:
        """Claimed by a sender that did not come back in time."""
        return self.filter(state=MailState.SENDING, lease_until__lte=now)

    def undelivered(self) -> MailQuerySet:
        """Ended, and at least one recipient did not get it or perhaps did not."""
        lost = Recipient.objects.filter(
            mail=models.OuterRef("pk"),
            state__in=[RecipientState.FAILED, RecipientState.UNKNOWN, RecipientState.SUPPRESSED],
        )
        return self.filter(models.Exists(lost), state__in=END_STATES)

    def cancel(self, *, reason: str) -> int:
        """Cancel all of these, whatever their state; their number."""
        nothing = Value("", output_field=models.TextField())
        return self.update(
            state=MailState.CANCELLED,
            reason=reason,
            lease_until=None,
            text=Case(When(is_secret=True, then=nothing), default=F("text")),
            html=Case(When(is_secret=True, then=nothing), default=F("html")),
        )


class Mail(models.Model):
    """A promise to send one mail, kept in the transaction that made it.

    `attempts` also tells claims apart: what a sender writes counts only while the number is still its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=80, blank=True, help_text="What it is about, such as ticket:42.")
    dedupe_key = models.CharField(max_length=200, unique=True)
    message_id = models.CharField(max_length=320, unique=True)

    sender = models.ForeignKey(Sender, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    from_name = models.CharField(max_length=200, blank=True)
    from_email = models.CharField(max_length=254)
    reply_to = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=900, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    language = models.CharField(max_length=10, default="en")  # what is added on leaving is said in it, too
    headers = models.JSONField(default=dict, blank=True)
    in_reply_to = models.CharField(max_length=320, blank=True)
    references = models.JSONField(default=list, blank=True)
    # A picture of the page has its content id as a fourth.
    files = models.JSONField(default=list, blank=True, help_text="[name in the storage, shown name, media type], …")

    # What the header names, where that is not just whom this mail goes to: [[name, address], …].
    shown_to = models.JSONField(default=list, blank=True)
    shown_cc = models.JSONField(default=list, blank=True)

    is_automatic = models.BooleanField(default=False)
    is_secret = models.BooleanField(default=False, help_text="The words are wiped once the mail has ended.")
    is_at_most_once = models.BooleanField(default=False, help_text="Rather lost than sent twice.")

    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    doubts = models.PositiveSmallIntegerField(default=0, help_text="Tries after which the server may have taken it.")
    next_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    data_started_at = models.DateTimeField(null=True)
    smtp_reply = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("next_at", name="mail_due", condition=Q(state="pending")),
            models.Index("lease_until", name="mail_leased", condition=Q(state="sending")),
            models.Index("about", "created_at", name="mail_about"),
            models.Index("kind", "sent_at", name="mail_sent_of_kind", condition=Q(sent_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state_known"),
            models.CheckConstraint(
                condition=Q(state="sending", lease_until__isnull=False)
                | (~Q(state="sending") & Q(lease_until__isnull=True)),
                name="mail_leased_while_sending",
            ),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="mail_sent_has_time"),
            models.CheckConstraint(
                condition=Q(is_secret=False) | Q(state__in=["pending", "sending"]) | Q(text="", html=""),
                name="mail_secret_wiped",
            ),
            models.CheckConstraint(condition=~Q(dedupe_key=""), name="mail_has_dedupe_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Recipient(models.Model):
    """One address of a mail, with its own fate."""

    mail = models.ForeignKey(Mail, on_delete=models.CASCADE, related_name="recipients")
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=RecipientState.choices, default=RecipientState.PENDING)
    smtp_reply = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(Lower("email"), name="recipient_email")]
        constraints = [
            models.UniqueConstraint("mail", Lower("email"), name="recipient_once"),
            models.CheckConstraint(condition=Q(state__in=RecipientState.values), name="recipient_state_known"),
        ]

    def __str__(self) -> str:
        return self.email
