"""“You told us, we fixed it”: one mail to everybody who suffered a root cause that is fixed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from accounts.models import User
from customers.models import Customer
from tickets.models import RootCause, Ticket


class Telling(models.Model):
    """The telling of one cause, planned once and worked off row by row."""

    cause = models.ForeignKey(RootCause, on_delete=models.CASCADE, related_name="tellings")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    words = models.TextField(max_length=5000)
    translations = models.JSONField(
        default=dict, blank=True, help_text="The words by language code, where they differ from the company’s."
    )
    since = models.DateTimeField(help_text="Whoever suffered it from then on is told.")
    send_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stopped_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index("send_at", name="telling_due", condition=Q(ended_at=None, stopped_at=None))]

    def __str__(self) -> str:
        return f"telling of {self.cause_id}"

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None or self.stopped_at is not None

    def words_in(self, language: str) -> str:
        """What somebody reads who reads this language."""
        return str(self.translations.get(language) or self.words)


class TellingRow(models.Model):
    """One customer who is told, or why not."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("telling", "Waiting")
        TOLD = "told", pgettext_lazy("telling", "Told")
        LEFT_OUT = "left_out", pgettext_lazy("telling", "Left out")

    telling = models.ForeignKey(Telling, on_delete=models.CASCADE, related_name="rows")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", help_text="The newest one with it.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True)
    done_at = models.DateTimeField(null=True, blank=True, help_text="When it was known how it ended.")

    class Meta:
        constraints = [models.UniqueConstraint("telling", "customer", name="told_once")]
        indexes = [
            models.Index("telling", "id", name="telling_waiting", condition=Q(state="waiting")),
            models.Index("telling", "id", name="telling_in_the_post", condition=Q(state="told", done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.state}"
