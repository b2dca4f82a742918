"""What the company promises its customers, and how each promise went."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Calendar, Team
from tickets.models.conversation import Event
from tickets.models.ticket import Channel, Priority, Ticket


class Promise(models.Model):
    """Something that customers can count on, as the company writes it, and how it is measured from events."""

    class Measure(models.TextChoices):
        FIRST_ANSWER = "first_answer", _("First answer within")
        NEXT_ANSWER = "next_answer", _("Every answer within")
        SOLVED = "solved", _("Solved within")
        HANDED_OVER = "handed_over", _("No transfer without a hand-over note")

    words = models.CharField(max_length=160, help_text=_("As customers read it: “A first answer within 10 minutes”."))
    measure = models.CharField(max_length=14, choices=Measure.choices)
    minutes = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    calendar = models.ForeignKey(
        Calendar,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="promises",
        help_text=_("Whose opening hours count; empty: those of the site that the customer wrote from."),
    )
    is_round_the_clock = models.BooleanField(default=False, help_text=_("Count nights and holidays, too."))
    channel = models.CharField(max_length=10, choices=Channel.choices, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="promises")
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, null=True, blank=True, help_text=_("From this priority on; empty: all.")
    )
    is_public = models.BooleanField(default=False, help_text=_("Shown to customers, with how often it was kept."))
    is_on = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(measure="handed_over", minutes=None)
                | (~models.Q(measure="handed_over") & models.Q(minutes__gte=1)),
                name="promise_has_minutes",
            )
        ]

    def __str__(self) -> str:
        return self.words


class PromiseRun(models.Model):
    """One time that a promise was to be kept on a ticket: from the event that began it to the one that ended it."""

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("promise", "Running")
        KEPT = "kept", pgettext_lazy("promise", "Kept")
        BROKEN = "broken", pgettext_lazy("promise", "Broken")
        VOID = "void", pgettext_lazy("promise", "Does not count")

    promise = models.ForeignKey(Promise, on_delete=models.CASCADE, related_name="runs")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="promise_runs")
    began = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    ended = models.ForeignKey(Event, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    began_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="None: it is a matter of how, not of when.")
    ended_at = models.DateTimeField(null=True, blank=True)
    broken_at = models.DateTimeField(null=True, blank=True, help_text="It may be kept late: then both are set.")

    class Meta:
        constraints = [
            models.UniqueConstraint("promise", "began", name="promise_run_once"),
            models.CheckConstraint(
                condition=~models.Q(state="broken") | models.Q(broken_at__isnull=False), name="promise_broken_has_time"
            ),
        ]
        indexes = [
            models.Index("due_at", name="promise_run_due", condition=models.Q(state="running")),
            models.Index("ticket", "began_at", name="promise_run_of_ticket"),
            models.Index("promise", "began_at", name="promise_run_lately"),
        ]

    def __str__(self) -> str:
        return f"{self.promise_id} on {self.ticket_id}: {self.state}"
