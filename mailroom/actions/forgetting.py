"""What was received is not kept for ever; that it came, and what became of it, is."""

from __future__ import annotations

from datetime import datetime

from mailroom.models import END_STATES, RawText

AT_ONCE = 500


def forget_texts(*, older_than: datetime) -> int:
    """Delete the bytes of mails that ended before then; how many."""
    old = RawText.objects.filter(mail__state__in=END_STATES, mail__handled_at__lt=older_than)
    count = 0
    while keys := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        count += RawText.objects.filter(pk__in=keys).delete()[0]
    return count
