"""What one of us forwards: who wrote it first, and what they wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailroom.parsing import Parsed, Person

MOST_LINES = 400  # in which it begins
BLOCK_LINES = 10  # of From, Date, Subject and To together
_FROM = re.compile(r"[>*_\s]{0,6}(?:from|von|de|da|van|fra|från|od|от)[*_\s]{0,3}[:：]\s*(?P<who>.{3,300})\Z", re.I)
_ANOTHER = re.compile(
    r"[>*_\s]{0,6}(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|předmět|temat|тема)[*_\s]{0,3}[:：]"
    r"\s*(?P<what>.*)\Z",
    re.I,
)
_LABEL = re.compile(r"[>*_\s]{0,6}[^\W\d_][^:：]{0,25}[:：]")
_MARK = re.compile(
    r"\s*(?:[-_*=>]{2,}.{0,60}[-_*=]{2,}|begin forwarded message:?|anfang der weitergeleiteten .{1,20}:)\s*\Z", re.I
)
_ADDRESS = re.compile(r"(?:mailto:)?([^\s<>\[\]()\"',;:]{1,64}@[^\s<>\[\]()\"',;:]{1,253})", re.I)
_PREFIX = re.compile(r"\A\s*(?:fwd?|wg|tr|rv|enc|doorst|vs|vb|i)\s*[:：]\s*", re.I)


@dataclass(frozen=True)
class Forwarded:
    """Who wrote it first and under which subject; their words; and what was written above them."""

    sender: Person
    subject: str
    words: str
    above: str


def forwarded(parsed: Parsed) -> Forwarded | None:
    """What a mail passes on, if it says whose it was; None if it passes on nothing."""
    if not _PREFIX.match(parsed.subject):
        return None
    text = f"{parsed.text}\n{parsed.quoted}".strip() if parsed.quoted else parsed.text
    lines = text.splitlines()
    for number, line in enumerate(lines[:MOST_LINES]):
        found = _FROM.match(line)
        sender = _person(found["who"]) if found else None
        if sender is None:
            continue
        block = lines[number + 1 : number + BLOCK_LINES]
        subject = next((match["what"] for row in block if (match := _ANOTHER.match(row))), None)
        if subject is None:
            continue
        above = lines[:number]
        while above and (not above[-1].strip() or _MARK.match(above[-1])):
            above.pop()
        words = "\n".join(_below(lines[number:])).strip()
        return Forwarded(sender, " ".join(subject.split()) or _bare(parsed.subject), words, "\n".join(above).strip())
    return None


def enclosed_mail(parsed: Parsed) -> bytes | None:
    """The mail that is attached to this one, if it is the only one and all else is a word or two about it."""
    mails = [file for file in parsed.files if file.type == "message/rfc822"]
    return mails[0].data if len(mails) == 1 and len(parsed.files) == 1 else None


def forwarded_whole(inner: Parsed, outer: Parsed) -> Forwarded | None:
    """What was passed on as an attachment."""
    if not inner.sender.email:
        return None
    return Forwarded(inner.sender, inner.subject or _bare(outer.subject), inner.text, outer.text.strip())


def _below(lines: list[str]) -> list[str]:
    """What follows the block of header lines."""
    at = 0
    while at < min(len(lines), BLOCK_LINES) and lines[at].strip(" >*") and _LABEL.match(lines[at]):
        at += 1
    while at < len(lines) and not lines[at].strip(" >"):
        at += 1
    rest = lines[at:]
    if rest and all(not line.strip() or line.startswith(">") for line in rest):
        rest = [line[1:].removeprefix(" ") for line in rest]
    return rest


def _bare(subject: str) -> str:
    return _PREFIX.sub("", subject).strip()


def _person(text: str) -> Person | None:
    """`Carla <carla@example.org>`, `Carla [mailto:carla@example.org]`, `*Carla* <mailto:carla@example.org>`."""
    found = _ADDRESS.search(text)
    if found is None or not found[1].isascii():
        return None
    return Person(text[: found.start()].strip(" \"'<[(*_"), found[1].lower())
