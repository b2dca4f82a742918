"""What every page may show: what its viewer can undo, and how far their replies to many have come."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from tickets.actions import newest_undo
from tickets.queries.bulk import BULK_COOKIE, shown_bulk_replies
from tickets.queries.undos import UNDO_COOKIE, offer_of


def working(request: HttpRequest) -> dict[str, Any]:
    """Asked only by templates that show it, and only if a cookie says that there is something."""
    return {
        "undo_offer": SimpleLazyObject(lambda: _offer(request)),
        "bulk_replies": SimpleLazyObject(lambda: _replies(request)),
    }


def _offer(request: HttpRequest) -> dict[str, Any] | None:
    user = getattr(request, "user", None)
    if UNDO_COOKIE not in request.COOKIES or not isinstance(user, User):
        return None
    newest = newest_undo(by=user)
    return offer_of(newest) if newest else None


def _replies(request: HttpRequest) -> list[Any]:
    user = getattr(request, "user", None)
    if BULK_COOKIE not in request.COOKIES or not isinstance(user, User):
        return []
    return shown_bulk_replies(user)
