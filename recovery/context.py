"""What every page may show of making good: that everything is stopped."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from recovery.models import Policy


def making_good(request: HttpRequest) -> dict[str, Any]:
    """Asked only by templates that show it."""
    return {"recovery_rules": SimpleLazyObject(lambda: Policy.objects.select_related("stopped_by").first() or Policy())}
