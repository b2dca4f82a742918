"""The mails that came in, as whoever runs the mailboxes looks for them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from accounts.models import User
from mailroom.models import RawMail, RawMailQuerySet, RawText, State

PAGE_SIZE = 50
WINDOW = 20_000  # mails that one search reads: nothing indexes a part of a word
SHOWN_BYTES = 256 * 1024  # of a mail's source; all of it can be downloaded
_EPOCH, _MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_VISIBLE = str.maketrans({number: 0x2400 + number for number in range(32) if chr(number) not in "\t\n"} | {127: 0x2421})


@dataclass(frozen=True)
class MailPage:
    """Mails, the newest first. `cursor` is what follows them, empty where nothing does. `is_further`: what follows was
    not searched yet, so that an empty page may have something behind it."""

    mails: list[RawMail]
    cursor: str = ""
    is_further: bool = False


def find_mails(
    viewer: User, *, state: str = "", mailbox: int | None = None, words: str = "", cursor: str = ""
) -> MailPage:
    """A page of those in this state, of this mailbox, with these words in sender or subject, behind the cursor."""
    mails = _behind(RawMail.objects.visible_to(viewer), cursor)
    words = " ".join(words.replace("\x00", "").split())
    edge = _edge(mails) if words else None
    found = _with_words(mails, words)
    if edge is not None:
        found = found.filter(received_at__gte=edge.received_at)
    if state in State.values:
        found = found.filter(state=state)
    if mailbox is not None:
        found = found.filter(mailbox=mailbox)
    rows = list(found.select_related("mailbox").order_by("-received_at", "-id")[: PAGE_SIZE + 1])
    if len(rows) > PAGE_SIZE:
        return MailPage(rows[:PAGE_SIZE], cursor_at(rows[PAGE_SIZE - 1]))
    return MailPage(rows, cursor_at(edge), is_further=True) if edge else MailPage(rows)


def cursor_at(mail: RawMail) -> str:
    """What finds the mails after this one."""
    return f"{micros_of(mail.received_at)}-{mail.pk.hex}"


def micros_of(at: datetime) -> int:
    """A moment, to be asked for again exactly."""
    return (at - _EPOCH) // _MICRO


def moment_of(micros: str) -> datetime | None:
    """The moment of which `micros_of` made this; None for anything else."""
    is_number = micros.isascii() and micros.isdigit() and len(micros) < 17
    return _EPOCH + int(micros) * _MICRO if is_number else None


def source_of(mail: RawMail) -> tuple[str, bool]:
    """What was received, to be read and not to be run: control characters are drawn, what is no UTF-8 is taken as
    Latin-1. And whether that is all of it."""
    text = RawText.objects.filter(pk=mail.pk).first()
    data = text.data if text else b""
    shown = data[:SHOWN_BYTES]
    try:
        words = shown.decode()
    except UnicodeDecodeError:
        words = shown.decode("latin-1")
    return words.replace("\r\n", "\n").translate(_VISIBLE), len(data) <= SHOWN_BYTES


def _with_words(mails: RawMailQuerySet, words: str) -> RawMailQuerySet:
    if not words:
        return mails
    return mails.filter(
        Q(from_email__icontains=words) | Q(from_name__icontains=words) | Q(subject__icontains=words)
    )  # fmt: skip


def _edge(mails: RawMailQuerySet) -> RawMail | None:
    """The last mail that a search reads; None if there are not so many."""
    return mails.only("received_at").order_by("-received_at", "-id")[WINDOW : WINDOW + 1].first()


def _behind(mails: RawMailQuerySet, cursor: str) -> RawMailQuerySet:
    """Those that came before; a cursor that is none starts at the top."""
    micros, _dash, key = cursor.partition("-")
    at = moment_of(micros)
    try:
        pk = uuid.UUID(hex=key)
    except ValueError:
        return mails
    if at is None:
        return mails
    return mails.filter(received_at__lte=at).filter(Q(received_at__lt=at) | Q(pk__lt=pk))
