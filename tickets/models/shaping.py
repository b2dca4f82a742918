"""What a company adds to tickets: fields and statuses of its own, panels from its own systems, articles to send."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team


class Field(models.Model):
    """A field of the company's own, on every ticket or on those of a team. What it holds is in `Ticket.fields`."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        NUMBER = "number", pgettext_lazy("kind of field", "Number")
        DATE = "date", _("Date")
        YES_NO = "yes_no", _("Yes or no")
        CHOICE = "choice", _("One of several")
        CHOICES = "choices", _("Some of several")
        LINK = "link", pgettext_lazy("noun", "Link")

    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60, unique=True, help_text="Its name in searches, the API and `Ticket.fields`.")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    options = models.JSONField(default=list, blank=True, help_text="What can be chosen, in order.")
    help = models.CharField(max_length=200, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="fields")
    is_needed = models.BooleanField(default=False, help_text="A ticket cannot be solved without it.")
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["text", "number", "date", "yes_no", "choice", "choices", "link"]),
                name="field_kind_known",
            )
        ]

    def __str__(self) -> str:
        return self.name


class NamedStatus(models.Model):
    """A status of the company's own, within one of the four that everything is counted by."""

    name = models.CharField(max_length=40)
    status = models.CharField(max_length=8, help_text="Which of the four it is.")
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(Lower("name"), condition=models.Q(archived_at=None), name="named_status_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["open", "pending", "on_hold", "solved"]),
                name="named_status_is_one_of_four",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def new_panel_secret() -> str:
    return secrets.token_hex(32)


class Panel(models.Model):
    """A piece of the company's own system beside a ticket: a signed address that answers JSON, or a page in a frame."""

    class Kind(models.TextChoices):
        DATA = "data", _("Data (JSON), shown as we show ours")
        PAGE = "page", _("A page of its own, in a frame")

    name = models.CharField(max_length=60)
    url = models.URLField(max_length=500)
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.DATA)
    secret = models.CharField(max_length=64, default=new_panel_secret, editable=False)
    height = models.PositiveSmallIntegerField(default=240, help_text="Of the frame, in CSS pixels.")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="panels")
    position = models.PositiveSmallIntegerField(default=0)
    is_shown = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=["data", "page"]), name="panel_kind_known")]

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """Something to read that answers a question, wherever the company keeps it: sent as a link with a line about it."""

    title = models.CharField(max_length=200)
    url = models.URLField(max_length=500)
    summary = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=20, blank=True)
    used = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["title", "pk"]
        constraints = [models.UniqueConstraint(fields=["url"], name="article_once")]

    def __str__(self) -> str:
        return self.title
