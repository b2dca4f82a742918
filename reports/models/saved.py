"""Questions that are asked again: a page of figures with its filters, and who gets it by mail."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import pgettext_lazy

from accounts.models import User
from tickets.models.working import SharedQuerySet, SharedRow


class SavedReport(SharedRow):
    """A page of figures with its filters, under a name: one's own, a team's or everybody's."""

    page = models.CharField(max_length=20, help_text="Which one: a name in reports/pages.py.")
    query = models.CharField(max_length=500, blank=True, help_text="Its filters, as in the address.")

    objects = SharedQuerySet["SavedReport"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(team=None), name="report_of_one_or_of_a_team"
            )
        ]


class MailingQuerySet(models.QuerySet["Mailing"]):
    def running(self) -> MailingQuerySet:
        return self.filter(stopped_at=None)

    def due(self, now: datetime) -> MailingQuerySet:
        return self.running().filter(next_at__lte=now).order_by("next_at", "pk")

    def visible_to(self, user: User) -> MailingQuerySet:
        """Those that they made or get, and those of reports that they may see."""
        theirs = models.Q(made_by=user) | models.Q(pk__in=user.report_mailings.values("pk"))
        return self.filter(theirs | models.Q(report__in=SavedReport.objects.visible_to(user).values("pk")))


class Mailing(models.Model):
    """A saved report that goes by mail to some of us, every morning, week or month. The row is the queue."""

    class Every(models.TextChoices):
        DAY = "day", pgettext_lazy("report", "Every morning")
        WEEK = "week", pgettext_lazy("report", "Every Monday")
        MONTH = "month", pgettext_lazy("report", "On the first of the month")

    report = models.ForeignKey(SavedReport, on_delete=models.CASCADE, related_name="mailings")
    every = models.CharField(max_length=5, choices=Every.choices, default=Every.WEEK)
    hour = models.PositiveSmallIntegerField(default=7, help_text="0 to 23, where its maker is.")
    people = models.ManyToManyField(User, related_name="report_mailings")
    made_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = MailingQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=models.Q(hour__lte=23), name="mailing_hour")]
        indexes = [models.Index("next_at", name="mailing_due", condition=models.Q(stopped_at=None))]

    def __str__(self) -> str:
        return f"{self.report}, {self.get_every_display()}"

    def may_change(self, user: User) -> bool:
        """Whoever made it, and whoever may change the report."""
        if not user.has_perm("reports.view"):
            return False
        return user.pk == self.made_by_id or SavedReport.objects.changeable_by(user).filter(pk=self.report_id).exists()
