"""A passage is blacked out wherever it stands: in plain text, and in the HTML of a mail. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape
from urllib.parse import unquote

BLOCKS = "█" * 6  # always as many, so that nothing tells how long it was
_TAG = re.compile(r"(<[^>]*>)")
_ADDRESSES = re.compile(r"""(?:href|src|alt|title)\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
# How a letter that HTML treats in its own way may be written there.
_WRITTEN = {
    "&": "(?:&amp;|&)",
    "<": "&lt;",
    ">": "(?:&gt;|>)",
    '"': '(?:&quot;|&#34;|")',
    "'": "(?:&#x27;|&#39;|')",
}


def black_out(text: str, passages: Iterable[str]) -> str:
    """The text with blocks in place of the passages, however their lines are broken or quoted (`> `)."""
    for passage in _longest_first(passages):
        text = _pattern(passage, re.escape).sub(BLOCKS, text)
    return text


def holds(text: str, passages: Iterable[str]) -> bool:
    """Whether any of the passages stands in the text."""
    return any(_pattern(passage, re.escape).search(text) for passage in _longest_first(passages))


def black_out_html(html: str, passages: Iterable[str]) -> str:
    """The HTML with blocks in place of the passages; nothing at all where one is woven into its markup."""
    wanted = _longest_first(passages)
    parts = _TAG.split(html)  # text at even places, tags at odd ones
    for passage in wanted:
        pattern = _pattern(passage, _as_html)
        parts[::2] = [pattern.sub(BLOCKS, part) for part in parts[::2]]
    written = "".join(parts)
    seen = [unescape("".join(parts[::2])), unescape(" ".join(parts[::2]))]
    links = [unquote(unescape(found)) for tag in parts[1::2] for found in _ADDRESSES.findall(tag)]
    return "" if any(holds(text, wanted) for text in (*seen, *links)) else written


def _longest_first(passages: Iterable[str]) -> list[str]:
    """So that a part of a longer one does not take its middle out."""
    return sorted({passage for passage in passages if passage.split()}, key=len, reverse=True)


def _pattern(passage: str, written: Callable[[str], str]) -> re.Pattern[str]:
    return re.compile(r"[\s>]+".join(written(word) for word in passage.split()))


def _as_html(word: str) -> str:
    return "".join(_WRITTEN.get(letter) or re.escape(letter) for letter in word)


_CARD = re.compile(r"(?<![\d.,])[1-9](?:[ -]?\d){12,18}(?!\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b")


def suggest(text: str) -> list[str]:
    """What looks like a number of a card (ISO/IEC 7812: Luhn's check) or of an account (ISO 13616), as it stands."""
    cards = [found.group() for found in _CARD.finditer(text) if _is_card(found.group())]
    accounts = [_account(found.group()) for found in _IBAN.finditer(text)]
    return list(dict.fromkeys([*cards, *filter(None, accounts)]))


def _is_card(text: str) -> bool:
    digits = [int(letter) for letter in reversed(text) if letter.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _account(text: str) -> str:
    """The longest beginning of the text, cut between its groups, that is an account's number; or nothing."""
    while text:
        letters = text.replace(" ", "")
        turned = letters[4:] + letters[:4]
        if len(letters) >= 15 and int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1:
            return text
        text = text.rpartition(" ")[0]
    return ""
