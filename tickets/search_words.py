"""What somebody asks in the search box, taken apart. Pure: no database, no clock, and no text is ever an error.

Words are compared *folded*: without case, without accents (`Café` is `cafe`, `Straße` is `strasse`), and without what
is no letter or digit. Index and query are folded here, by the same few lines, so that no setting of the database's
language can come between them. Nothing is reduced to a stem: customers write in every language, and often in two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_CHARS = 500  # as long as a saved view's query may be
MAX_PARTS = 20
_WORD_CHARS, _PART_WORDS = 100, 20  # Postgres refuses words beyond 2 KB
_BEGINNING = 3  # letters from which a word also finds longer ones; fewer would read half of the index

FILE_MARK = "0file0"  # stands before each word of a file's name, which is therefore found as such, and beside the word

_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "ħ": "h"}
_POINTS = ((0x0300, 0x036F), (0x0591, 0x05C7), (0x064B, 0x065F), (0x0670, 0x0670))  # accents, and vowels written above
# Scripts that put no space between words: each sign is a word, and what is asked for is found as a row of signs.
_UNSPACED = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3040, 0x30FF)),
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)


def _is_in(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


class _Folding(dict[int, str]):
    """What each character becomes; found once, then remembered."""

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", chr(code))
        bare = unicodedata.normalize("NFC", "".join([sign for sign in apart if not _is_in(ord(sign), _POINTS)]))
        self[code] = "".join([self._sign(sign) for sign in bare.casefold()])
        return self[code]

    @staticmethod
    def _sign(sign: str) -> str:
        if _is_in(ord(sign), _UNSPACED):
            return f" {sign} "
        if sign.isalnum() or unicodedata.category(sign).startswith("M"):
            return _LETTERS.get(sign, sign)
        return "" if unicodedata.category(sign) == "Cf" else " "  # a soft hyphen or a joiner parts nothing


_FOLDING = _Folding()


def fold(text: str) -> str:
    """The words of a text as they are compared: only letters and digits, with single spaces between them."""
    return " ".join(text.translate(_FOLDING).split())


# --- The language --------------------------------------------------------------------------

STATUSES = {
    "open": pgettext_lazy("status", "Open"),
    "pending": pgettext_lazy("status", "Pending"),
    "on_hold": pgettext_lazy("status", "On hold"),
    "solved": pgettext_lazy("status", "Solved"),
    "unsolved": pgettext_lazy("status", "Not solved"),
}
STATES = {
    "snoozed": pgettext_lazy("state", "Snoozed"),
    "unassigned": _("Assigned to nobody"),
    "mine": _("Assigned to me"),
    "waiting": _("Waiting for us"),
    "unread": pgettext_lazy("state", "Unread"),
}
CHANNELS = {
    "chat": _("Chat"),
    "email": _("Email"),
    "form": _("Form"),
    "phone": _("Phone"),
    "api": _("API"),
}
PRIORITIES = {
    "low": _("Low priority"),
    "normal": _("Normal priority"),
    "high": _("High priority"),
    "urgent": _("Urgent priority"),
}
THINGS = {
    "attachment": _("With a file"),
    "note": _("With a note"),
    "rating": _("With a rating"),
    "draft": _("With my draft"),
}
PLACES = {"trash": _("In the trash")}
_ALSO = {"on-hold": "on_hold", "onhold": "on_hold", "attachments": "attachment", "file": "attachment", "mail": "email"}
_ALSO |= {"files": "attachment", "notes": "note", "nobody": "unassigned", "me": "mine"}
# Filters that take one of a few words, and what is shown for each; then those that take any name; then days.
_ONE_OF: dict[str, Mapping[str, StrOrPromise]] = {
    "is": STATUSES | STATES,
    "channel": CHANNELS,
    "priority": PRIORITIES,
    "has": THINGS,
    "in": PLACES,
}
_NAMED = {
    "from": _("From “%(value)s”"),
    "assignee": _("Assigned to “%(value)s”"),
    "team": _("Team “%(value)s”"),
    "tag": _("Tag “%(value)s”"),
    "site": _("Website “%(value)s”"),
    "cause": _("Cause “%(value)s”"),
    "file": _("File “%(value)s”"),
    "status": _("Status “%(value)s”"),
}
_DAYS = {
    "before": _("Opened before %(value)s"),
    "after": _("Opened since %(value)s"),
    "on": _("Opened on %(value)s"),
}
_SAID = _NAMED | _DAYS
_ASSIGNED = {"me": STATES["mine"], "nobody": STATES["unassigned"]}

_QUOTES = str.maketrans("“”„«»\x00\t\r\n", '"""""    ')
_PART = re.compile(r'(?P<no>-?)(?:(?P<key>[A-Za-z][A-Za-z0-9_-]*):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_KEY = re.compile(r"([a-z][a-z0-9_-]*):")
_KEYS_ALSO = {"customer": "from", "filename": "file", "to": "assignee"}
_REFERENCE = re.compile(r"[0-9a-hjkmnp-tv-z]{13}", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@:]+@[^\s@:]+\.[^\s@:]+")
_NUMBER = re.compile(r"#?[0-9]{1,18}")


@dataclass(frozen=True)
class Asked:
    """A field of the company's own: what it is called, and what it holds where somebody types this (None: no such)."""

    name: str
    read: Callable[[str], object | None]


@dataclass(frozen=True)
class Part:
    """One word, phrase or filter of a query. `text` is how it was typed; no `key` means words."""

    text: str
    key: str
    value: str
    is_excluded: bool = False
    is_exact: bool = False
    words: tuple[str, ...] = ()
    name: str = ""  # of a field of the company's own
    # What that must hold; None: nothing. Of `from:` and `before:` what was looked up of them (queries/filtering.py).
    held: object = None

    @property
    def is_words(self) -> bool:
        """Whether the index of words answers it."""
        return self.key in ("", "file")

    @property
    def label(self) -> str:
        """What was understood, in words."""
        if self.key in _ONE_OF:
            said = str(_ONE_OF[self.key][self.value])
        elif self.key == "assignee" and self.value in _ASSIGNED:
            said = str(_ASSIGNED[self.value])
        elif self.key in _SAID:
            said = _SAID[self.key] % {"value": self.value}
        elif self.name:
            has_none = gettext("No %(field)s") % {"field": self.name}
            said = f"{self.name}: {self.value}" if self.held is not None else has_none
        else:
            said = gettext("“%(words)s”") % {"words": self.value} if self.is_exact else self.value
        return gettext("not: %(filter)s") % {"filter": said} if self.is_excluded else said

    @property
    def tsquery(self) -> str:
        """For Postgres: the words in a row, the last one perhaps only begun. Words hold letters and digits only."""
        mark = FILE_MARK if self.key == "file" else ""
        row = " <-> ".join([mark + word for word in self.words]) + (":*" if self.finds_longer else "")
        return f"!({row})" if self.is_excluded else f"({row})"

    @property
    def finds_longer(self) -> bool:
        """Whether its last word also finds words that begin with it: there are no stems. Numbers are what they are."""
        last = self.words[-1]
        return not self.is_exact and len(last) >= _BEGINNING and not last.isdecimal()


@dataclass(frozen=True)
class Search:
    """All that was asked, in order."""

    parts: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts)

    def without(self, left_out: Part) -> str:
        """The query as it would be typed without one of its parts."""
        return " ".join(part.text for part in self.parts if part is not left_out)

    @property
    def filters(self) -> list[Part]:
        return [part for part in self.parts if not part.is_words]

    @property
    def wanted(self) -> list[Part]:
        """Words that must be there."""
        return [part for part in self.parts if part.is_words and not part.is_excluded]

    @property
    def unwanted(self) -> list[Part]:
        return [part for part in self.parts if part.is_words and part.is_excluded]

    @property
    def plain_words(self) -> str:
        """The words alone, if nothing else was asked: perhaps they are somebody's name."""
        return " ".join(part.value for part in self.parts) if all(not part.key for part in self.parts) else ""

    @property
    def is_of_trash(self) -> bool:
        """Whether what is in the trash is meant, which is searched only then."""
        return any(part.key == "in" and not part.is_excluded for part in self.parts)

    @property
    def is_of_unsolved(self) -> bool:
        """Whether no solved ticket can be in it, so that counting it never reads the past."""
        if self.is_of_trash:
            return False
        statuses = [p.value for p in self.filters if p.key == "is" and p.value in STATUSES and not p.is_excluded]
        if statuses:
            return "solved" not in statuses
        states = {(part.value, part.is_excluded) for part in self.filters if part.key == "is"}
        return bool(states & {("waiting", False), ("snoozed", False), ("solved", True)})

    @property
    def _alone(self) -> str:
        """The one word that was asked for, if it was typed bare."""
        is_bare = len(self.parts) == 1 and not (self.parts[0].key or self.parts[0].text.startswith(("-", '"')))
        return self.parts[0].text if is_bare else ""

    @property
    def number(self) -> int | None:
        return int(self._alone.lstrip("#")) if _NUMBER.fullmatch(self._alone) else None

    @property
    def has_hash(self) -> bool:
        """Whether a number is meant to be a ticket's, and not that of an order in somebody's words."""
        return self._alone.startswith("#")

    @property
    def reference(self) -> str:
        return self._alone.lower() if _REFERENCE.fullmatch(self._alone) else ""

    @property
    def email(self) -> str:
        return self._alone.lower() if _EMAIL.fullmatch(self._alone) else ""


