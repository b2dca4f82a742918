"""How much of a mail is read, and what is said of one that is too much."""

from __future__ import annotations

from dataclasses import dataclass


def gettext_noop(text: str) -> str:
    """Marks words for translation as Django's does, without Django: the process that reads mails starts quickly."""
    return text


class TooMuchError(Exception):
    """A mail is beyond what is read. Its only argument is a sentence in English for whoever finds it put aside."""


TOO_LARGE = gettext_noop("It is too large.")
TOO_MANY_PARTS = gettext_noop("It has too many parts.")
TOO_DEEP = gettext_noop("Its parts are nested too deeply.")
TOO_MANY_RECIPIENTS = gettext_noop("It has too many recipients.")


@dataclass(frozen=True)
class Limits:
    """Beyond the first four a mail is not read at all; of the rest the beginning is."""

    size: int = 25 * 1024 * 1024  # bytes
    parts: int = 100
    depth: int = 20
    recipients: int = 100
    chars: int = 20_000  # of what was written now; settings.MESSAGE_MAX_CHARS
    quoted_chars: int = 100_000
    text_bytes: int = 4 * 1024 * 1024  # of one part with words
    raw_chars: int = 1_000_000  # of words, or HTML, before quotes are looked for
    header_bytes: int = 256 * 1024
    headers: int = 500  # fields that are kept
    header_chars: int = 8_000  # of one field
    references: int = 100
    subject_chars: int = 1_000
    name_chars: int = 200
    file_name_chars: int = 200
    inner_files: int = 50  # out of one winmail.dat
