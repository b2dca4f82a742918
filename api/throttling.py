"""So many requests a minute per token, counted where it holds for all processes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.limits import allow, token_key
from accounts.models import RateLimit

WINDOW_SECONDS = 60


class PerToken(BaseThrottle):
    """Limits each token; someone signed in with a session is limited as a person."""

    key = ""

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        # `auth` is the token's SHA-256.
        self.key = token_key(str(request.auth)) if request.auth else f"api:user:{request.user.pk}"
        return allow(self.key, limit=settings.API_REQUESTS_PER_MINUTE, seconds=WINDOW_SECONDS)

    def wait(self) -> float:
        """Seconds until the window ends, at least one."""
        ends_at = RateLimit.objects.filter(key=self.key).values_list("window_ends_at", flat=True).first()
        left = (ends_at - timezone.now()).total_seconds() if ends_at else WINDOW_SECONDS
        return max(1, round(left + 0.5))
