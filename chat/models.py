"""The browsers that chat with us."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Site
from accounts.tokens import digest, new_secret
from customers.models import Customer


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def authenticate(self, raw: str, site: Site | None = None) -> Visitor | None:
        """The visitor who holds this token (on this site, if one is given), or None."""
        if not raw or len(raw) > 200:
            return None
        found = self.filter(token_digest=digest(raw)).select_related("customer", "site")
        return (found.filter(site=site) if site else found).first()

    def enroll(self, site: Site, *, locale: str = "") -> tuple[Visitor, str]:
        """A new visitor and the token that proves them; the token is not kept."""
        raw = new_secret()
        return self.create(site=site, token_digest=digest(raw), locale=locale[:20]), raw


class Visitor(models.Model):
    """A browser on one site. Becomes a Customer with the first message."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="visitors")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="visitors")
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    locale = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = VisitorQuerySet.as_manager()

    def __str__(self) -> str:
        return f"visitor {self.pk} of {self.site_id}"
