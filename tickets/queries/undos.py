"""What somebody can undo of what they did a moment ago, as a page offers it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from tickets.models import Undo

UNDO_COOKIE = "makegood_undo"
FRESH = timedelta(seconds=60)


def offer_of(undo: Undo) -> dict[str, Any]:
    """What a page needs in order to offer it. `at` is in milliseconds; what is not fresh is offered by its key only."""
    return {
        "url": reverse("tickets:undo", args=[undo.pk]),
        "label": undo.label,
        "at": int(undo.created_at.timestamp() * 1000),
        "isFresh": timezone.now() - undo.created_at < FRESH,
    }