def other_keys(text: str) -> set[str]:
    """What could be the names of fields of the company's own."""
    return set(_KEY.findall(text[:MAX_CHARS].lower())) - {*_ONE_OF, *_NAMED, *_DAYS, *_KEYS_ALSO, "http", "https"}


def parse(text: str, today: date, fields: Mapping[str, Asked] | None = None) -> Search:
    """What a text asks for. What is no filter of ours is words; `today` tells whether a day can be one, `fields` are
    the company's own, by the word that stands before the colon."""
    found: dict[tuple[object, ...], Part] = {}
    text = text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")  # half a letter is no text
    for match in _PART.finditer(text.translate(_QUOTES)):
        part = _part(match, today, fields or {})
        if part is not None:
            found.setdefault((part.key, part.words, part.is_excluded, part.is_exact), part)
        if len(found) == MAX_PARTS:
            break
    return Search(tuple(found.values()))


def _part(match: re.Match[str], today: date, fields: Mapping[str, Asked]) -> Part | None:
    """One part, or None for what holds neither letter nor digit."""
    key, is_exact, is_excluded = (match["key"] or "").lower(), match["phrase"] is not None, bool(match["no"])
    value = " ".join((match["phrase"] if is_exact else match["word"]).split())
    key = _KEYS_ALSO.get(key, key)
    if key == "status" and (value.lower() in STATUSES or value.lower() in _ALSO):
        key = "is"
    known, held = _known_value(key, value, today), None
    field = fields.get(key) if known is None else None
    if field is not None:
        held = field.read(value)
        known = value if held is not None or value.lower() == "none" else None
    if key and known is None:  # no filter: the words of it all
        key, known = "", f"{match['key']}:{value}"
    words = tuple(word[:_WORD_CHARS] for word in fold(known or value).split()[:_PART_WORDS])
    if not words:
        return None
    text = match[0] if not is_exact or match[0].endswith('"') and match[0].count('"') == 2 else f'{match[0]}"'
    return Part(
        " ".join(text.split()),
        key,
        known or value,
        is_excluded,
        is_exact,
        words,
        field.name if field and known else "",
        held,
    )


