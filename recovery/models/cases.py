"""A customer to be won back: why, by whom, until when, and how it went."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from accounts.models import User
from customers.models import Customer
from recovery.models.policy import Arm
from tickets.models import Event, Ticket


class Trigger(models.TextChoices):
    """What opens a case."""

    RATING = "rating", pgettext_lazy("trigger", "A bad rating")
    PROMISE = "promise", pgettext_lazy("trigger", "A broken promise")
    REOPENED = "reopened", pgettext_lazy("trigger", "Reopened again")
    TRANSFERS = "transfers", pgettext_lazy("trigger", "Passed on too often")
    UNANSWERED = "unanswered", pgettext_lazy("trigger", "Wrote again and again without an answer")
    HASSLE = "hassle", pgettext_lazy("trigger", "Too much hassle")
    ABANDONED = "abandoned", pgettext_lazy("trigger", "Left the queue of a chat")
    SECOND = "second", pgettext_lazy("trigger", "A second failure")
    AGENT = "agent", pgettext_lazy("trigger", "An agent’s own judgement")


# What counts as much, where it is counted: at most this rating, this many reopenings, transfers, messages.
USUAL_THRESHOLDS: dict[str, int] = {
    Trigger.RATING: 2,
    Trigger.PROMISE: 1,
    Trigger.REOPENED: 2,
    Trigger.TRANSFERS: 3,
    Trigger.UNANSWERED: 3,
    Trigger.ABANDONED: 1,
}


class TriggerRule(models.Model):
    """How one trigger is set; one without a row is as usual."""

    trigger = models.CharField(max_length=12, choices=Trigger.choices, unique=True)
    is_on = models.BooleanField(default=True)
    threshold = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    cooldown_days = models.PositiveSmallIntegerField(default=30)

    def __str__(self) -> str:
        return self.trigger


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, viewer: User | Customer | None) -> CaseQuerySet:
        """Cases of tickets that one of us may see; customers see none."""
        if not isinstance(viewer, User) or not viewer.has_perm("recovery.view"):
            return self.none()
        return self.filter(ticket__in=Ticket.objects.visible_to(viewer))

    def counted_once(self) -> CaseQuerySet:
        """Without what was left behind by a merge: the ticket that goes on has a case of its own, and nothing was
        offered in this one."""
        return self.exclude(ticket__merged_into__recovery_case__isnull=False, offers=None)

    def open(self) -> CaseQuerySet:
        return self.exclude(state=Case.State.CLOSED)


class Case(models.Model):
    """The work of putting it right for a customer, on the ticket where it went wrong. One for each ticket."""

    class State(models.TextChoices):
        DETECTED = "detected", pgettext_lazy("case", "Detected")
        CONTACTED = "contacted", pgettext_lazy("case", "Contacted")
        OFFERED = "offered", pgettext_lazy("case", "Offered")
        ACCEPTED = "accepted", pgettext_lazy("case", "Accepted")
        DECLINED = "declined", pgettext_lazy("case", "Declined")
        EXPIRED = "expired", pgettext_lazy("case", "Expired")
        VERIFIED = "verified", pgettext_lazy("case", "Verified")
        CLOSED = "closed", pgettext_lazy("case", "Closed")

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="recovery_case")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="recovery_cases")
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="recovery_cases")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DETECTED)
    trigger = models.CharField(max_length=12, choices=Trigger.choices)
    why = models.JSONField(default=dict, help_text="The values that the reason is told with.")
    opened_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    is_second_failure = models.BooleanField(
        default=False, help_text="Nothing automatic, a senior person, by phone first."
    )
    follows = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="followed_by", help_text="The first."
    )
    arm = models.CharField(max_length=8, choices=Arm.choices, default=Arm.FREE)

    opened_at = models.DateTimeField()
    contact_due_at = models.DateTimeField()
    resolution_due_at = models.DateTimeField()
    contacted_at = models.DateTimeField(null=True, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, help_text="Accepted, declined or expired.")
    verified_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_note = models.CharField(max_length=500, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_count = models.PositiveSmallIntegerField(default=0)
    contact_told_at = models.DateTimeField(null=True, blank=True, help_text="When it was said that this is overdue.")
    resolution_told_at = models.DateTimeField(null=True, blank=True, help_text="As above.")
    watch_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then their tickets are ours first: priority up, the same agent."
    )

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="closed", closed_at__isnull=False)
                | (~models.Q(state="closed") & models.Q(closed_at__isnull=True)),
                name="case_closed_has_time",
            ),
        ]
        indexes = [
            models.Index("resolution_due_at", name="case_due", condition=~models.Q(state="closed")),
            models.Index("owner", "resolution_due_at", name="case_of_owner", condition=~models.Q(state="closed")),
            models.Index("customer", "opened_at", name="case_of_customer"),
            models.Index("opened_at", name="case_lately"),
            models.Index("watch_until", name="case_watched", condition=models.Q(watch_until__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"case of {self.ticket_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state != self.State.CLOSED


class Decision(models.Model):
    """Why a case was opened, and why another one was not: a line for each time that a trigger asked."""

    class Outcome(models.TextChoices):
        ASKED = "asked", pgettext_lazy("decision", "Being decided")
        OPENED = "opened", pgettext_lazy("decision", "Opened a case")
        OPEN_ALREADY = "open_already", pgettext_lazy("decision", "There is a case already")
        COOLING = "cooling", pgettext_lazy("decision", "Asked not long ago")
        HELD_OUT = "held_out", pgettext_lazy("decision", "Held out, to see what happens without")
        OFF = "off", pgettext_lazy("decision", "The trigger is switched off")
        BLOCKED = "blocked", pgettext_lazy("decision", "The customer is blocked")
        GONE = "gone", pgettext_lazy("decision", "The ticket was merged or thrown away")

    trigger = models.CharField(max_length=12, choices=Trigger.choices)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="recovery_decisions")
    event = models.ForeignKey(Event, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.SET_NULL, related_name="decisions")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    why = models.JSONField(default=dict, help_text="The values that it is told with.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("trigger", "event", name="decision_once_per_event")]
        indexes = [
            models.Index(models.F("at").desc(), name="decision_newest"),
            models.Index("ticket", name="decision_on_ticket"),
            models.Index("id", name="decision_to_be_made", condition=models.Q(outcome="asked")),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} on {self.ticket_id}: {self.outcome}"


class Lot(models.Model):
    """What a customer drew for a trigger. It stays: whoever was held out once is held out the next time, too."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="recovery_lots")
    trigger = models.CharField(max_length=12, choices=Trigger.choices)
    arm = models.CharField(max_length=8, choices=Arm.choices)
    drawn_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("customer", "trigger", name="lot_drawn_once")]

    def __str__(self) -> str:
        return f"{self.arm} for {self.customer_id}"


class Watch(models.Model):
    """That something done for a watched customer was done: so that a second worker does not do it again."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="watched")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("case", "ticket", name="watched_once")]

    def __str__(self) -> str:
        return f"{self.ticket_id} while {self.case_id}"
