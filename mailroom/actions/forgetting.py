"""What was received is not kept for ever; that it came, and what became of it, is."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from mailroom.models import END_STATES, RawText
from tickets.models import Message

AT_ONCE = 500


def forget_texts(*, older_than: datetime) -> int:
    """Delete the bytes of mails that ended before then; how many."""
    old = RawText.objects.filter(mail__state__in=END_STATES, mail__handled_at__lt=older_than)
    count = 0
    while keys := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        count += RawText.objects.filter(pk__in=keys).delete()[0]
    return count


def forget_original(message: Message) -> None:
    """Delete the bytes of the mail that a message was: something in it was taken out, and they still have it."""
    RawText.objects.filter(Q(mail__entry=message) | Q(mail__sha256__in=_prints_of(message))).delete()


def _prints_of(message: Message) -> list[str]:
    """What is the same for each copy of this mail that came."""
    return list(message.raw_mails.values_list("sha256", flat=True))
