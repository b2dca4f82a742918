"""Which macros somebody has at hand."""

from __future__ import annotations

from typing import cast

from django.db.models import Q, QuerySet

from accounts.models import User
from tickets.models import Macro

MOST_WORDS = 6


def find_macros(user: User, words: str) -> QuerySet[Macro]:
    """Those that this person sees with all of these words in them, the most used first."""
    found = Macro.objects.visible_to(user).select_related("team")
    for word in words.split()[:MOST_WORDS]:
        found = found.filter(Q(name__icontains=word) | Q(body__icontains=word))
    return cast("QuerySet[Macro]", found.order_by("-used", "name", "pk"))
