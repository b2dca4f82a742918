"""Two records of customers that are one person."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import User
from customers.models import Customer


class CustomerMerge(models.Model):
    """What `merged` had and said became that of `survivor`: which rows moved, so that it can be undone."""

    survivor = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="merges")
    merged = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    moved = models.JSONField(default=dict, help_text="Keys of the rows that moved, by their table, and what changed.")
    by_user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.merged_id} is {self.survivor_id}"
