"""Mails as they came, kept before anything else is done with them; every one ends in a state with a reason."""

from __future__ import annotations

import uuid
import zlib
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from accounts.models import User
from mailroom.models.mailboxes import Mailbox
from tickets.models import Message, Ticket


class Source(models.TextChoices):
    """The door that a mail came through."""

    IMAP = "imap", pgettext_lazy("door of mails", "IMAP")
    PIPE = "pipe", pgettext_lazy("door of mails", "Pipe")
    SMTP = "smtp", pgettext_lazy("door of mails", "SMTP")
    HOOK = "hook", pgettext_lazy("door of mails", "Webhook")


class State(models.TextChoices):
    """What became of it. All but the first are ends."""

    NEW = "new", pgettext_lazy("state of a mail", "Waiting")
    ENTRY = "entry", pgettext_lazy("state of a mail", "On a ticket")
    TICKET = "ticket", pgettext_lazy("state of a mail", "New ticket")
    BOUNCE = "bounce", pgettext_lazy("state of a mail", "Bounce")
    AUTOMATIC = "automatic", pgettext_lazy("state of a mail", "Automatic")
    DUPLICATE = "duplicate", pgettext_lazy("state of a mail", "Here already")
    SPAM = "spam", pgettext_lazy("state of a mail", "Spam")
    QUARANTINE = "quarantine", pgettext_lazy("state of a mail", "Quarantine")


END_STATES = [state for state in State if state != State.NEW]


class RawMailQuerySet(models.QuerySet["RawMail"]):
    def visible_to(self, viewer: User) -> RawMailQuerySet:
        """Raw mails may hold anything, before anybody has looked: whoever runs the mailboxes sees them."""
        return self if viewer.has_perm("mailroom.manage") else self.none()

    def due(self, now: datetime) -> RawMailQuerySet:
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(free, state=State.NEW, next_at__lte=now).order_by("next_at", "received_at")


class RawMail(models.Model):
    """A mail that came in. Its row is the queue: whoever works on it has a lease, `attempts` tells leases apart."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mailbox = models.ForeignKey(Mailbox, null=True, on_delete=models.SET_NULL, related_name="mails")
    source = models.CharField(max_length=4, choices=Source.choices)
    uid_validity = models.BigIntegerField(null=True)
    uid = models.BigIntegerField(null=True)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    envelope_from = models.CharField(max_length=320, null=True, help_text="'' is the null sender; null: not known.")
    envelope_to = models.JSONField(default=list)
    is_imported = models.BooleanField(
        default=False, help_text="It was there before the first look: nothing answers it."
    )
    received_at = models.DateTimeField(default=timezone.now)

    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    reason = models.CharField(max_length=300, blank=True, help_text="Why, in English; whoever shows it translates.")
    detail = models.CharField(max_length=500, blank=True, help_text="What goes with the reason: names, figures.")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    handled_at = models.DateTimeField(null=True)
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.SET_NULL, related_name="raw_mails")
    entry = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="raw_mails")

    # What its header says, cleaned, for lists and for finding the thread.
    message_id = models.CharField(max_length=320, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_email = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    # {"spf": "pass", "dkim": "pass", "dmarc": "none", "is_aligned": true, "verdict": Authenticity, "by": "…"}
    authentication = models.JSONField(default=dict)

    objects = RawMailQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [
            models.Index("next_at", name="raw_mail_due", condition=Q(state="new")),
            models.Index(fields=["-received_at", "-id"], name="raw_mail_newest"),
            models.Index(fields=["state", "-received_at"], name="raw_mail_of_state"),
            models.Index("message_id", name="raw_mail_message_id", condition=~Q(message_id="")),
            models.Index(fields=["from_email", "-received_at"], name="raw_mail_of_sender"),
            models.Index("sha256", name="raw_mail_content"),
        ]
        constraints = [
            models.UniqueConstraint(
                "mailbox", "uid_validity", "uid", name="raw_mail_fetched_once", condition=Q(uid__isnull=False)
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="raw_mail_state_known"),
            models.CheckConstraint(condition=Q(state="new") | ~Q(reason=""), name="raw_mail_end_has_reason"),
            models.CheckConstraint(condition=Q(state="new") | Q(lease_until=None), name="raw_mail_leased_while_new"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.id}"


class RawText(models.Model):
    """What was received, byte for byte, packed; apart, so that no list reads it."""

    mail = models.OneToOneField(RawMail, on_delete=models.CASCADE, primary_key=True, related_name="text")
    packed = models.BinaryField()

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def pack(cls, data: bytes) -> bytes:
        return zlib.compress(data, 1)

    @property
    def data(self) -> bytes:
        return zlib.decompress(bytes(self.packed))
