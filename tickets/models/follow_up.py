"""What will happen on a ticket by itself at its time."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team, User
from tickets.models.ticket import Ticket

BODY_CHARS = 5000


class Unless(models.TextChoices):
    """What makes a follow-up pointless before it is due."""

    CUSTOMER_WRITES = "customer_writes", _("the customer writes")
    WE_ANSWER = "we_answer", _("one of us answers")
    SOLVED = "solved", _("the ticket is solved")
    REOPENED = "reopened", _("the ticket is reopened")


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def scheduled(self) -> FollowUpQuerySet:
        return self.filter(state=FollowUp.State.SCHEDULED)

    def planned(self) -> FollowUpQuerySet:
        """Those that somebody asked for, rather than those that the desk owes by itself."""
        return self.filter(kind__in=[FollowUp.Kind.MESSAGE, FollowUp.Kind.TASK])

    def open(self) -> FollowUpQuerySet:
        """Those that are still to happen or to be done."""
        return self.filter(state__in=[FollowUp.State.SCHEDULED, FollowUp.State.DUE])

    def due(self, now: Any) -> FollowUpQuerySet:
        return self.scheduled().filter(due_at__lte=now, ticket__trashed_at=None).order_by("due_at")


class FollowUp(models.Model):
    """What a ticket owes at `due_at`: a mail or message to its customer, or a task for one of us. The row is the queue:
    the clock claims it. A task that was claimed is `due` until somebody has done it."""

    class Kind(models.TextChoices):
        AFTER_SOLVING = "after_solving", _("asks whether all is well")
        UNSEEN_ANSWERS = "unseen_answers", _("sends answers that the customer has not seen in the chat")
        MESSAGE = "message", pgettext_lazy("follow-up", "Message to the customer")
        TASK = "task", pgettext_lazy("follow-up", "Task for one of us")

    class State(models.TextChoices):
        SCHEDULED = "scheduled", pgettext_lazy("mail", "Scheduled")
        DUE = "due", pgettext_lazy("task", "Due")
        DONE = "done", pgettext_lazy("mail", "Done")
        CANCELLED = "cancelled", pgettext_lazy("mail", "Cancelled")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="follow_ups")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    due_at = models.DateTimeField()
    anchor_seq = models.BigIntegerField(help_text="The event that this follows up on.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    reason = models.CharField(max_length=120, blank=True)
    body = models.TextField(blank=True, max_length=BODY_CHARS, help_text="What is said, or what is to be done.")
    unless = ArrayField(models.CharField(max_length=20, choices=Unless.choices), default=list, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="The zone that `due_at` was chosen in.")
    template = models.ForeignKey(
        "FollowUpTemplate", null=True, blank=True, on_delete=models.SET_NULL, related_name="follow_ups"
    )
    by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Who asked for it."
    )
    assignee = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="tasks",
        help_text="Whose task it is; empty: whoever has the ticket.",
    )
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["scheduled", "due", "done", "cancelled"]), name="follow_up_state_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind__in=["message", "task"]) | ~models.Q(body=""), name="follow_up_says_something"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="due") | models.Q(kind="task"), name="follow_up_only_tasks_wait"
            ),
        ]
        indexes = [
            models.Index("due_at", name="follow_up_due", condition=models.Q(state="scheduled")),
            models.Index("due_at", name="follow_up_task_due", condition=models.Q(state="due")),
            models.Index("ticket", "due_at", name="follow_up_of_ticket"),
            models.Index(
                "due_at",
                "id",
                name="follow_up_planned",
                condition=models.Q(kind__in=["message", "task"], state__in=["scheduled", "due"]),
            ),
        ]

    def __str__(self) -> str:
        return self.dedupe_key

    @property
    def is_task(self) -> bool:
        return self.kind == FollowUp.Kind.TASK

    @property
    def is_open(self) -> bool:
        return self.state in (FollowUp.State.SCHEDULED, FollowUp.State.DUE)

    @property
    def unless_words(self) -> list[str]:
        """What makes it pointless, in words."""
        return [str(Unless(value).label) for value in self.unless]


class FollowUpTemplate(models.Model):
    """A follow-up that is planned often: its words, when it is due, and what makes it pointless."""

    name = models.CharField(max_length=80)
    kind = models.CharField(
        max_length=20, choices=[(kind.value, kind.label) for kind in (FollowUp.Kind.MESSAGE, FollowUp.Kind.TASK)]
    )
    body = models.TextField(max_length=BODY_CHARS)
    when = models.CharField(max_length=60, default="in 3 days", help_text="As an agent types it: “friday 9”.")
    unless = ArrayField(models.CharField(max_length=20, choices=Unless.choices), default=list, blank=True)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Empty: everybody’s."
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