def _known_value(key: str, value: str, today: date) -> str | None:
    """A filter's value in its one spelling; None if there is no such filter or it cannot mean this."""
    lower = value.lower()
    if key in _ONE_OF:
        lower = lower if lower in _ONE_OF[key] else _ALSO.get(lower, "")
        return lower if lower in _ONE_OF[key] else None
    if key in _DAYS:
        return lower if days(lower, today) else None
    if key == "assignee":
        value = {"me": "me", "nobody": "nobody", "none": "nobody"}.get(lower, value)
    return value if key in _NAMED and fold(value) else None


_AGO = re.compile(r"([0-9]{1,4})([dwmy])")
_BEFORE_TODAY = {"today": 0, "yesterday": 1, "heute": 0, "gestern": 1}
_AGO_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")


def days(text: str, today: date) -> tuple[date, date] | None:
    """The first day of what a text names and the first one after it: a day, a month or a year; None if it is none.

    `2026-11-01`, `1.11.2026`, `2026-11`, `2026`, `today`, `yesterday`, `heute`, `gestern`, `7d` (so many
    days, weeks, months, years ago).
    """
    one = timedelta(days=1)
    ago = _BEFORE_TODAY.get(text)
    if match := _AGO.fullmatch(text):
        ago = min(int(match[1]) * _AGO_DAYS[match[2]], 36_500)
    try:
        if ago is not None:
            return today - ago * one, today - (ago - 1) * one
        if match := _DOTTED.fullmatch(text):
            day = date(int(match[3]), int(match[2]), int(match[1]))
            return day, day + one
        if match := _ISO.fullmatch(text):
            return _span(int(match[1]), match[2], match[3])
    except (ValueError, OverflowError):  # the 30th of February; the last day there is
        pass
    return None


