"""What a panel's system may answer, and what of it is shown. Pure.

    {"sections": [{"title": "Order 17", "rows": [{"label": "Paid", "value": "€ 42", "href": "https://…"}]}],
     "updated_at": "2026-11-22T08:00:00Z"}

`title`, `href` and `updated_at` may be missing; a value is text, a number, true, false or null. What else is in it is
passed over, so that it can grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tickets.field_values import is_link

MOST_SECTIONS, MOST_ROWS = 20, 50
LABEL_CHARS, VALUE_CHARS = 100, 500


class ShapeError(Exception):
    """What is wrong with an answer, in words for whoever made it."""


@dataclass(frozen=True)
class Row:
    label: str
    value: str
    href: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    rows: list[Row]


@dataclass(frozen=True)
class Shown:
    sections: list[Section]
    updated_at: datetime | None = None


def read_panel(data: Any) -> Shown:
    """An answer as it is shown. Errors: ShapeError."""
    if not isinstance(data, dict):
        raise ShapeError(_("It must be an object with “sections”."))
    sections = _list(data.get("sections"), "sections", MOST_SECTIONS)
    shown = [_section(section, f"sections[{place}]") for place, section in enumerate(sections)]
    return Shown(shown, _time(data.get("updated_at")))


def _section(data: Any, where: str) -> Section:
    if not isinstance(data, dict):
        raise ShapeError(_("%(where)s must be an object.") % {"where": where})
    rows = _list(data.get("rows"), f"{where}.rows", MOST_ROWS)
    title = _text(data.get("title", ""), f"{where}.title", LABEL_CHARS)
    return Section(title, [_row(row, f"{where}.rows[{place}]") for place, row in enumerate(rows)])


def _row(data: Any, where: str) -> Row:
    if not isinstance(data, dict):
        raise ShapeError(_("%(where)s must be an object.") % {"where": where})
    label = _text(data.get("label"), f"{where}.label", LABEL_CHARS)
    href = data.get("href")
    if href is not None and (not isinstance(href, str) or not is_link(href)):
        raise ShapeError(
            _("%(where)s.href must be an address that begins with https:// or http://.") % {"where": where}
        )
    return Row(label, _value(data.get("value"), f"{where}.value"), href or "")


def _value(value: Any, where: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return pgettext("field", "Yes") if value else pgettext("field", "No")
    if isinstance(value, int | float):
        return str(value)[:VALUE_CHARS]
    return _text(value, where, VALUE_CHARS)


def _text(value: Any, where: str, limit: int) -> str:
    if not isinstance(value, str):
        raise ShapeError(_("%(where)s must be text.") % {"where": where})
    clean = " ".join(value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _list(value: Any, where: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise ShapeError(_("%(where)s must be a list.") % {"where": where})
    if len(value) > most:
        raise ShapeError(_("%(where)s has more than %(count)s entries.") % {"where": where, "count": most})
    return value


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ShapeError(_("updated_at must be a time, as in 2026-11-22T08:00:00Z.")) from None
