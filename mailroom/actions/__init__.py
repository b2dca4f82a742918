"""The only writers of mailboxes and of mails that came in."""

from mailroom.actions.blocking import block_sender, unblock_sender
from mailroom.actions.deciding import mark_spam, mark_ticket_spam, run_again
from mailroom.actions.forgetting import forget_texts
from mailroom.actions.handling import handle
from mailroom.actions.taking_in import take_in

__all__ = [
    "block_sender",
    "forget_texts",
    "handle",
    "mark_spam",
    "mark_ticket_spam",
    "run_again",
    "take_in",
    "unblock_sender",
]
