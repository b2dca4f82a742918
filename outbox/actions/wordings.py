"""What our mails say, where the company puts it in words of its own."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.languages import DESK_LANGUAGES
from accounts.models import User
from outbox.filling import as_written, names_in
from outbox.headers import clean_text
from outbox.models import Wording
from outbox.queries import wording_kinds

SUBJECT_CHARS = 300
BODY_CHARS = 10_000


@transaction.atomic
def save_wording(kind: str, *, by: User, language: str, body: str, subject: str = "") -> Wording:
    """Say this kind of mail in these words from now on: Markdown with `{{ names }}`; no subject: the usual one.

    Errors: PermissionDenied; ValidationError by field, codes `invalid`, `empty`, `too_long`, `unknown_name` or
    `missing_name`.
    """
    _require(by)
    rules = wording_kinds().get(kind)
    if rules is None or language not in DESK_LANGUAGES:
        raise ValidationError(_("There are no words of this kind to be changed."), code="invalid")
    body = body.replace("\r\n", "\n").replace("\0", "").strip()
    subject = clean_text(subject) if rules.has_subject else ""
    if not body:
        raise _wrong("body", _("Write something first."), "empty")
    for field, text, limit in (("subject", subject, SUBJECT_CHARS), ("body", body, BODY_CHARS)):
        if len(text) > limit:
            raise _wrong(field, _("This has %(count)s characters at most.") % {"count": limit}, "too_long")
        if unknown := [name for name in names_in(text) if name not in rules.names]:
            said = _("Nothing is called %(name)s here.") % {"name": as_written(unknown[0])}
            raise _wrong(field, said, "unknown_name")
    if missing := [name for name in rules.needs if name not in names_in(body)]:
        said = _("%(name)s has to stand in it.") % {"name": as_written(missing[0])}
        raise _wrong("body", said, "missing_name")
    values = {"subject": subject, "body": body, "changed_at": timezone.now()}
    return Wording.objects.update_or_create(kind=kind, language=language, defaults=values)[0]


@transaction.atomic
def reset_wording(kind: str, *, by: User, language: str) -> None:
    """Say it in the usual words again. Errors: PermissionDenied."""
    _require(by)
    Wording.objects.filter(kind=kind, language=language).delete()


def _require(by: User) -> None:
    if not by.has_perm("outbox.manage"):
        raise PermissionDenied


def _wrong(field: str, words: str, code: str) -> ValidationError:
    return ValidationError({field: ValidationError(words, code=code)})
