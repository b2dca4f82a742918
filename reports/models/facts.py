"""Facts: what reports count, one row for each thing that happened, derived from the log and from nothing else."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from accounts.models import Desk, Team, User
from reports.measures import Kind
from tickets.models import Channel, Ticket


class FactQuerySet(models.QuerySet["Fact"]):
    def visible_to(self, viewer: User) -> FactQuerySet:
        """Facts about tickets that the viewer may see now, as `Ticket.objects.visible_to` says it.

        Told by the fact's own team, which its index has; the few that they see beside are named.
        """
        if viewer.has_perm("tickets.view_all"):
            return self  # what is in the trash has no facts
        own = models.Q(team=None) | models.Q(team__in=[team.pk for team in viewer.teams.all()])
        return self.filter(own | models.Q(ticket__in=_elsewhere(viewer)))

    def of_kind(self, *kinds: Kind) -> FactQuerySet:
        return self.filter(kind__in=kinds)

    def between(self, start: datetime, end: datetime) -> FactQuerySet:
        """Of this stretch of time, its end not counted."""
        return self.filter(at__gte=start, at__lt=end)


def _elsewhere(viewer: User) -> list[int]:
    """Tickets of other teams that are the viewer's all the same, or that they were asked into; read once, as the
    company is: a page asks for facts many times."""
    kept, key = Desk.current().kept, f"tickets elsewhere of {viewer.pk}"
    if key not in kept:
        others = Team.objects.exclude(pk__in=[team.pk for team in viewer.teams.all()])
        theirs = Ticket.objects.filter(assignee=viewer, team__in=others)
        kept[key] = list(theirs.values_list("pk", flat=True).union(viewer.collaborations.values_list("ticket")))
    return list(kept[key])


class Fact(models.Model):
    """One thing that reports count. A ticket that went into another one, or into the trash, has none.

    `seconds` is a length by the clock on the wall, `open_seconds` the same in the opening hours of the ticket's site
    as they are written down today: one ruler for all periods. Team and channel are the ticket's own of today, so that
    a number and the list of its tickets agree.
    """

    # Without constraints in the database: to check them would lock rows that whoever writes a message needs.
    ticket = models.ForeignKey(
        Ticket, on_delete=models.CASCADE, related_name="facts", db_constraint=False, db_index=False
    )
    seq = models.BigIntegerField(help_text="Of the event that says so.")
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    at = models.DateTimeField()
    seconds = models.PositiveIntegerField(null=True, blank=True)
    open_seconds = models.PositiveIntegerField(null=True, blank=True)
    number = models.PositiveSmallIntegerField(null=True, blank=True)
    is_undone = models.BooleanField(default=False, help_text="Solved, and reopened since.")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False, db_index=False
    )

    objects = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("ticket", "kind", "seq", name="fact_once"),
            models.CheckConstraint(
                condition=models.Q(is_undone=False) | models.Q(kind=Kind.SOLVED), name="fact_undone_is_solved"
            ),
        ]
        indexes = [
            models.Index(
                "kind",
                "at",
                "ticket",
                name="fact_of_kind",
                include=["team", "channel", "seconds", "open_seconds", "number", "is_undone"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}/{self.seq} {self.get_kind_display()}"


class Counting(models.Model):
    """How far back the log is counted: one row. New events are counted as they come; the past from the newest back."""

    only_row = models.BooleanField(primary_key=True, default=True)
    hours = models.CharField(max_length=64, help_text="A digest of all opening hours; others begin it anew.")
    left = models.BigIntegerField(help_text="Tickets up to this number are still to be counted; 0: all are done.")
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only_row=True), name="counting_one_row")]

    def __str__(self) -> str:
        return f"down to {self.left}" if self.left else "done"
