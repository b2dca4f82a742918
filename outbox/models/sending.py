"""Whether mails leave, each try to let one leave, and what goes wrong with it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Outcome(models.TextChoices):
    TAKEN = "taken", _("Accepted")
    LATER = "later", _("Not now")
    NEVER = "never", _("Refused")
    BOUNCED = "bounced", _("Came back")
    DOUBT = "doubt", _("No answer")
    NO_SERVER = "no_server", _("No server")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def since(self, at: datetime) -> AttemptQuerySet:
        return self.filter(at__gt=at)

    def taken(self) -> AttemptQuerySet:
        return self.filter(outcome=Outcome.TAKEN)


def domain_of(email: str | F) -> Func:
    """The domain of an address, in lower case, as the index has it."""
    return Func(Lower(email), Value("@"), Value(2), function="split_part", output_field=models.CharField())


class Attempt(models.Model):
    """One try to hand over a mail to one recipient, in the server's own words."""

    mail = models.ForeignKey("outbox.Mail", on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    email = models.CharField(max_length=254, blank=True, help_text="The recipient; empty: all of them.")
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reply = models.CharField(max_length=500, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            BrinIndex("at", name="attempt_at", autosummarize=True),
            # How much somebody, or a domain, got of late.
            models.Index(Lower("email"), "at", name="attempt_email", condition=Q(outcome="taken")),
            models.Index(domain_of("email"), "at", name="attempt_domain", condition=Q(outcome="taken")),
        ]

    def __str__(self) -> str:
        return f"{self.mail_id} {self.number}: {self.outcome}"


class Sending(models.Model):
    """Whether mails leave at all, and how fast. There is one row, or none: then everything is as usual."""

    is_stopped = models.BooleanField(default=False, help_text=_("No mail leaves."))
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    stopped_why = models.CharField(max_length=200, blank=True)
    per_recipient = models.PositiveSmallIntegerField(default=30, help_text=_("Mails to one address in ten minutes."))
    per_domain = models.PositiveIntegerField(default=600, help_text=_("Mails to one domain in ten minutes."))
    bounces_stop_at = models.PositiveSmallIntegerField(
        default=20, help_text=_("Of a hundred mails of the last hour; then what is automatic waits for a person.")
    )
    held_at = models.DateTimeField(null=True, blank=True, help_text="Since when what is automatic waits for a person.")
    counted_from = models.DateTimeField(null=True, blank=True, help_text="What came back earlier counts no more.")
    only_row = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only_row=True), name="sending_is_single")]

    def __str__(self) -> str:
        return "stopped" if self.is_stopped else "sending"


class Trouble(models.Model):
    """Something that administrators are told of: once, again each day, and when it is over."""

    key = models.CharField(max_length=120, unique=True)
    words = models.CharField(max_length=300, help_text="In English, as translators know it, with its `values`.")
    values = models.JSONField(default=dict, blank=True)
    url = models.CharField(max_length=200, blank=True, help_text="Where it is looked into, within our pages.")
    since = models.DateTimeField()
    seen_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["since", "pk"]

    def __str__(self) -> str:
        return self.key

    @property
    def said(self) -> str:
        """What is wrong, in the language that is spoken now."""
        return gettext(self.words) % self.values
