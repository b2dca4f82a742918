"""Whom our mails come from, and what they say."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Team


class Sender(models.Model):
    """An address that our mails come from; one without a team is for all who have none of their own."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, blank=True, help_text="Shown beside the address; empty: the company's.")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="senders")
    is_usual = models.BooleanField(default=False, help_text="The one that its team takes, of several.")
    reply_to = models.EmailField(max_length=254, blank=True, help_text="Where answers come in; empty: the same.")
    has_plus = models.BooleanField(
        default=True,
        help_text="Whether name+anything@… reaches the same mailbox: then answers find their ticket by it.",
    )
    signature = models.TextField(max_length=2000, blank=True, help_text="With variables; empty: the company's.")
    transport = models.TextField(blank=True, help_text="Encrypted: how its mails leave, if not as all others do.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(Lower("email"), "team", name="sender_once_per_team", nulls_distinct=False),
            models.UniqueConstraint("team", name="sender_one_usual", condition=Q(is_usual=True), nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def answers_at(self) -> str:
        """Where answers come in."""
        return self.reply_to or self.email


class Wording(models.Model):
    """What a kind of mail says, where the company has put it in words of its own: Markdown with `{{ variables }}`."""

    kind = models.CharField(max_length=40)
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=300, blank=True, help_text="Empty: as it comes.")
    body = models.TextField(max_length=10_000)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("kind", "language", name="wording_once")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.language})"