def _span(year: int, month: str | None, day: str | None) -> tuple[date, date]:
    """A year, a month of it, or a day of that. Errors: ValueError, OverflowError."""
    if not 1900 <= year <= 9000:
        raise ValueError(year)
    first = date(year, int(month or 1), int(day or 1))
    if day:
        return first, first + timedelta(days=1)
    if month:
        return first, date(year + first.month // 12, first.month % 12 + 1, 1)
    return first, date(year + 1, 1, 1)


# --- What is shown of a hit ----------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A stretch of text, and whether it is what was looked for."""

    text: str
    is_hit: bool = False


@dataclass(frozen=True)
class Marker:
    """Finds in a text what a search asks for."""

    parts: list[Part]
    _pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        wanted = "|".join([_pattern(part) for part in self.parts]) or r"(?!)"
        object.__setattr__(self, "_pattern", re.compile(rf"(?<!\S)(?:{wanted})"))

    def has(self, text: str) -> bool:
        """Whether anything of it is in the text; much cheaper than to mark it."""
        return bool(self._pattern.search(fold(text)))

    def has_all(self, text: str) -> bool:
        """Whether each part of it is in the text."""
        folded = fold(text)
        return all(re.search(rf"(?<!\S)(?:{_pattern(part)})", folded) for part in self.parts)

    def excerpt(self, text: str, width: int) -> list[Piece]:
        """About `width` characters around the first hit, with each hit apart; nothing if there is none."""
        text = " ".join(text.split())
        hits = list(self._hits(text))
        if not hits:
            return []
        start = _word_begin(text, hits[0][0] - width // 3) if hits[0][1] > width else 0
        end = min(len(text), start + width)
        pieces, at = [Piece("…")] if start else [], start
        for first, last in hits:
            if first >= end:
                break
            last = min(last, end)
            pieces += [Piece(text[at:first]), Piece(text[first:last], is_hit=True)]
            at = last
        pieces += [Piece(text[at:end]), Piece("…" if end < len(text) else "")]
        return [piece for piece in pieces if piece.text]

    def _hits(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in the text as it was written the hits begin and end."""
        if text.isascii():  # folded sign by sign
            yield from (match.span() for match in self._pattern.finditer(text.translate(_FOLDING)))
            return
        signs: list[str] = []
        owners: list[int] = []
        for place, sign in enumerate(text):
            folded = _FOLDING[ord(sign)]
            signs.append(folded)
            owners += [place] * len(folded)
        for match in self._pattern.finditer("".join(signs)):
            end = owners[match.end() - 1] + 1
            while end < len(text) and not _FOLDING[ord(text[end])]:
                end += 1  # an accent that stands as a sign of its own
            yield owners[match.start()], end


def _pattern(part: Part) -> str:
    row = r"\s+".join([re.escape(word) for word in part.words])
    return rf"{row}\S*" if part.finds_longer else rf"{row}(?!\S)"


def _word_begin(text: str, place: int) -> int:
    """The beginning of the word at or after this place."""
    if place <= 0:
        return 0
    blank = text.find(" ", place, place + 30)
    return blank + 1 if blank >= 0 else place
