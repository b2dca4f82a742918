"""Who gets copies of our answers by mail."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import User
from tickets.models.ticket import Ticket


class CopiedQuerySet(models.QuerySet["Copied"]):
    def current(self) -> CopiedQuerySet:
        return self.filter(removed_at=None)


class Copied(models.Model):
    """An address that gets our answers on a ticket, too. It gives no access to anything."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="copied")
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=160, blank=True)
    by_user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    mailed_seq = models.BigIntegerField(default=0, help_text="The answers up to here are none of theirs, or have left.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = CopiedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("ticket", Lower("email"), name="copied_once", condition=models.Q(removed_at=None))
        ]

    def __str__(self) -> str:
        return self.email
