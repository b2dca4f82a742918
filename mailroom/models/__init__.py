"""Mailboxes and the raw mails that came in through them; import them from here."""

from mailroom.models.mailboxes import Access, Afterwards, Mailbox, Security, SignIn, Taking
from mailroom.models.raw_mails import END_STATES, RawMail, RawMailQuerySet, RawText, Source, State

__all__ = [
    "END_STATES",
    "Access",
    "Afterwards",
    "Mailbox",
    "RawMail",
    "RawMailQuerySet",
    "RawText",
    "Security",
    "SignIn",
    "Source",
    "State",
    "Taking",
]
