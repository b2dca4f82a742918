"""What the company promises its customers, and how each promise went."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Calendar, Team
from tickets.models.conversation import Event
from tickets.models.ticket import Channel, Priority, Ticket
from tickets.sla import answer_due, warn_at


class Promise(models.Model):
    """Something that customers can count on, as the company writes it, and how it is measured from events.

    What it says of time and tickets never changes: a change ends it and puts another in its place. So what began under
    the old terms is measured by them, whenever the events are read, and a share never mixes two promises.
    """

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
    is_paused_while_pending = models.BooleanField(
        default=False, help_text=_("Do not count the time in which the ticket is pending: we wait for the customer.")
    )
    channel = models.CharField(max_length=10, choices=Channel.choices, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="promises")
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, null=True, blank=True, help_text=_("From this priority on; empty: all.")
    )
    is_public = models.BooleanField(default=False, help_text=_("Shown to customers, with how often it was kept."))
    is_on = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False, help_text="Nothing that happens from then on begins it.")
    replaced_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="replaces")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_on=True, ended_at=None) | models.Q(is_on=False, ended_at__isnull=False),
                name="promise_off_has_end",
            ),
            models.CheckConstraint(
                condition=models.Q(is_paused_while_pending=False) | models.Q(measure="solved"),
                name="promise_pauses_if_solved",
            ),
            models.CheckConstraint(
                condition=models.Q(measure="handed_over", minutes=None)
                | (~models.Q(measure="handed_over") & models.Q(minutes__gte=1)),
                name="promise_has_minutes",
            ),
        ]

    def __str__(self) -> str:
        return self.words

    def is_in_force(self, at: datetime) -> bool:
        """Whether it was given at this moment."""
        return self.created_at <= at and (self.ended_at is None or at < self.ended_at)

    def concerns(self, channel: str, team_id: int | None, priority: int) -> bool:
        """Whether it is given on tickets like this."""
        return (
            self.channel in ("", channel)
            and self.team_id in (None, team_id)
            and (self.priority is None or priority >= self.priority)
        )

    def hours(self, of_site: Calendar | None) -> Calendar | None:
        """The opening hours that count, where those of the customer's site are these; None: round the clock."""
        return None if self.is_round_the_clock else self.calendar or of_site

    def due_at(self, since: datetime, of_site: Calendar | None) -> datetime:
        """Until when it is to be kept."""
        return answer_due(since, self.minutes or 0, self.hours(of_site))

    def warn_at(self, since: datetime, of_site: Calendar | None, *, left: timedelta | None = None) -> datetime | None:
        """When only a quarter of its time will be left, of which `left` is left since then; None: a matter of how."""
        length = timedelta(minutes=self.minutes or 0)
        return warn_at(since, length if left is None else left, length, self.hours(of_site)) if self.minutes else None


class PromiseRun(models.Model):
    """One time that a promise was to be kept on a ticket: from the event that began it to the one that ended it."""

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("promise", "Running")
        KEPT = "kept", pgettext_lazy("promise", "Kept")
        BROKEN = "broken", pgettext_lazy("promise", "Broken")
        VOID = "void", pgettext_lazy("promise", "Does not count")

    promise = models.ForeignKey(Promise, on_delete=models.CASCADE, related_name="runs")
    # Without a constraint in the database: to check it would lock the ticket's row until a whole batch of events is
    # read, and whoever writes a message needs that row. Tickets are not deleted.
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="promise_runs", db_constraint=False)
    began = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    ended = models.ForeignKey(Event, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    began_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="None: a matter of how, not of when; or paused.")
    left = models.DurationField(null=True, blank=True, help_text="Paused: how much of it is left.")
    warn_at = models.DateTimeField(
        null=True, blank=True, help_text="When a quarter of it is left. None: said already, or a matter of how."
    )
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
            models.Index(
                "warn_at",
                name="promise_run_warn",
                condition=models.Q(state="running", ended_at=None, warn_at__isnull=False),
            ),
            models.Index("ticket", "began_at", name="promise_run_of_ticket"),
            models.Index(fields=["promise", "began_at"], include=["state"], name="promise_run_lately"),
        ]

    def __str__(self) -> str:
        return f"{self.promise_id} on {self.ticket_id}: {self.state}"

    def is_late(self, at: datetime) -> bool:
        """Whether it was past due then."""
        return self.due_at is not None and at > self.due_at
