"""Who a header names. A forgiving reader of address lists that never takes a name for an address.

What is in an encoded word is a name, never (a part of) an address: programs that read it as one have let in strangers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import idna

from mailroom.parsing.charsets import clean_line
from mailroom.parsing.parsed import Person
from mailroom.parsing.words import decoded

_LONGEST = 64_000  # characters of one header that are read
_LONGEST_NAME = 2_000  # characters, as it is sent
_MOST_UNSEPARATED = 200  # addresses without a comma between them
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=")
_ANGLE_ENDS = re.compile(r"[<>]")
_PLAIN = re.compile(r"[^\"(<,;:=]+|=")
_BETWEEN_WORDS = re.compile(r"[\s\"'<>()\[\],;:]+")
_WHOLE_ENCODED_WORD = re.compile(rf"(?<!\S){_ENCODED_WORD.pattern}(?!\S)")
# As Django checks addresses, so that whoever is named here can be a customer; tests hold the two together.
_LOCAL = re.compile(r"[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*\Z", re.ASCII)
_QUOTED_LOCAL = re.compile(r"\"[-!#$%&'*+/=?^_`{}|~0-9a-z. ]+\"\Z", re.ASCII)
_LABELS = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
_DOMAIN = re.compile(rf"{_LABELS}(?:xn--[a-z0-9-]{{1,58}}[a-z0-9]|[a-z][a-z0-9-]{{0,61}}[a-z0-9])\Z")


def persons(value: str, *, name_chars: int = 200) -> list[Person]:
    """Everybody in an address header, in order. Who has no address that works has a name only."""
    found = []
    for phrase, comments, angles in _split(value[:_LONGEST]):
        found += _persons_of(phrase, comments, angles)
    return [Person(person.name[:name_chars].strip(), person.email) for person in found if person.name or person.email]


def normalized(address: str) -> str:
    """An address in lower case and ASCII, its domain as in DNS; or nothing, where no mail could go there."""
    address = _unquoted(address.strip().removeprefix("mailto:").strip())
    local, at, domain = address.rpartition("@")
    if not at or "=?" in local:
        return ""
    if _QUOTED_LOCAL.match(local.lower()) and _LOCAL.match(local[1:-1].lower()):
        local = local[1:-1]
    domain = _in_ascii(domain.rstrip("."))
    local = local.lower() if local.isascii() else ""
    is_good = (_LOCAL.match(local) or _QUOTED_LOCAL.match(local)) and _DOMAIN.match(domain) and len(local) <= 64
    return f"{local}@{domain}" if is_good and len(local) + len(domain) < 254 else ""


def _unquoted(address: str) -> str:
    """Without the quotes that some programs put around it. One before it alone is its own."""
    bare = address.rstrip("'")
    return bare if bare == address else bare.removeprefix("'")


def _in_ascii(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain[:253], uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError, ValueError):
        return ""


def _persons_of(phrase: str, comments: list[str], angles: list[str]) -> list[Person]:
    name = _name(phrase)
    if len(angles) == 1:
        return [_person(name or _name(" ".join(comments)), angles[0])]
    if angles:  # `<a@x> <b@y>`: whoever reads only one of them is fooled
        return [_person("", angle) for angle in angles]
    bare = phrase.replace(" @ ", "@").strip()
    if normalized(bare):
        return [_person(_name(" ".join(comments)), bare)]
    words = _BETWEEN_WORDS.split(_WHOLE_ENCODED_WORD.sub(" ", bare)) if "@" in bare else []
    addresses = [word for word in words if "@" in word[1:-1]][:_MOST_UNSEPARATED]
    rest = bare
    for one in addresses:
        rest = rest.replace(one, " ", 1)
    rest = _name(re.sub(r"[\[\]<>]|mailto:", " ", rest))
    if addresses:
        return [_person(rest if len(addresses) == 1 else "", one) for one in addresses]
    return [Person(name or _name(" ".join(comments)), "")]


def _person(name: str, address: str) -> Person:
    if address.lstrip().startswith("@") and ":" in address:
        address = address.split(":", 1)[1]  # a route of old: <@relay:carla@example.com>
    email = normalized(address)
    if not email:
        return Person(name or clean_line(address), "")
    return Person("" if name.lower() == email else name, email)


def _name(text: str) -> str:
    name = decoded(text[:_LONGEST_NAME])
    while len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name.strip()


def _split(value: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """The entries of a list: the words before an address, what is in parentheses, what is in brackets."""
    phrase: list[str] = []
    comments: list[str] = []
    angles: list[str] = []
    at, end = 0, len(value)
    quotes_close, comments_close = value.count('"') % 2 == 0, True
    while at < end:
        char = value[at]
        if char == '"' and quotes_close:
            at, words = _quoted(value, at)
            phrase.append(words)
        elif char == '"':
            at += 1  # one mark too many: better read all as if they were not there
        elif char == "(" and comments_close:
            comment = _comment(value, at)
            if comment is None:
                comments_close = False  # from here on it is a character like another
            else:
                at, words = comment
                comments.append(words)
        elif char == "<":
            at, words = _angle(value, at)
            angles.append(words)
        elif char in ",;":
            yield "".join(phrase), comments, angles
            phrase, comments, angles = [], [], []
            at += 1
        elif char == ":" and not angles and not any("@" in words for words in phrase[-20:]):
            phrase, comments, at = [], [], at + 1  # that was the name of a group
        else:
            found = _ENCODED_WORD.match(value, at) or _PLAIN.match(value, at)
            phrase.append(found[0] if found else char)
            at = found.end() if found else at + 1
    yield "".join(phrase), comments, angles


def _quoted(value: str, at: int) -> tuple[int, str]:
    """A quoted text without its marks, unless an address goes on behind it (`"carla dent"@example.com`)."""
    begun, at = at, at + 1
    words = []
    while at < len(value) and value[at] != '"':
        if value[at] == "\\" and at + 1 < len(value):
            at += 1
        words.append(value[at])
        at += 1
    at += 1
    return at, value[begun:at] if value[at : at + 1] == "@" else "".join(words)


def _comment(value: str, at: int) -> tuple[int, str] | None:
    """Where a comment that begins here ends, and its words; None if it never does."""
    depth, begun = 0, at
    while at < len(value):
        char = value[at]
        if char == "\\":
            at += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return at + 1, value[begun + 1 : at]
        at += 1
    return None


def _angle(value: str, at: int) -> tuple[int, str]:
    """Behind an address in brackets, and the address; one that is not closed ends at a comma."""
    ends = _ANGLE_ENDS.search(value, at + 1)
    if ends and ends[0] == ">":
        return ends.end(), value[at + 1 : ends.start()]
    stop = ends.start() if ends else len(value)
    comma = value.find(",", at, stop)
    stop = comma if comma >= 0 else stop
    return stop, value[at + 1 : stop]
