"""The only writers besides the sender itself, split by noun; import them from here."""

from outbox.actions.mails import (
    black_out_mails,
    cancel_mail,
    cancel_mails,
    queue_mail,
    retry_mail,
    subscribe_again,
    suppress,
    take_out_file,
)
from outbox.actions.senders import remove_sender, save_sender
from outbox.actions.sending import change_limits, go_on, stop_sending
from outbox.actions.suppressions import release_address
from outbox.actions.troubles import watch_over
from outbox.actions.wordings import reset_wording, save_wording

__all__ = [
    "black_out_mails",
    "cancel_mail",
    "cancel_mails",
    "change_limits",
    "go_on",
    "queue_mail",
    "release_address",
    "remove_sender",
    "reset_wording",
    "retry_mail",
    "save_sender",
    "save_wording",
    "stop_sending",
    "subscribe_again",
    "suppress",
    "take_out_file",
    "watch_over",
]
