"""What the company gives: its list of remedies, and the codes that it has in stock."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, currency_code
from recovery.models import Kind, Pool, Remedy, RemedyKind, Voucher
from recovery.money import is_exact
from tickets.actions._rules import clean_body, clean_line, require

NAME_CHARS, WORDS_CHARS, CODE_CHARS = 80, 500, 80
MOST_REMEDIES, MOST_POOLS = 100, 100
MOST_CODES = 50_000  # at once: a file of some megabytes
_CODE = re.compile(r"[!-~]{3,80}\Z")  # what can be typed in at a till: no spaces, nothing invisible
_HEADINGS = {"code", "codes", "voucher", "vouchers", "gutschein", "gutscheincode"}


@transaction.atomic
def create_remedy(*, by: User | None, **values: Any) -> Remedy:
    """A remedy at the end of the list; `values` as in `change_remedy`. Errors: PermissionDenied; ValidationError code
    `empty`, `too_long`, `invalid`, `amount`, `too_many`."""
    require(by, "recovery.manage")
    if Remedy.objects.filter(archived_at=None).count() >= MOST_REMEDIES:
        raise ValidationError(
            _("%(count)s are more than anybody can choose from.") % {"count": MOST_REMEDIES}, code="too_many"
        )
    last = Remedy.objects.aggregate(last=Max("position"))["last"]
    return Remedy.objects.create(position=(last or 0) + 1, **_checked(values))


@transaction.atomic
def change_remedy(remedy: Remedy, *, by: User | None, **values: Any) -> Remedy:
    """Say anew what a remedy is: `kind`, `name`, `words`, `value` (None: what fills the gap), `pool`, `failures` (none:
    for all), `severity_from`, `severity_to`, `is_owed`. Offers that were made keep what they say. Errors as above."""
    require(by, "recovery.manage")
    remedy = Remedy.objects.select_for_update().get(pk=remedy.pk)
    for name, value in _checked(values).items():
        setattr(remedy, name, value)
    remedy.save()
    return remedy


@transaction.atomic
def archive_remedy(remedy: Remedy, *, by: User | None, is_back: bool = False) -> Remedy:
    """Give it no more, or (`is_back`) again. Errors: PermissionDenied."""
    require(by, "recovery.manage")
    remedy = Remedy.objects.select_for_update().get(pk=remedy.pk)
    remedy.archived_at = None if is_back else remedy.archived_at or timezone.now()
    remedy.save(update_fields=["archived_at"])
    return remedy


@transaction.atomic
def move_remedy(remedy: Remedy, *, by: User | None, up: bool) -> Remedy:
    """One place up or down in the order in which remedies are suggested. Errors: PermissionDenied."""
    require(by, "recovery.manage")
    rows = list(Remedy.objects.filter(archived_at=None).select_for_update().order_by("position", "pk"))
    place = next((number for number, row in enumerate(rows) if row.pk == remedy.pk), None)
    if place is None or not 0 <= (other := place + (-1 if up else 1)) < len(rows):
        return remedy
    rows[place], rows[other] = rows[other], rows[place]
    for number, row in enumerate(rows):
        row.position = number
    Remedy.objects.bulk_update(rows, ["position"])
    return rows[other]


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The columns as they are kept."""
    kind, pool, value = values["kind"], values.get("pool"), values.get("value")
    failures = list(dict.fromkeys(values.get("failures") or []))
    if kind not in RemedyKind.values or not set(failures) <= set(Kind.values):
        raise ValidationError(_("There is no such remedy."), code="invalid")
    low, high = values.get("severity_from", 1), values.get("severity_to", 5)
    if not 1 <= low <= high <= 5:  # noqa: PLR2004  (the scale of severity)
        raise _wrong("severity_to", _("The first must not be graver than the last."))
    if kind == RemedyKind.VOUCHER and pool is None:
        raise _wrong("pool", _("A voucher needs the stock that its code comes from."))
    if kind != RemedyKind.VOUCHER:
        pool = None
    if value is not None and (not isinstance(value, Decimal) or not value.is_finite() or value < 0):
        raise _wrong("value", _("Say what it is worth: 0 or more."), "amount")
    return {
        "kind": kind,
        "name": _line("name", values["name"], NAME_CHARS),
        "words": _words(values["words"]),
        "value": pool.value if pool else value,
        "currency": pool.currency if pool else "",
        "pool": pool,
        "failures": failures,
        "severity_from": low,
        "severity_to": high,
        "is_owed": bool(values.get("is_owed")),
    }


