"""A mail is kept as it came, before anything else is done with it; then somebody is asked to see to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from django.db import transaction

from mailroom.models import Mailbox, RawMail, RawText
from tickets.events import nudge

HEAD_BYTES = 256 * 1024  # no header that anybody writes is longer
MOST_RECIPIENTS = 200
_HEADER_END = re.compile(rb"\r?\n[ \t]*\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
# What its writer's program wrote. All else may be added or changed on the way.
_WRITTEN = (b"from", b"date", b"subject", b"message-id")


@transaction.atomic
def take_in(
    raw: bytes,
    *,
    source: str,
    mailbox: Mailbox | None = None,
    uid_validity: int | None = None,
    uid: int | None = None,
    envelope_from: str | None = None,
    envelope_to: Iterable[str] = (),
    is_imported: bool = False,
) -> RawMail:
    """Keep a mail; whatever it is, it is stored when this is committed, and nobody can lose it any more.

    The same mail of the same folder (`uid_validity`, `uid`) is kept once, and answers the first row. `envelope_from` is
    '' for the null sender, None where it is not known.
    """
    row = RawMail(
        source=source,
        mailbox=mailbox,
        uid_validity=uid_validity,
        uid=uid,
        size=len(raw),
        sha256=fingerprint(raw),
        envelope_from=None if envelope_from is None else _line(envelope_from)[:320],
        envelope_to=[_line(address)[:320] for address in envelope_to][:MOST_RECIPIENTS],
        is_imported=is_imported,
    )
    if uid is None:
        row.save(force_insert=True)
    else:
        fetched = RawMail.objects.filter(mailbox=mailbox, uid_validity=uid_validity, uid=uid)
        RawMail.objects.bulk_create([row], ignore_conflicts=True)
        known = fetched.first()
        if known is not None and known.pk != row.pk:
            return known
    RawText.objects.create(mail=row, packed=RawText.pack(raw))
    key = str(row.pk)
    transaction.on_commit(lambda: nudge("mailroom.jobs.handle_mail", key), robust=True)
    return row


def fingerprint(raw: bytes) -> str:
    """What is the same for a mail and its copies that came another way: of its words, and of the header lines that its
    writer's program made. One without a Message-ID, or with several, is the same only if every byte is."""
    end = _HEADER_END.search(raw[:HEAD_BYTES])
    if end is None:
        return hashlib.sha256(raw).hexdigest()
    lines = _written_lines(raw[: end.start()])
    if sum(name == b"message-id" for name, _value in lines) != 1:
        return hashlib.sha256(raw).hexdigest()
    digest = hashlib.sha256()
    for name, value in sorted(lines):
        digest.update(name + b":" + b" ".join(value.split()) + b"\n")
    body = raw[end.end() :].replace(b"\r\n", b"\n").rstrip()
    digest.update(b"\n" + body)
    return digest.hexdigest()


def _written_lines(head: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    for line in _FOLD.sub(b"", head).splitlines():
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() in _WRITTEN:
            found.append((name.strip().lower(), value))
    return found


def _line(text: str) -> str:
    """An address of an envelope as it can be kept: Postgres cannot store NUL, nor half a letter."""
    return "".join(char for char in text.encode("utf-8", "replace").decode() if char.isprintable())
