"""Files come first, unsent and their uploader's own; then they go with a message."""

from __future__ import annotations

import logging
import unicodedata
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, cast

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Desk, User
from tickets.actions._rules import Actor, require
from tickets.events import authored
from tickets.models import Attachment, Message, OutreachRow, ScheduledReply
from tickets.pictures import MAX_PIXELS, Picture, PicturesBusyError, PictureTooLargeError, remake

log = logging.getLogger(__name__)
NAME_CHARS = 200
MAX_FILES = 10
DISCARD_AT_ONCE = 500
HEAD_BYTES = 4096  # enough to tell a file's type
# Control, format (bidi and zero width among them), surrogate, private, unassigned; separators of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_GONE = gettext_lazy("A file is not there any more. Attach it again.")


def add_attachment(upload: UploadedFile, *, by: Actor) -> Attachment:
    """Keep a file that is on no message yet; only whoever brought it can see it or send it.

    A picture is made anew and keeps nothing but what one sees. Errors: PermissionDenied; ValidationError with code
    `empty`, `too_long`, or `unavailable` (no room for it; it can be tried again).
    """
    require(by, "tickets.reply")
    if not upload.size:
        raise ValidationError(_("This file is empty."), code="empty")
    if upload.size > settings.MAX_FILE_BYTES:
        limit = settings.MAX_FILE_BYTES // (1024 * 1024)
        raise ValidationError(_("This file is too large: %(count)s MB at most.") % {"count": limit}, code="too_long")
    attachment = Attachment(name=clean_file_name(upload.name or ""), **authored(by))
    picture = _remake(upload)
    if picture is None:
        attachment.type, attachment.size = type_of(upload.read(HEAD_BYTES)), upload.size
        upload.seek(0)
        content: File[bytes] = upload
    else:
        attachment.name = clean_file_name(picture.name(attachment.name))
        attachment.type, attachment.size = picture.type, len(picture.content)
        attachment.width, attachment.height = picture.width, picture.height
        content = ContentFile(picture.content)
    _store(attachment, content)
    return attachment


def copy_attachment(attachment: Attachment, *, by: User) -> Attachment:
    """The same file once more, unsent, so that each message has its own: what is removed from one stays on the others.

    Errors: ValidationError with code `unavailable`.
    """
    copy = Attachment(**authored(by))
    for name in ("name", "type", "size", "width", "height"):
        setattr(copy, name, getattr(attachment, name))
    try:
        with attachment.file.open("rb") as content:
            _store(copy, content)
    except FileNotFoundError:
        raise ValidationError(_GONE, code="unavailable") from None
    return copy


def delete_copies(copies: Iterable[Attachment]) -> None:
    """Take away what was written for rows that will not be."""
    for copy in copies:
        _delete_file(copy)


def _remake(upload: UploadedFile) -> Picture | None:
    """The picture that was brought, made anew; None if it is something else."""
    upload.seek(0)
    try:
        return remake(cast(BinaryIO, upload))
    except PictureTooLargeError:
        limit = MAX_PIXELS // 1_000_000
        raise ValidationError(
            _("This picture is too large: %(count)s megapixels at most.") % {"count": limit}, code="too_long"
        ) from None
    except PicturesBusyError:
        raise ValidationError(_("Too many pictures at once. Try again in a moment."), code="unavailable") from None
    finally:
        upload.seek(0)


def _store(attachment: Attachment, content: File[bytes]) -> None:
    """Write file and row, or neither. A disk that is full or may not be written stops files, and nothing else."""
    try:
        attachment.file.save("file", content, save=False)
        attachment.save(force_insert=True)
    except BaseException as error:
        _delete_file(attachment)
        if not isinstance(error, OSError):
            raise
        log.error("a file could not be kept: %s", error)
        raise ValidationError(_("Files cannot be taken right now. Words can."), code="unavailable") from None


def _delete_file(attachment: Attachment) -> None:
    """Take away what was written of a file that nothing points at."""
    field = Attachment._meta.get_field("file")
    with suppress(OSError):
        attachment.file.storage.delete(field.generate_filename(attachment, "file"))


def attach(ids: tuple[str, ...], message: Message, *, by: Actor) -> None:
    """Put files on a stored message, which knows them then: its author's own, and only those that are on none yet.

    Errors: ValidationError with code `invalid`, for another's file exactly as for one that never was.
    """
    wanted = file_ids(ids)
    if len(wanted) > MAX_FILES:
        raise ValidationError(_("%(count)s files at most go with one message.") % {"count": MAX_FILES}, code="invalid")
    unsent = Attachment.objects.filter(pk__in=wanted, message=None, **authored(by))
    if unsent.update(message=message) != len(wanted):
        raise ValidationError(_GONE, code="invalid")
    prefetch_related_objects([message], "attachments")


def file_ids(ids: tuple[str, ...]) -> set[str]:
    """The distinct ids, each in the one form that we write. Errors: ValidationError with code `invalid`."""
    try:
        return {str(uuid.UUID(text)) for text in ids}
    except ValueError:
        raise ValidationError(_GONE, code="invalid") from None


def count_files(ids: tuple[str, ...]) -> str:
    """What stands for the words of a message that has none; it is kept, so it is in the company's language."""
    count = len(file_ids(ids))
    with translation.override(Desk.current().language):
        return _("A file") if count == 1 else ngettext("%(count)s file", "%(count)s files", count) % {"count": count}


def discard_unsent(*, older_than: datetime) -> int:
    """Delete the files that nobody has sent since; returns how many. Those of drafts, and of replies that have not
    left yet, stay."""
    count = 0
    waiting = ScheduledReply.objects.filter(state__in=ScheduledReply.OPEN, attachments=OuterRef("pk"))
    promised = OutreachRow.objects.waiting().filter(outreach__attachments=OuterRef("pk"))
    unsent = Attachment.objects.filter(~Exists(waiting), ~Exists(promised), message=None, drafts=None)
    for attachment in unsent.filter(created_at__lt=older_than)[:DISCARD_AT_ONCE]:
        with transaction.atomic():
            deleted, _by_model = unsent.filter(pk=attachment.pk).delete()
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