def _line(field: str, said: str, most: int) -> str:
    line = clean_line(said, len(said))
    if not line:
        raise _wrong(field, _("Give it a name."), "empty")
    if len(line) > most:
        raise _wrong(field, _("%(count)s characters at most.") % {"count": most}, "too_long")
    return line


def _words(said: str) -> str:
    words = clean_body(said, may_be_empty=True)
    if not words:
        raise _wrong("words", _("Say what the customer gets."), "empty")
    if len(words) > WORDS_CHARS:
        raise _wrong("words", _("%(count)s characters at most.") % {"count": WORDS_CHARS}, "too_long")
    return words


def _too_many(most: int) -> ValidationError:
    return ValidationError(_("%(count)s are more than anybody can choose from.") % {"count": most}, code="too_many")


def _wrong(field: str, words: str, code: str = "invalid") -> ValidationError:
    return ValidationError({field: ValidationError(words, code=code)})


# --- Codes ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Imported:
    """What became of a list of codes."""

    added: int
    known: int  # in this stock already, whatever became of them
    bad: tuple[str, ...]  # the first few that are no codes


@transaction.atomic
def create_pool(
    *,
    by: User | None,
    name: str,
    currency: str,
    value: Decimal,
    expires_at: datetime | None = None,
    warn_below: int = 10,
) -> Pool:
    """A stock for codes of one value. Errors: PermissionDenied; ValidationError code `empty`, `too_long`, `invalid`,
    `amount`, `conflict` (there is one of that name), `too_many`."""
    require(by, "recovery.manage")
    currency_code(currency)
    if not isinstance(value, Decimal) or not value.is_finite() or value <= 0 or not is_exact(value, currency):
        raise _wrong("value", _("Say what one code is worth, in coins that there are."), "amount")
    name = _line("name", name, NAME_CHARS)
    if Pool.objects.filter(name=name).exists():
        raise _wrong("name", _("There is a stock of this name."), "conflict")
    if Pool.objects.filter(archived_at=None).count() >= MOST_POOLS:
        raise ValidationError(
            _("%(count)s are more than anybody can choose from.") % {"count": MOST_POOLS}, code="too_many"
        )
    return Pool.objects.create(
        name=name, currency=currency, value=value, codes_expire_at=expires_at, warn_below=warn_below
    )


@transaction.atomic
def import_codes(pool: Pool, *, by: User | None, text: str) -> Imported:
    """Take codes into stock: a line each, or the first column of a CSV file (`,`, `;` or tab), heading or not.

    Importing the same list again adds nothing. Errors: PermissionDenied; ValidationError code `closed`, `too_many`.
    """
    require(by, "recovery.manage")
    pool = Pool.objects.select_for_update().get(pk=pool.pk)
    if pool.archived_at is not None:
        raise ValidationError(_("This stock is put away."), code="closed")
    said = read_codes(text)
    if len(said) > MOST_CODES:
        raise ValidationError(_("%(count)s codes at once at most.") % {"count": MOST_CODES}, code="too_many")
    good = [code for code in said if _CODE.match(code)]
    had = Voucher.objects.filter(pool=pool).count()
    rows = [Voucher(pool=pool, code=code) for code in good]
    Voucher.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)
    added = Voucher.objects.filter(pool=pool).count() - had
    bad = tuple(code[:CODE_CHARS] for code in said if not _CODE.match(code))
    return Imported(added, len(good) - added, bad[:5])


def read_codes(text: str) -> list[str]:
    """The codes of a list, each once, in order; a heading is none."""
    lines = text.replace("\x00", "").lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = max(",;\t", key=first.count)
    cells = (row[0].strip() for row in csv.reader(lines, delimiter=separator) if row)
    codes = list(dict.fromkeys(cell for cell in cells if cell))
    return codes[1:] if codes and codes[0].lower() in _HEADINGS else codes


@transaction.atomic
def archive_pool(pool: Pool, *, by: User | None, is_back: bool = False) -> Pool:
    """Give none of its codes any more, or (`is_back`) again; what was given stays good. Errors: PermissionDenied."""
    require(by, "recovery.manage")
    pool = Pool.objects.select_for_update().get(pk=pool.pk)
    pool.archived_at = None if is_back else pool.archived_at or timezone.now()
    pool.save(update_fields=["archived_at"])
    return pool


@transaction.atomic
def withdraw_codes(pool: Pool, *, by: User | None) -> int:
    """Take what is still in stock out of it, as when the shop has cancelled a series; returns how many codes it was."""
    require(by, "recovery.manage")
    Pool.objects.select_for_update().get(pk=pool.pk)
    free = Voucher.objects.filter(pool=pool, state=Voucher.State.FREE)
    return free.update(state=Voucher.State.VOID, changed_at=timezone.now())
