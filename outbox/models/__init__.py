"""Outgoing mail: one row per mail, one per recipient, whom it comes from, and the addresses that get none."""

from outbox.models.addresses import Block, BlockQuerySet, Suppression, SuppressionQuerySet
from outbox.models.mails import END_STATES, Mail, MailQuerySet, MailState, Recipient, RecipientState
from outbox.models.senders import Sender, Wording
from outbox.models.sending import Attempt, AttemptQuerySet, Outcome, Sending, Trouble

__all__ = [
    "END_STATES",
    "Attempt",
    "AttemptQuerySet",
    "Block",
    "BlockQuerySet",
    "Mail",
    "MailQuerySet",
    "MailState",
    "Outcome",
    "Recipient",
    "RecipientState",
    "Sender",
    "Sending",
    "Suppression",
    "SuppressionQuerySet",
    "Trouble",
    "Wording",
]
