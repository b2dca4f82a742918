"""Whether it is right now: the question some days after the remedy, and what was said."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from recovery.models.cases import Case
from recovery.models.offers import Offer


class Survey(models.Model):
    """One after-survey: fairness of the outcome, ease of the process, treatment, effort (Tax et al. 1998; CES)."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled", pgettext_lazy("survey", "Scheduled")
        SENT = "sent", pgettext_lazy("survey", "Sent")
        ANSWERED = "answered", pgettext_lazy("survey", "Answered")
        CANCELLED = "cancelled", pgettext_lazy("survey", "Cancelled")
        EXPIRED = "expired", pgettext_lazy("survey", "Expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="surveys")
    offer = models.OneToOneField(Offer, null=True, blank=True, on_delete=models.SET_NULL, related_name="survey")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    nonce = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)
    # 1 (bad) to 5 (very good); effort 1 (none) to 5 (very much).
    is_right = models.BooleanField(null=True, blank=True, help_text="Is it right now?")
    satisfaction = models.PositiveSmallIntegerField(null=True, blank=True)
    fairness = models.PositiveSmallIntegerField(null=True, blank=True)
    ease = models.PositiveSmallIntegerField(null=True, blank=True)
    treatment = models.PositiveSmallIntegerField(null=True, blank=True)
    effort = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    *(
                        Q(**{name: None}) | Q(**{f"{name}__gte": 1, f"{name}__lte": 5})
                        for name in ("satisfaction", "fairness", "ease", "treatment", "effort")
                    )
                ),
                name="survey_one_to_five",
            ),
            models.UniqueConstraint("case", name="survey_one_open", condition=Q(state__in=["scheduled", "sent"])),
        ]
        indexes = [models.Index("due_at", name="survey_due", condition=Q(state="scheduled"))]

    def __str__(self) -> str:
        return f"survey of case {self.case_id}: {self.state}"
