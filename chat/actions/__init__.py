"""What guests and agents do over the live doors; tickets change through `tickets.actions` only."""

from chat.actions.posting import post_soon
from chat.actions.reading import read_soon
from chat.actions.setting_up import (
    change_widget,
    create_proactive_message,
    delete_proactive_message,
    update_proactive_message,
)
from chat.actions.visiting import Start, allow_guest, begin_conversation, leave_address, start_visit

__all__ = [
    "Start",
    "allow_guest",
    "begin_conversation",
    "change_widget",
    "create_proactive_message",
    "delete_proactive_message",
    "leave_address",
    "post_soon",
    "read_soon",
    "start_visit",
    "update_proactive_message",
]
