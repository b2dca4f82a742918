"""What went wrong for a customer, and what it took them to have it put right."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User, currency_code
from recovery.models._fields import money
from recovery.models.policy import Part
from tickets.models import Event, Message, Ticket


class Kind(models.TextChoices):
    """What failed. The remedy should be of the same kind as the loss (Smith, Bolton & Wagner 1999)."""

    MONEY = "money", pgettext_lazy("failure", "Money: charged wrongly")
    PRODUCT = "product", pgettext_lazy("failure", "Product: wrong or faulty")
    SERVICE = "service", pgettext_lazy("failure", "Service: done badly or not at all")
    DELAY = "delay", pgettext_lazy("failure", "Delay: too late")
    INFORMATION = "information", pgettext_lazy("failure", "Information: wrong or missing")
    ATTENTION = "attention", pgettext_lazy("failure", "Attention: rude or ignored")


class Severity(models.IntegerChoices):
    NUISANCE = 1, _("A nuisance")
    ANNOYING = 2, _("Annoying")
    SERIOUS = 3, _("Serious")
    GRAVE = 4, _("Grave")
    DISASTER = 5, _("A disaster")


class Failure(models.Model):
    """What failed on a ticket. Its root cause is the ticket's own."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="failure")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    severity = models.PositiveSmallIntegerField(
        choices=Severity.choices, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    is_our_fault = models.BooleanField(null=True, blank=True, help_text=_("Must be answered before an offer."))
    was_kept = models.BooleanField(default=True, help_text=_("They kept or used what they got, in spite of it."))
    currency = models.CharField(max_length=3, validators=[currency_code])
    value = money(help_text=_("What they paid, or were to pay, for it."))
    loss = money(help_text=_("What of that they did not get."))
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    noted_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(severity__gte=1, severity__lte=5), name="failure_severity"),
            models.CheckConstraint(
                condition=models.Q(value__gte=0, loss__gte=0, loss__lte=models.F("value")), name="failure_loss_within"
            ),
        ]
        indexes = [models.Index("noted_at", name="failure_lately")]

    def __str__(self) -> str:
        return f"{self.kind} {self.severity} on {self.ticket_id}"


class HassleMark(models.Model):
    """A part of the hassle that no event tells of: an agent saw it in what was said."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="hassle_marks")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="hassle_marks")
    part = models.CharField(max_length=16, choices=[(part.value, part.label) for part in (Part.ASKED_TWICE, Part.TRIP)])
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("message", "part", name="hassle_marked_once"),
            models.CheckConstraint(condition=models.Q(part__in=["asked_twice", "trip"]), name="hassle_mark_known"),
        ]
        indexes = [models.Index("ticket", name="hassle_mark_of")]

    def __str__(self) -> str:
        return f"{self.part} in {self.message_id}"


class HassleDismissal(models.Model):
    """What was counted from the log and was none: it did not happen, or was no trouble. Taken back, it counts again."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="hassle_dismissals")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hassle_dismissals")
    part = models.CharField(
        max_length=16, choices=[(part.value, part.label) for part in Part if part not in (Part.ASKED_TWICE, Part.TRIP)]
    )
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("event", "part", name="hassle_dismissed_once"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="hassle_dismissed_why"),
        ]
        indexes = [models.Index("ticket", name="hassle_dismissal_of")]

    def __str__(self) -> str:
        return f"{self.part} at {self.event_id}"
