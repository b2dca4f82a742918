"""What can be known of a mail from its bytes alone. Plain values: it crosses from the process that reads to ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Person:
    """A name and an address as a header has them: cleaned, the address in lower case and ASCII, or empty."""

    name: str
    email: str


@dataclass(frozen=True)
class File:
    """Something attached. `content_id` (without brackets) is how the HTML names a picture within it."""

    name: str
    type: str
    data: bytes
    content_id: str = ""
    is_inline: bool = False


@dataclass(frozen=True)
class Parsed:
    """A mail, read. Nothing in it holds NUL, a lone surrogate or a line end in a header's value."""

    senders: tuple[Person, ...] = ()  # of From; usually one
    reply_to: tuple[Person, ...] = ()
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    subject: str = ""
    message_id: str = ""  # "<…>", or empty where it has none or several
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()  # oldest first
    sent_at: datetime | None = None
    # Lower-case name -> values, top first, on one line each. Encoded words are left as they are: what one decodes to
    # may look like an address or a result, and is none.
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""  # what was written now, without the quote
    quoted: str = ""  # what it answers, as text
    html: str = ""  # what was written now, clean; empty where the mail is plain text
    files: tuple[File, ...] = ()
    report: tuple[tuple[str, str], ...] = ()  # fields of message/delivery-status, in order, lower-case names
    reported_headers: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of the mail that bounced
    is_cut: bool = False  # the words were too many
    notes: tuple[str, ...] = ()  # what was left out or could not be read, in English

    @property
    def sender(self) -> Person:
        return self.senders[0] if self.senders else Person("", "")

    def header(self, name: str) -> str:
        """The topmost value of this header, or nothing."""
        return next(iter(self.headers.get(name.lower(), ())), "")
