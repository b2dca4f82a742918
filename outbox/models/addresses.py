"""The addresses that get no mail from us, or none that a machine writes."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import User
from outbox.policy import Why, patterns_of


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def reasons_for(self, emails: list[str]) -> dict[str, str]:
        """Why each of these addresses, in lower case, gets no mail; those without a reason are left out."""
        return dict(self.filter(email__in=[email.lower() for email in emails]).values_list("email", "reason"))

    def add(self, email: str, reason: Why) -> Suppression:
        """Note a reason; a graver one replaces an unsubscription, and nothing else."""
        entry, _ = self.get_or_create(email=email.lower(), defaults={"reason": reason})
        if entry.reason == Why.UNSUBSCRIBED and reason != Why.UNSUBSCRIBED:
            entry.reason = reason
            entry.save(update_fields=["reason"])
        return entry


class Suppression(models.Model):
    """An address, in lower case, that gets no mail, or none that nobody asked for."""

    email = models.CharField(max_length=254, unique=True)
    reason = models.CharField(max_length=12, choices=[(why.value, why.value.capitalize()) for why in Why])
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="suppression_lower"),
            models.CheckConstraint(condition=Q(reason__in=[why.value for why in Why]), name="suppression_reason_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.reason}"


class BlockQuerySet(models.QuerySet["Block"]):
    def among(self, emails: Iterable[str]) -> set[str]:
        """Those of these addresses, in lower case, that are blocked themselves or by their domain."""
        patterns = {email.lower(): patterns_of(email) for email in emails}
        wanted = {pattern for several in patterns.values() for pattern in several}
        found = set(self.filter(pattern__in=wanted).values_list("pattern", flat=True))
        return {email for email, several in patterns.items() if found.intersection(several)}


class Block(models.Model):
    """An address, or `@domain` with all its subdomains, whose mails are spam and which gets no automatic mail."""

    pattern = models.CharField(max_length=254, unique=True)
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["pattern"]
        constraints = [
            models.CheckConstraint(condition=Q(pattern=Lower("pattern")), name="block_lower"),
            models.CheckConstraint(condition=Q(pattern__contains="@"), name="block_is_address_or_domain"),
        ]

    def __str__(self) -> str:
        return self.pattern
