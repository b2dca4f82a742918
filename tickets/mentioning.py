"""Whom a note mentions: names after an @, found in its words. Nothing is stored; the same words say the same again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

MOST_NAMES = 5000  # beyond it the rest is not looked for: one pattern holds them all


class Piece(NamedTuple):
    """A part of a text, and whether it is a mention."""

    text: str
    is_mention: bool


def mentioned(text: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that the text mentions as @Name, folded (`fold`), in order, each once.

    Names are looked for the longest first, as whole words, whatever their case and spaces; the @ does not stand
    within a word or an address.
    """
    known = list(names)
    pattern = _pattern(known) if "@" in text else None
    if pattern is None:
        return []
    return list(dict.fromkeys(_name_of(found[1], known) for found in pattern.finditer(text)))


def pieces(text: str, names: Iterable[str]) -> list[Piece]:
    """The text in parts; put together again they are the text."""
    pattern = _pattern(names) if "@" in text else None
    parts, end = [], 0
    for found in pattern.finditer(text) if pattern else ():
        parts += [Piece(text[end : found.start()], False), Piece(found[0], True)]
        end = found.end()
    return [part for part in [*parts, Piece(text[end:], False)] if part.text]


def fold(name: str) -> str:
    """By which two spellings of a name are known to be one."""
    return " ".join(name.split()).casefold()


def _name_of(written: str, names: list[str]) -> str:
    """The folded name that was written. Patterns take some letters for one, such as ı and i."""
    if fold(written) in {fold(name) for name in names}:
        return fold(written)
    return next(fold(name) for name in names if re.fullmatch(_spelt(name), written, re.IGNORECASE))


def _spelt(name: str) -> str:
    return r"\s+".join(map(re.escape, name.split()))


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    known = {" ".join(name.split()) for name in names}
    longest_first = sorted(known - {""}, key=lambda name: (-len(name), name))[:MOST_NAMES]
    if not longest_first:
        return None
    any_of_them = "|".join(map(_spelt, longest_first))
    return re.compile(rf"(?<![\w@/.+-])@({any_of_them})(?!\w)", re.IGNORECASE)
