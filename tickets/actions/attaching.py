"""Files come first, unsent and their uploader's own; then they go with a message."""

from __future__ import annotations

import unicodedata
from datetime import datetime

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import prefetch_related_objects

from accounts.models import User
from tickets.actions._rules import Actor, require
from tickets.events import authored
from tickets.models import Attachment, Message

NAME_CHARS = 200
MAX_FILES = 10
DISCARD_AT_ONCE = 500
HEAD_BYTES = 4096  # enough to tell a file's type
# Control, format (bidi and zero width among them), surrogate, private, unassigned; separators of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def add_attachment(upload: UploadedFile, *, by: Actor) -> Attachment:
    """Keep a file that is on no message yet; only whoever brought it can see it or send it.

    Errors: PermissionDenied; ValidationError with code `empty` or `too_long`.
    """
    require(by, "tickets.reply")
    if not upload.size:
        raise ValidationError("This file is empty.", code="empty")
    if upload.size > settings.MAX_FILE_BYTES:
        limit = settings.MAX_FILE_BYTES // (1024 * 1024)
        raise ValidationError(f"This file is too large: {limit} MB at most.", code="too_long")
    attachment = Attachment(name=clean_file_name(upload.name or ""), size=upload.size, **authored(by))
    attachment.type = type_of(upload.read(HEAD_BYTES))
    upload.seek(0)
    attachment.file = upload
    attachment.save(force_insert=True)
    return attachment


def attach(ids: tuple[str, ...], message: Message, *, by: Actor) -> None:
    """Put files on a stored message, which knows them then: its author's own, and only those that are on none yet.

    Errors: ValidationError with code `invalid`, for another's file exactly as for one that never was.
    """
    wanted = set(ids)
    if len(wanted) > MAX_FILES:
        raise ValidationError(f"{MAX_FILES} files at most go with one message.", code="invalid")
    mine = {"by_user": by} if isinstance(by, User) else {"by_customer": by}
    unsent = Attachment.objects.filter(pk__in=wanted, message=None, **mine)
    if by is None or unsent.update(message=message) != len(wanted):
        raise ValidationError("A file is not there any more. Attach it again.", code="invalid")
    prefetch_related_objects([message], "attachments")


def discard_unsent(*, older_than: datetime) -> int:
    """Delete the files that nobody has sent since; returns how many."""
    count = 0
    for attachment in Attachment.objects.filter(message=None, created_at__lt=older_than)[:DISCARD_AT_ONCE]:
        with transaction.atomic():
            deleted, _ = Attachment.objects.filter(pk=attachment.pk, message=None).delete()
        if deleted:
            attachment.file.delete(save=False)  # only now: a row without its file could still be sent
            count += 1
    return count


def clean_file_name(name: str) -> str:
    """The name as it may be shown: no path, nothing unseen, at most 200 characters, its ending kept."""
    # Normalised before it is checked: what looks harmless may become a path by it (FreeScout, CVE-2026-28289).
    name = unicodedata.normalize("NFKC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(letter for letter in name if unicodedata.category(letter) not in _UNSEEN)
    stem, dot, ending = " ".join(seen.split()).strip(". ").rpartition(".")
    if not dot or len(ending) > 20:
        stem, dot, ending = stem + dot + ending, "", ""
    return stem[: NAME_CHARS - len(dot + ending)] + dot + ending or "file"


def type_of(head: bytes) -> str:
    """A file's media type by its first bytes, whatever its name says."""
    try:
        return str(puremagic.from_string(head, mime=True))[:100] or "application/octet-stream"
    except (puremagic.PureError, ValueError):
        pass
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A letter cut in two by the end of what we read is no reason to doubt the text.
        is_text = error.start > len(head) - 4 and len(head) == HEAD_BYTES
    else:
        is_text = "\x00" not in text
    return "text/plain" if is_text else "application/octet-stream"
