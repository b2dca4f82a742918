"""What a company's own fields may hold, kind by kind. Pure: what was typed becomes what is kept, or is refused.

What is kept is JSON, in one spelling for each value, so that the database finds it by comparing: text; a number as
text in its shortest form ("12.5"); a day as 2026-11-22; true or false; a choice by its key, which outlives its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

TEXT_CHARS = 500
OPTION_CHARS = 60
MOST_OPTIONS = 50
LARGEST, DECIMALS = Decimal(10) ** 15, 6

Value = str | bool | list[str]
Option = dict[str, Any]  # {"key", "name", "is_gone"?}: one that is gone is no longer offered, but still said

_YES, _NO = {"yes", "true", "on", "1", "y", "ja", "j"}, {"no", "false", "off", "0", "n", "nein"}
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(?:[.,][0-9]{1,16})?")


def read_value(kind: str, options: list[Option], raw: Any) -> Value | None:
    """What is kept of what was typed or sent; None if that is nothing. Errors: ValidationError code `invalid`."""
    if raw is None or raw == "" or raw == []:
        return None
    return _READ[kind](raw, options)


def say_value(kind: str, options: list[Option], value: Any) -> str:
    """What is kept, in words."""
    if value is None:
        return ""
    if kind == "yes_no":
        return pgettext("field", "Yes") if value is True else pgettext("field", "No")
    if kind in ("choice", "choices"):
        names = {option["key"]: option["name"] for option in options}
        return ", ".join(str(names.get(key, key)) for key in (value if isinstance(value, list) else [value]))
    return str(value)


def kept_words(kind: str, options: list[Option], value: Any) -> str:
    """As `say_value`, to be kept: in English, so that a page can say it in the language of whoever reads it."""
    with translation.override("en"):
        return say_value(kind, options, value)


def new_options(names: list[str], had: list[Option]) -> list[Option]:
    """Options of these names, with keys that none of `had` has. Errors: ValidationError code `invalid`."""
    taken = {option["key"] for option in had}
    found: list[Option] = []
    for name in names:
        key = base = _slug(name) or "option"
        number = 2
        while key in taken:
            key, number = f"{base}-{number}", number + 1
        taken.add(key)
        found.append({"key": key, "name": name})
    return found


def check_options(options: list[Option]) -> None:
    """Errors: ValidationError code `invalid` for too many, too long, or two of one name."""
    offered = [option["name"] for option in options if not option.get("is_gone")]
    if any(not name or len(name) > OPTION_CHARS for name in offered):
        raise ValidationError(
            _("A choice has a name of %(count)s characters at most.") % {"count": OPTION_CHARS}, code="invalid"
        )
    if len({name.casefold() for name in offered}) < len(offered):
        raise ValidationError(_("Two choices have the same name."), code="invalid")
    if len(offered) > MOST_OPTIONS:
        raise ValidationError(_("A field has %(count)s choices at most.") % {"count": MOST_OPTIONS}, code="invalid")


def one_line(text: str) -> str:
    """One line without what a database or a page cannot carry."""
    return " ".join(text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").split())


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]


def _text(raw: Any, options: list[Option]) -> Value | None:
    if not isinstance(raw, str):
        raise ValidationError(_("This takes text."), code="invalid")
    text = one_line(raw)
    if len(text) > TEXT_CHARS:
        raise ValidationError(_("%(count)s characters at most.") % {"count": TEXT_CHARS}, code="invalid")
    return text or None


def _number(raw: Any, options: list[Option]) -> Value | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValidationError(_("This takes a number."), code="invalid")
    text = str(raw).strip()
    if not text:
        return None
    try:
        plain = text.replace(",", ".") if isinstance(raw, str) else text
        if isinstance(raw, str) and not _NUMBER.fullmatch(text):
            raise InvalidOperation
        number = Decimal(plain)
    except InvalidOperation:
        raise ValidationError(_("This takes a number, such as 12 or 12.5."), code="invalid") from None
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValidationError(_("This number is too large."), code="invalid")
    rounded = number.quantize(Decimal(1).scaleb(-DECIMALS))
    if rounded != number:
        raise ValidationError(_("A number has %(count)s decimals at most.") % {"count": DECIMALS}, code="invalid")
    shown = format(rounded, "f").rstrip("0").rstrip(".")
    return "0" if shown in ("-0", "") else shown


def _date(raw: Any, options: list[Option]) -> Value | None:
    text = raw.strip() if isinstance(raw, str) else ""
    dotted = _DOTTED.fullmatch(text)
    try:
        if dotted:
            return date(int(dotted[3]), int(dotted[2]), int(dotted[1])).isoformat()
        if _ISO.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    if isinstance(raw, str) and not text:
        return None
    raise ValidationError(_("This takes a day, as in 2026-11-22."), code="invalid")


def _yes_no(raw: Any, options: list[Option]) -> Value | None:
    if isinstance(raw, bool):
        return raw
    text = raw.strip().lower() if isinstance(raw, str) else "?"
    if text in _YES:
        return True
    if text in _NO:
        return False
    if not text:
        return None
    raise ValidationError(_("This is yes or no."), code="invalid")


def _choice(raw: Any, options: list[Option]) -> Value | None:
    if not isinstance(raw, str):
        raise ValidationError(_("Choose one of those offered."), code="invalid")
    text = one_line(raw)
    if not text:
        return None
    offered = [option for option in options if not option.get("is_gone")]
    for option in offered:
        if option["key"] == text:
            return str(option["key"])
    for option in offered:
        if option["name"].casefold() == text.casefold():
            return str(option["key"])
    raise ValidationError(_("“%(text)s” is not one of those offered.") % {"text": text[:40]}, code="invalid")


def _choices(raw: Any, options: list[Option]) -> Value | None:
    wanted = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(wanted, list):
        raise ValidationError(_("This takes a list."), code="invalid")
    keys = {key for key in (_choice(one, options) for one in wanted[: 2 * MOST_OPTIONS]) if key is not None}
    return [option["key"] for option in options if option["key"] in keys] or None  # in the order of the options


def _link(raw: Any, options: list[Option]) -> Value | None:
    text = one_line(raw) if isinstance(raw, str) else "?"
    if not text:
        return None
    if not is_link(text):
        raise ValidationError(_("This takes an address that begins with https:// or http://."), code="invalid")
    return text


def is_link(text: str) -> bool:
    """Whether it is an address of the web that may stand in a link."""
    if len(text) > TEXT_CHARS or re.search(r"[\s\x00-\x1f\x7f<>\"\\]", text):
        return False
    try:
        parts = urlsplit(text)
        _port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


_READ: dict[str, Callable[[Any, list[Option]], Value | None]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "yes_no": _yes_no,
    "choice": _choice,
    "choices": _choices,
    "link": _link,
}
