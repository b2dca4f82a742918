"""The only writers of mailboxes and of mails that came in."""

from mailroom.actions.blocking import block_sender, unblock_sender
from mailroom.actions.connecting import begin_connecting, finish_connecting
from mailroom.actions.deciding import mark_spam, mark_ticket_spam, run_again
from mailroom.actions.fetching import reconcile
from mailroom.actions.forgetting import forget_texts
from mailroom.actions.handling import handle
from mailroom.actions.mailboxes import change_mailbox, remove_mailbox, save_mailbox
from mailroom.actions.taking_in import take_in
from mailroom.actions.testing import check_mailbox

__all__ = [
    "begin_connecting",
    "block_sender",
    "change_mailbox",
    "check_mailbox",
    "finish_connecting",
    "forget_texts",
    "handle",
    "mark_spam",
    "mark_ticket_spam",
    "reconcile",
    "remove_mailbox",
    "run_again",
    "save_mailbox",
    "take_in",
    "unblock_sender",
]
